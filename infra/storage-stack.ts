import { Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { bucketNameOf, type Deployment } from './deployment.ts';
import { EventQueues } from './event-queues.ts';
import { refuseOutsiders } from './perimeter.ts';
import { RawBucket } from './raw-bucket.ts';
import { TableCatalog } from './table-catalog.ts';

export interface StorageStackProps extends StackProps {
  readonly deployment: Deployment;
}

/** What must outlive every deployment. Nothing here is deleted with the stack. */
export class StorageStack extends Stack {
  readonly key: Key;
  readonly logs: IBucket;
  readonly raw: RawBucket;
  readonly warehouse: Bucket;
  readonly queues: EventQueues;
  /** Names instead of references: stacks that only name a bucket can be deployed in any order. */
  readonly rawName: string;
  readonly warehouseName: string;
  /** Name of the role that alone may say that a raw object is processed. */
  readonly settlerRoleName: string;

  constructor(scope: Construct, id: string, { deployment, ...props }: StorageStackProps) {
    super(scope, id, props);
    this.rawName = bucketNameOf(deployment, 'raw');
    this.warehouseName = bucketNameOf(deployment, 'warehouse');
    this.settlerRoleName = `${deployment.name}-settler`;
    this.key = new Key(this, 'Key', {
      alias: deployment.name,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.#letServicesUseKey(deployment.account);
    this.logs = this.#logBucket(deployment) as IBucket;
    this.queues = new EventQueues(this, 'Queues', { deployment, key: this.key });
    this.raw = new RawBucket(this, 'Raw', {
      deployment,
      key: this.key,
      logs: this.logs,
      queue: this.queues.objects,
      settlerRoleName: this.settlerRoleName,
    });
    this.warehouse = new Bucket(this, 'Warehouse', {
      bucketName: this.warehouseName,
      encryption: BucketEncryption.KMS,
      encryptionKey: this.key,
      bucketKeyEnabled: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      serverAccessLogsBucket: this.logs,
      serverAccessLogsPrefix: 'warehouse/',
      lifecycleRules: [
        { id: 'abort-unfinished-uploads', abortIncompleteMultipartUploadAfter: Duration.days(7) },
        { id: 'forget-query-results', prefix: 'query-results/', expiration: Duration.days(7) },
      ],
      removalPolicy: RemovalPolicy.RETAIN,
    });
    refuseOutsiders(this.warehouse, deployment);
    new TableCatalog(this, 'Catalog', { deployment, warehouseName: this.warehouseName });
  }

  /** S3 encrypts the messages that it sends, EventBridge and CloudWatch theirs. */
  #letServicesUseKey(account: string): void {
    this.key.addToResourcePolicy(
      new PolicyStatement({
        sid: 'ServicesEncryptMessages',
        principals: ['s3', 'events', 'cloudwatch'].map((name) => new ServicePrincipal(`${name}.amazonaws.com`)),
        actions: ['kms:GenerateDataKey', 'kms:Decrypt'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': account } },
      }),
    );
  }

  #logBucket(deployment: Deployment): Bucket {
    const bucket = new Bucket(this, 'Logs', {
      bucketName: bucketNameOf(deployment, 'logs'),
      // Access logs can be delivered to buckets with S3's own keys only.
      encryption: BucketEncryption.S3_MANAGED,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      lifecycleRules: [{ id: 'forget', expiration: Duration.days(400) }],
      removalPolicy: RemovalPolicy.RETAIN,
    });
    acknowledge(bucket, 'The log bucket is the end of the line: logs of its own would fill it.', 'AwsSolutions-S1');
    return bucket;
  }
}
