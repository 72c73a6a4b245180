import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { acknowledge } from './acknowledge.ts';
import type { BatchJobs } from './batch-jobs.ts';
import type { StorageStack } from './storage-stack.ts';

const readObject = ['s3:GetObject', 's3:GetObjectVersion', 's3:GetObjectTagging'];
const writeObject = ['s3:PutObject', 's3:AbortMultipartUpload'];
const deleteObject = ['s3:DeleteObject'];

/** Takes messages into the ledger, claims granules, writes manifests and submits jobs. Reads raw objects, changes none. */
export function allowBatcher(role: Role, storage: StorageStack, jobs: BatchJobs): void {
  allow(role, storage.rawName, readObject, '*');
  allow(role, storage.warehouseName, [...readObject, ...writeObject, ...deleteObject], 'control/*');
  allowList(role, storage);
  allowSubmit(role, jobs);
}

/** Commits staged results to the tables and tags raw objects: nothing else in the system may do either. */
export function allowSettler(role: Role, storage: StorageStack): void {
  const tag = ['s3:PutObjectTagging', 's3:PutObjectVersionTagging'];
  allow(role, storage.rawName, [...readObject, ...tag], '*');
  allow(role, storage.warehouseName, [...readObject, ...writeObject], 'tables/*', 'quarantine/*');
  allow(role, storage.warehouseName, [...readObject, ...writeObject, ...deleteObject], 'control/*');
  allow(role, storage.warehouseName, readObject, 'bronze/*');
  allowList(role, storage);
}

/** Lists everything, and sends what was lost through the flow again. */
export function allowReconciler(role: Role, storage: StorageStack, jobs: BatchJobs): void {
  allow(role, storage.rawName, readObject, '*');
  allow(role, storage.warehouseName, readObject, '*');
  allow(role, storage.warehouseName, [...writeObject, ...deleteObject], 'control/*');
  allowList(role, storage);
  allowSubmit(role, jobs);
  const { objects, jobs: ends, objectDeadLetters, jobDeadLetters } = storage.queues;
  const arnsOf = (...queues: readonly Queue[]): string[] => queues.map(({ queueArn }) => queueArn);
  role.addToPolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: arnsOf(objects, ends) }));
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

/** Reads raw cubes, writes bronze and staged files, and its own outcome. It can neither tag nor commit nor delete. */
export function allowJob(role: Role, storage: StorageStack): void {
  allow(role, storage.rawName, readObject, '*');
  allow(role, storage.warehouseName, [...readObject, ...writeObject], 'bronze/*', 'tables/*/data/*');
  allow(role, storage.warehouseName, [...readObject, ...writeObject], 'control/outcomes/*');
  allow(role, storage.warehouseName, readObject, 'control/*');
  allowList(role, storage);
}

function allow(role: Role, bucketName: string, actions: readonly string[], ...keys: readonly string[]): void {
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
