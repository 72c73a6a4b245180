import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type CfnBucket,
  type IBucket,
  ObjectLockRetention,
  ObjectOwnership,
  StorageClass,
} from 'aws-cdk-lib/aws-s3';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { processingStatusTag } from '#schemas/processing-status.ts';
import { bucketNameOf, type Deployment } from './deployment.ts';
import { refuseOutsiders } from './perimeter.ts';

export interface RawBucketProps {
  readonly deployment: Deployment;
  readonly key: IKey;
  readonly logs: IBucket;
  readonly queue: Queue;
  readonly settlerRoleName: string;
}

/** Prefixes whose objects the flow must hear of. */
const announcedPrefixes = ['raw_cubes/', 'reference_cubes/', 'plot_sets/', 'yields/'];

/**
 * Where cubes land. Versioned; announces every new object; moves a raw cube to cold storage when, and only when, the settler
 * has tagged it as complete.
 */
export class RawBucket extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, props: RawBucketProps) {
    super(scope, id);
    const { deployment, queue } = props;
    this.bucket = new Bucket(this, 'Bucket', {
      bucketName: bucketNameOf(deployment, 'raw'),
      versioned: true,
      encryption: BucketEncryption.KMS,
      encryptionKey: props.key,
      bucketKeyEnabled: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      serverAccessLogsBucket: props.logs,
      serverAccessLogsPrefix: 'raw/',
      ...(deployment.object_lock_days === null
        ? {}
        : { objectLockDefaultRetention: ObjectLockRetention.governance(Duration.days(deployment.object_lock_days)) }),
      lifecycleRules: [
        {
          id: 'complete-cubes-to-glacier',
          prefix: 'raw_cubes/',
          tagFilters: { [processingStatusTag.key]: processingStatusTag.complete },
          transitions: [
            { storageClass: StorageClass.GLACIER_INSTANT_RETRIEVAL, transitionAfter: Duration.days(1) },
            { storageClass: StorageClass.DEEP_ARCHIVE, transitionAfter: Duration.days(365) },
          ],
        },
        { id: 'abort-unfinished-uploads', abortIncompleteMultipartUploadAfter: Duration.days(7) },
      ],
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.#announceObjects(queue);
    this.#letOnlySettlerSayComplete(props.settlerRoleName);
    refuseOutsiders(this.bucket, deployment);
  }

  /** Written into the bucket itself: the usual way would add a Lambda function that edits the bucket at deployment. */
  #announceObjects(queue: Queue): void {
    const bucket = this.bucket.node.defaultChild as CfnBucket;
    bucket.notificationConfiguration = {
      queueConfigurations: announcedPrefixes.map((prefix) => ({
        event: 's3:ObjectCreated:*',
        queue: queue.queueArn,
        filter: { s3Key: { rules: [{ name: 'prefix', value: prefix }] } },
      })),
    };
    // S3 tries the queue when the notification is set: the queue must let it in by then.
    this.bucket.node.addDependency(queue.node.findChild('Policy'));
  }

  /** A field machine that could set the tag could send its cubes to Glacier before anyone has read them. */
  #letOnlySettlerSayComplete(settlerRoleName: string): void {
    const settler = `arn:aws:iam::${Stack.of(this).account}:role/${settlerRoleName}`;
    const deny = (sid: string, actions: string[], conditions: Record<string, Record<string, unknown>>): void => {
      this.bucket.addToResourcePolicy(
        new PolicyStatement({
          sid,
          effect: Effect.DENY,
          principals: [new AnyPrincipal()],
          actions,
          resources: [this.bucket.arnForObjects('*')],
          conditions,
        }),
      );
    };
    const others = { ArnNotEquals: { 'aws:PrincipalArn': settler } };
    deny('OnlySettlerTags', ['s3:PutObjectTagging', 's3:PutObjectVersionTagging', 's3:DeleteObjectTagging'], others);
    deny('NoStatusAtUpload', ['s3:PutObject'], {
      ...others,
      'ForAnyValue:StringEquals': { 's3:RequestObjectTagKeys': [processingStatusTag.key] },
    });
  }
}
