import type { SettleContext } from '#core/pipeline/flow-context.ts';
import type { JobRunner } from '#core/ports/job-runner.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import type { Queue } from '#core/ports/queue.ts';
import { type QueueName, queueArn } from './roles.ts';

/** One request that AWS would see, as IAM names it. */
export type RecordedCall = readonly [action: string, resource: string];

const storeActions: Readonly<Record<string, string>> = {
  head: 's3:GetObject',
  get: 's3:GetObject',
  open: 's3:GetObject',
  put: 's3:PutObject',
  write: 's3:PutObject',
  list: 's3:ListBucket',
  delete: 's3:DeleteObject',
  getTags: 's3:GetObjectTagging',
  setTags: 's3:PutObjectTagging',
};
const queueActions: Readonly<Record<string, string>> = { send: 'sqs:SendMessage', depth: 'sqs:GetQueueAttributes' };
const runnerActions: Readonly<Record<string, readonly string[]>> = {
  submit: ['batch:SubmitJob', 'batch:ListJobs'],
  describe: ['batch:ListJobs', 'batch:DescribeJobs'],
};

export const jobDefinitionArn = 'arn:aws:batch:us-east-1:111122223333:job-definition/cubelake-process-granule:3';

/** The same flow, with every request to S3, SQS and Batch written down. A method that nobody has mapped is an error. */
export function recorded(context: SettleContext, calls: RecordedCall[]): SettleContext {
  return {
    ...context,
    raw: store(context.raw, 'cubelake-raw-111122223333-us-east-1', calls),
    warehouse: store(context.warehouse, 'cubelake-warehouse-111122223333-us-east-1', calls),
    events: queue(context.events, 'Objects', 'ObjectDeadLetters', calls),
    jobEvents: queue(context.jobEvents, 'Jobs', 'JobDeadLetters', calls),
    runner: intercept<JobRunner>(context.runner, (method) => {
      for (const action of runnerActions[method]!)
        calls.push([action, action.endsWith('SubmitJob') ? jobDefinitionArn : '*']);
    }),
  };
}

export function store(inner: ObjectStore, bucket: string, calls: RecordedCall[]): ObjectStore {
  return intercept(inner, (method, [key]) => {
    const arn = `arn:aws:s3:::${bucket}`;
    calls.push([storeActions[method]!, method === 'list' ? arn : `${arn}/${String(key)}`]);
  });
}

function queue(inner: Queue, name: QueueName, dead: QueueName, calls: RecordedCall[]): Queue {
  return intercept(inner, (method) => {
    if (method === 'deadLetters') calls.push(['sqs:ReceiveMessage', queueArn(dead)]);
    else calls.push([queueActions[method]!, queueArn(name)]);
  });
}

function intercept<Port extends object>(port: Port, note: (method: string, parameters: unknown[]) => void): Port {
  return new Proxy(port, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      return (...parameters: unknown[]) => {
        note(String(property), parameters);
        return value.apply(target, parameters);
      };
    },
  });
}
