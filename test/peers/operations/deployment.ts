import { Batch } from '@aws-sdk/client-batch';
import { SQS } from '@aws-sdk/client-sqs';
import { environment } from '#schemas/environment.ts';
import type { PeerS3 } from '../object-stores/peer-s3.ts';

/** What infra/ deploys, as far as a person at a terminal meets it: buckets, queues and where jobs are submitted. */
export interface DeploymentUnderTest {
  readonly rawBucket: string;
  readonly warehouseUri: string;
  /** Variables of a function, which a person takes over. */
  readonly variables: Readonly<Record<string, string>>;
  /** Messages in the queue of new objects. */
  objectMessageCount(): Promise<number>;
  /** Drops them: the events are lost. */
  loseObjectMessages(): Promise<void>;
}

const region = 'us-east-1';
const [jobQueue, jobDefinition] = ['operations-jobs', 'operations-process-granule'];

export async function deploy(peer: PeerS3): Promise<DeploymentUnderTest> {
  const sqs = new SQS({ endpoint: peer.endpoint, region });
  const objects = await makeQueue(sqs, 'operations-objects', {});
  const jobs = await makeQueue(sqs, 'operations-jobs', { FifoQueue: 'true', ContentBasedDeduplication: 'true' });
  const rawBucket = await peer.makeBucket({ isVersioned: true });
  const warehouseUri = `s3://${await peer.makeBucket()}/warehouse`;
  await announceObjects(peer, rawBucket, objects.arn);
  await makeBatch(peer.endpoint);
  return {
    rawBucket,
    warehouseUri,
    variables: {
      [environment.rawUri]: `s3://${rawBucket}`,
      [environment.warehouseUri]: warehouseUri,
      [environment.objectQueueUrl]: objects.url,
      [environment.objectDeadLetterUrl]: objects.deadLetterUrl,
      [environment.jobQueueUrl]: jobs.url,
      [environment.jobDeadLetterUrl]: jobs.deadLetterUrl,
      [environment.batchJobQueue]: jobQueue,
      [environment.batchJobDefinition]: jobDefinition,
      [environment.s3Endpoint]: peer.endpoint,
    },
    async objectMessageCount() {
      const AttributeNames = ['ApproximateNumberOfMessages' as const];
      const { Attributes } = await sqs.getQueueAttributes({ QueueUrl: objects.url, AttributeNames });
      return Number(Attributes!['ApproximateNumberOfMessages']);
    },
    async loseObjectMessages() {
      for (;;) {
        const { Messages = [] } = await sqs.receiveMessage({ QueueUrl: objects.url, MaxNumberOfMessages: 10 });
        if (Messages.length === 0) return;
        for (const { ReceiptHandle } of Messages) await sqs.deleteMessage({ QueueUrl: objects.url, ReceiptHandle });
      }
    },
  };
}

async function makeQueue(
  sqs: SQS,
  name: string,
  more: Readonly<Record<string, string>>,
): Promise<{ readonly url: string; readonly deadLetterUrl: string; readonly arn: string }> {
  const ending = 'FifoQueue' in more ? '.fifo' : '';
  const { QueueUrl: deadLetterUrl } = await sqs.createQueue({ QueueName: `${name}-dead${ending}`, Attributes: more });
  const redrive = { deadLetterTargetArn: await arnOf(sqs, deadLetterUrl!), maxReceiveCount: 5 };
  const Attributes = { ...more, VisibilityTimeout: '30', RedrivePolicy: JSON.stringify(redrive) };
  const { QueueUrl: url } = await sqs.createQueue({ QueueName: name + ending, Attributes });
  return { url: url!, deadLetterUrl: deadLetterUrl!, arn: await arnOf(sqs, url!) };
}

async function arnOf(sqs: SQS, QueueUrl: string): Promise<string> {
  const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ['QueueArn'] });
  return Attributes!['QueueArn']!;
}

/** As infra/raw-bucket.ts: S3 itself tells the queue of every new object. */
async function announceObjects({ client }: PeerS3, Bucket: string, QueueArn: string): Promise<void> {
  const QueueConfigurations = ['raw_cubes/', 'plot_sets/', 'yields/'].map((Value) => ({
    QueueArn,
    Events: ['s3:ObjectCreated:*' as const],
    Filter: { Key: { FilterRules: [{ Name: 'prefix' as const, Value }] } },
  }));
  await client.putBucketNotificationConfiguration({ Bucket, NotificationConfiguration: { QueueConfigurations } });
}

/** moto takes submissions and runs nothing. */
async function makeBatch(endpoint: string): Promise<void> {
  const batch = new Batch({ endpoint, region });
  const { computeEnvironmentArn } = await batch.createComputeEnvironment({
    computeEnvironmentName: 'operations-hosts',
    type: 'UNMANAGED',
    state: 'ENABLED',
    serviceRole: await makeRole(endpoint),
  });
  await batch.createJobQueue({
    jobQueueName: jobQueue,
    state: 'ENABLED',
    priority: 1,
    computeEnvironmentOrder: [{ order: 1, computeEnvironment: computeEnvironmentArn! }],
  });
  await batch.registerJobDefinition({
    jobDefinitionName: jobDefinition,
    type: 'container',
    containerProperties: { image: 'cubelake', vcpus: 1, memory: 1024 },
  });
}

/** The one request to IAM that moto's Batch insists on, without a client for it. */
async function makeRole(endpoint: string): Promise<string> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `AWS4-HMAC-SHA256 Credential=testing/20260101/${region}/iam/aws4_request, SignedHeaders=host, Signature=none`,
    },
    body: new URLSearchParams({
      Action: 'CreateRole',
      Version: '2010-05-08',
      RoleName: 'operations-batch',
      AssumeRolePolicyDocument: '{"Version":"2012-10-17","Statement":[]}',
    }),
  });
  const arn = /<Arn>([^<]+)<\/Arn>/.exec(await response.text())?.[1];
  if (arn === undefined) throw new Error(`Expected a role, got ${response.status}.`);
  return arn;
}
