import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { acknowledge } from './acknowledge.ts';
import type { BatchJobs } from './batch-jobs.ts';
import type { StorageStack } from './storage-stack.ts';

export const readObject = ['s3:GetObject', 's3:GetObjectVersion', 's3:GetObjectTagging'];
export const writeObject = ['s3:PutObject', 's3:AbortMultipartUpload'];
const deleteObject = ['s3:DeleteObject'];

/** Takes messages into the ledger, claims granules, writes manifests and submits jobs. Reads raw objects, changes none. */
export function allowBatcher(role: Role, storage: StorageStack, jobs: BatchJobs): void {
  allowObjects(role, storage.rawName, readObject, '*');
  allowObjects(role, storage.warehouseName, [...readObject, ...writeObject, ...deleteObject], 'control/*');
  allowList(role, storage);
  allowSubmit(role, jobs);
  // It asks the settler to tag what needs no job.
  allowSend(role, storage.queues.jobs);
}

/**
 * Commits staged results to the tables and tags raw objects: nothing else in the flow may do either. It asks what became of
 * a job, and submits one whose planner died before it could.
 */
export function allowSettler(role: Role, storage: StorageStack, jobs: BatchJobs): void {
  const tag = ['s3:PutObjectTagging', 's3:PutObjectVersionTagging'];
  allowObjects(role, storage.rawName, [...readObject, ...tag], '*');
  allowObjects(role, storage.warehouseName, [...readObject, ...writeObject], 'tables/*');
  allowObjects(role, storage.warehouseName, [...readObject, ...writeObject, ...deleteObject], 'control/*');
  allowObjects(role, storage.warehouseName, readObject, 'bronze/*');
  allowList(role, storage);
  allowSubmit(role, jobs);
}

/** Lists everything, and sends what was lost through the flow again. */
export function allowReconciler(role: Role, storage: StorageStack, jobs: BatchJobs): void {
  allowObjects(role, storage.rawName, readObject, '*');
  allowObjects(role, storage.warehouseName, readObject, '*');
  allowObjects(role, storage.warehouseName, [...writeObject, ...deleteObject], 'control/*');
  allowList(role, storage);
  allowSubmit(role, jobs);
  const { objects, jobs: ends, objectDeadLetters, jobDeadLetters } = storage.queues;
  allowSend(role, objects, ends);
  role.addToPolicy(
    new PolicyStatement({
      actions: ['sqs:GetQueueAttributes'],
      resources: arnsOf(objects, ends, objectDeadLetters, jobDeadLetters),
    }),
  );
  // It looks at dead letters and leaves them there.
  role.addToPolicy(
    new PolicyStatement({
      actions: ['sqs:ReceiveMessage', 'sqs:ChangeMessageVisibility'],
      resources: arnsOf(objectDeadLetters, jobDeadLetters),
    }),
  );
}

/** Reads raw cubes, writes bronze and staged files, and its own outcome. It can neither tag nor commit, nor delete a result. */
export function allowJob(role: Role, storage: StorageStack): void {
  allowObjects(role, storage.rawName, readObject, '*');
  allowObjects(role, storage.warehouseName, [...readObject, ...writeObject], 'bronze/*', 'tables/*/data/*');
  allowObjects(role, storage.warehouseName, [...readObject, ...writeObject], 'control/outcomes/*');
  // What an attempt left for the next one goes when the granule is done.
  allowObjects(role, storage.warehouseName, [...writeObject, ...deleteObject], 'control/checkpoints/*');
  allowObjects(role, storage.warehouseName, readObject, 'control/*');
  allowList(role, storage);
}

/** Writes and commits parts that came through Kafka: silver and gold. Of the ledger it reads what was settled, and writes nothing. */
export function allowSink(role: Role, storage: StorageStack): void {
  allowObjects(role, storage.warehouseName, [...readObject, ...writeObject], 'tables/silver/*', 'tables/gold/*');
  const settled = ['granules', 'holds', 'settlement-plans', 'settlements'].map((name) => `control/${name}/*`);
  allowObjects(role, storage.warehouseName, readObject, ...settled);
  allowList(role, storage);
}

function arnsOf(...queues: readonly Queue[]): string[] {
  return queues.map(({ queueArn }) => queueArn);
}

function allowSend(role: Role, ...queues: readonly Queue[]): void {
  role.addToPolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: arnsOf(...queues) }));
}

export function allowObjects(
  role: Role,
  bucketName: string,
  actions: readonly string[],
  ...keys: readonly string[]
): void {
  const resources = keys.map((key) => `arn:aws:s3:::${bucketName}/${key}`);
  role.addToPolicy(new PolicyStatement({ actions: [...actions], resources }));
  acknowledge(
    role,
    'Objects are named by farm, date and content: the permission ends at their prefix.',
    ...resources.map((resource) => `AwsSolutions-IAM5[Resource::${resource}]`),
  );
}

/**
 * Both buckets and their key. Without the right to list S3 answers "access denied" for a key that is absent, and nobody could
 * tell the two apart.
 */
function allowList(role: Role, storage: StorageStack): void {
  const buckets = [storage.rawName, storage.warehouseName].map((name) => `arn:aws:s3:::${name}`);
  role.addToPolicy(
    new PolicyStatement({ actions: ['s3:ListBucket', 's3:ListBucketMultipartUploads'], resources: buckets }),
  );
  role.addToPolicy(
    new PolicyStatement({ actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [storage.key.keyArn] }),
  );
}

function allowSubmit(role: Role, jobs: BatchJobs): void {
  role.addToPolicy(new PolicyStatement({ actions: ['batch:SubmitJob'], resources: jobs.submitArns() }));
  role.addToPolicy(new PolicyStatement({ actions: ['batch:ListJobs', 'batch:DescribeJobs'], resources: ['*'] }));
  acknowledge(role, 'ListJobs and DescribeJobs know no resources.', 'AwsSolutions-IAM5[Resource::*]');
  acknowledge(
    role,
    'Each deployment makes a revision of the job definition: the permission is for all of one name.',
    `AwsSolutions-IAM5[Resource::${jobs.revisionsArn}]`,
  );
}
