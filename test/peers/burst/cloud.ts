import { Batch } from '@aws-sdk/client-batch';
import type { S3 } from '@aws-sdk/client-s3';
import { SQS } from '@aws-sdk/client-sqs';
import { makeRole, motoRequest } from './moto-request.ts';

/** What the stacks of infra/ make, as far as the flow needs it and moto has it. */
export interface Cloud {
  readonly rawBucket: string;
  readonly warehouseUri: string;
  readonly objectQueueUrl: string;
  readonly objectDeadLetterUrl: string;
  readonly jobQueueUrl: string;
  readonly jobDeadLetterUrl: string;
  readonly sqs: SQS;
}

export const names = { batchJobQueue: 'burst-cpu-spot', batchJobDefinition: 'burst-process-granule' } as const;
/** What a killed process held is seen again after this; a call that takes longer gets a twin, which must do no harm. */
const [objectHiddenSeconds, jobHiddenSeconds] = [10, 20];
const receiveCountMax = 5;

export async function makeCloud(motoUri: string, s3: S3, prefix: string): Promise<Cloud> {
  const sqs = new SQS({ endpoint: motoUri, region: 'us-east-1' });
  const objects = await makeQueue(sqs, 'burst-objects', objectHiddenSeconds, {});
  const fifo = { FifoQueue: 'true', ContentBasedDeduplication: 'true' };
  const jobs = await makeQueue(sqs, 'burst-jobs', jobHiddenSeconds, fifo);
  const rawBucket = `${prefix}-raw`;
  await s3.createBucket({ Bucket: rawBucket });
  await s3.putBucketVersioning({ Bucket: rawBucket, VersioningConfiguration: { Status: 'Enabled' } });
  await s3.createBucket({ Bucket: `${prefix}-lake` });
  await announceJobEnds(motoUri, jobs.arn);
  return {
    rawBucket,
    warehouseUri: `s3://${prefix}-lake/warehouse`,
    objectQueueUrl: objects.url,
    objectDeadLetterUrl: objects.deadLetterUrl,
    jobQueueUrl: jobs.url,
    jobDeadLetterUrl: jobs.deadLetterUrl,
    sqs,
  };
}

/** S3 tells the queue of every new object under the prefixes that infra/raw-bucket.ts names. */
export async function announceObjects(s3: S3, { rawBucket, sqs, objectQueueUrl }: Cloud): Promise<void> {
  const QueueArn = await arnOf(sqs, objectQueueUrl);
  const QueueConfigurations = ['raw_cubes/', 'plot_sets/', 'yields/'].map((Value) => ({
    QueueArn,
    Events: ['s3:ObjectCreated:*' as const],
    Filter: { Key: { FilterRules: [{ Name: 'prefix' as const, Value }] } },
  }));
  await s3.putBucketNotificationConfiguration({
    Bucket: rawBucket,
    NotificationConfiguration: { QueueConfigurations },
  });
}

async function makeQueue(
  sqs: SQS,
  name: string,
  hiddenSeconds: number,
  more: Record<string, string>,
): Promise<{ url: string; deadLetterUrl: string; arn: string }> {
  const ending = 'FifoQueue' in more ? '.fifo' : '';
  const { QueueUrl: deadLetterUrl } = await sqs.createQueue({ QueueName: `${name}-dead${ending}`, Attributes: more });
  const deadLetterTargetArn = await arnOf(sqs, deadLetterUrl!);
  const { QueueUrl: url } = await sqs.createQueue({
    QueueName: name + ending,
    Attributes: {
      ...more,
      VisibilityTimeout: String(hiddenSeconds),
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: receiveCountMax }),
    },
  });
  return { url: url!, deadLetterUrl: deadLetterUrl!, arn: await arnOf(sqs, url!) };
}

async function arnOf(sqs: SQS, QueueUrl: string): Promise<string> {
  const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ['QueueArn'] });
  return Attributes!['QueueArn']!;
}

/** The rule of infra/flow-functions.ts: ends of jobs, good or bad, to the FIFO queue. */
async function announceJobEnds(motoUri: string, queueArn: string): Promise<void> {
  const EventPattern = JSON.stringify({
    source: ['aws.batch'],
    'detail-type': ['Batch Job State Change'],
    detail: { status: ['SUCCEEDED', 'FAILED'], jobQueue: [names.batchJobQueue] },
  });
  await motoRequest(motoUri, 'events', 'AWSEvents.PutRule', { Name: 'JobEnds', EventPattern });
  const Targets = [{ Id: 'jobs', Arn: queueArn, SqsParameters: { MessageGroupId: 'cubelake' } }];
  await motoRequest(motoUri, 'events', 'AWSEvents.PutTargets', { Rule: 'JobEnds', Targets });
}

/** Queue and definition of the jobs. The variables are a container's whole environment. */
export async function makeBatch(motoUri: string, variables: Readonly<Record<string, string>>): Promise<void> {
  const batch = new Batch({ endpoint: motoUri, region: 'us-east-1' });
  const { computeEnvironmentArn } = await batch.createComputeEnvironment({
    computeEnvironmentName: 'burst-hosts',
    type: 'UNMANAGED',
    state: 'ENABLED',
    serviceRole: await makeRole(motoUri, 'burst-batch'),
  });
  await batch.createJobQueue({
    jobQueueName: names.batchJobQueue,
    state: 'ENABLED',
    priority: 1,
    computeEnvironmentOrder: [{ order: 1, computeEnvironment: computeEnvironmentArn! }],
  });
  await batch.registerJobDefinition({
    jobDefinitionName: names.batchJobDefinition,
    type: 'container',
    containerProperties: {
      image: 'cubelake',
      command: ['batch-jobs/process-granule/main.ts'],
      vcpus: 2,
      memory: 3584,
      environment: Object.entries(variables).map(([name, value]) => ({ name, value })),
    },
  });
}

/** Messages of a queue, those that someone has in hand among them. */
export async function depthOf({ sqs }: Cloud, QueueUrl: string): Promise<number> {
  const AttributeNames = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
  const { Attributes = {} } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: [...AttributeNames] });
  return Object.values(Attributes).reduce((sum, count) => sum + Number(count), 0);
}
