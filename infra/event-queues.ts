import { Duration } from 'aws-cdk-lib';
import { Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { DeduplicationScope, FifoThroughputLimit, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { bucketNameOf, type Deployment } from './deployment.ts';

export interface EventQueuesProps {
  readonly deployment: Deployment;
  readonly key: IKey;
}

/** A message that failed so often goes to the dead letters: what the embedded queue does, too. */
const receiveCountMax = 5;

/** Functions end within this; a message stays hidden for six times as long, as Lambda asks for. */
export const functionTimeout = Duration.minutes(5);

export class EventQueues extends Construct {
  /** New raw objects, from S3. */
  readonly objects: Queue;
  /** Ends of jobs, from EventBridge: in order, one at a time, because one settlement builds on the other. */
  readonly jobs: Queue;
  readonly objectDeadLetters: Queue;
  readonly jobDeadLetters: Queue;

  constructor(scope: Construct, id: string, { deployment, key }: EventQueuesProps) {
    super(scope, id);
    const common = {
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: key,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    };
    const visibilityTimeout = Duration.minutes(functionTimeout.toMinutes() * 6);
    const fifo = {
      fifo: true,
      contentBasedDeduplication: true,
      deduplicationScope: DeduplicationScope.QUEUE,
      fifoThroughputLimit: FifoThroughputLimit.PER_QUEUE,
    };
    this.objectDeadLetters = new Queue(this, 'ObjectDeadLetters', common);
    this.objects = new Queue(this, 'Objects', {
      ...common,
      visibilityTimeout,
      receiveMessageWaitTime: Duration.seconds(20),
      deadLetterQueue: { queue: this.objectDeadLetters, maxReceiveCount: receiveCountMax },
    });
    this.jobDeadLetters = new Queue(this, 'JobDeadLetters', { ...common, ...fifo });
    this.jobs = new Queue(this, 'Jobs', {
      ...common,
      ...fifo,
      visibilityTimeout,
      deadLetterQueue: { queue: this.jobDeadLetters, maxReceiveCount: receiveCountMax },
    });
    this.objects.addToResourcePolicy(
      new PolicyStatement({
        sid: 'RawBucketSends',
        effect: Effect.ALLOW,
        principals: [new ServicePrincipal('s3.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [this.objects.queueArn],
        conditions: {
          // By name: the bucket itself needs this queue first.
          ArnEquals: { 'aws:SourceArn': `arn:aws:s3:::${bucketNameOf(deployment, 'raw')}` },
          StringEquals: { 'aws:SourceAccount': deployment.account },
        },
      }),
    );
  }
}
