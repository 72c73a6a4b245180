import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { deploymentSchema, readDeployment } from '../../infra/deployment.ts';
import { synthesize } from './synthesized.ts';

const example = readDeployment('infra/deployments/example.json');
const { storage, network, processing, watch } = synthesize();

describe('the raw bucket', () => {
  it('moves complete raw cubes to Glacier after a day and a year, and nothing else', () => {
    storage.hasResourceProperties('AWS::S3::Bucket', {
      BucketName: 'cubelake-raw-111122223333-us-east-1',
      LifecycleConfiguration: {
        Rules: [
          {
            Id: 'complete-cubes-to-glacier',
            Status: 'Enabled',
            Prefix: 'raw_cubes/',
            TagFilters: [{ Key: 'processing_status', Value: 'complete' }],
            Transitions: [
              { StorageClass: 'GLACIER_IR', TransitionInDays: 1 },
              { StorageClass: 'DEEP_ARCHIVE', TransitionInDays: 365 },
            ],
          },
          {
            Id: 'abort-unfinished-uploads',
            Status: 'Enabled',
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
          },
        ],
      },
    });
  });

  it('is versioned, private, encrypted with our key, and announces objects to the queue', () => {
    storage.hasResourceProperties('AWS::S3::Bucket', {
      BucketName: 'cubelake-raw-111122223333-us-east-1',
      VersioningConfiguration: { Status: 'Enabled' },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          Match.objectLike({ ServerSideEncryptionByDefault: Match.objectLike({ SSEAlgorithm: 'aws:kms' }) }),
        ],
      },
      NotificationConfiguration: {
        QueueConfigurations: Match.arrayWith([
          Match.objectLike({
            Event: 's3:ObjectCreated:*',
            Filter: { S3Key: { Rules: [{ Name: 'prefix', Value: 'raw_cubes/' }] } },
          }),
        ]),
      },
    });
  });

  it('has Object Lock where the deployment asks for it', () => {
    const locked = synthesize({ object_lock_days: 30 }).storage;
    locked.hasResourceProperties('AWS::S3::Bucket', {
      BucketName: 'cubelake-raw-111122223333-us-east-1',
      ObjectLockEnabled: true,
      ObjectLockConfiguration: { Rule: { DefaultRetention: { Days: 30, Mode: 'GOVERNANCE' } } },
    });
    const buckets = Object.values(storage.findResources('AWS::S3::Bucket'));
    expect(buckets.every((bucket) => bucket['Properties'].ObjectLockEnabled === undefined)).toBe(true);
  });

  it('outlives its stack, as everything else that holds data', () => {
    for (const type of ['AWS::S3::Bucket', 'AWS::KMS::Key', 'AWS::Glue::Database']) {
      storage.allResources(type, { DeletionPolicy: 'Retain' });
    }
  });
});

describe('queues', () => {
  it('send a message to the dead letters after five receives, and hide it six times as long as a function runs', () => {
    storage.resourcePropertiesCountIs(
      'AWS::SQS::Queue',
      { RedrivePolicy: Match.objectLike({ maxReceiveCount: 5 }), VisibilityTimeout: 1800 },
      2,
    );
    processing.allResourcesProperties('AWS::Lambda::Function', { Timeout: 300 });
  });

  it('settle one job at a time', () => {
    storage.hasResourceProperties('AWS::SQS::Queue', { FifoQueue: true, RedrivePolicy: Match.anyValue() });
    processing.hasResourceProperties('AWS::Events::Rule', {
      Targets: [Match.objectLike({ SqsParameters: { MessageGroupId: 'cubelake' } })],
    });
  });
});

describe('jobs', () => {
  it('run on Spot hosts of the pools that are least likely to be reclaimed, from none to the limit', () => {
    processing.hasResourceProperties('AWS::Batch::ComputeEnvironment', {
      ComputeResources: Match.objectLike({
        Type: 'SPOT',
        AllocationStrategy: 'SPOT_PRICE_CAPACITY_OPTIMIZED',
        MinvCpus: 0,
        MaxvCpus: 256,
      }),
    });
    processing.hasResourceProperties('AWS::Batch::ComputeEnvironment', {
      ComputeResources: Match.objectLike({ Type: 'EC2' }),
    });
  });

  it('try again after a reclaimed host and exit code 75, and stop at everything else', () => {
    processing.hasResourceProperties('AWS::Batch::JobDefinition', {
      RetryStrategy: {
        Attempts: 5,
        EvaluateOnExit: [
          { Action: 'RETRY', OnStatusReason: 'Host EC2*' },
          { Action: 'RETRY', OnReason: 'CannotPullContainerError:*' },
          { Action: 'RETRY', OnExitCode: '75' },
          { Action: 'EXIT', OnReason: '*' },
        ],
      },
      Timeout: { AttemptDurationSeconds: 7200 },
    });
  });

  it('run as nobody on a read-only root', () => {
    processing.hasResourceProperties('AWS::Batch::JobDefinition', {
      ContainerProperties: Match.objectLike({ ReadonlyRootFilesystem: true, User: '65532:65532' }),
    });
  });

  it('ask for a GPU where the deployment says so', () => {
    const gpu = synthesize({ batch: { ...example.batch, kernel: 'gpu', vcpus_max: 64 } }).processing;
    gpu.hasResourceProperties('AWS::Batch::JobDefinition', {
      ContainerProperties: Match.objectLike({
        ResourceRequirements: Match.arrayWith([{ Type: 'GPU', Value: '1' }]),
        Environment: Match.arrayWith([{ Name: 'NVIDIA_DRIVER_CAPABILITIES', Value: 'compute,utility,graphics' }]),
      }),
    });
  });
});

describe('the network', () => {
  it('has a gateway to S3 and no way to the internet', () => {
    network.resourceCountIs('AWS::EC2::NatGateway', 0);
    network.resourceCountIs('AWS::EC2::InternetGateway', 0);
    network.hasResourceProperties('AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Gateway' });
  });
});

describe('analysts', () => {
  it('cannot scan more than the deployment allows', () => {
    processing.hasResourceProperties('AWS::Athena::WorkGroup', {
      WorkGroupConfiguration: Match.objectLike({
        BytesScannedCutoffPerQuery: 200e9,
        EnforceWorkGroupConfiguration: true,
      }),
    });
  });
});

describe('what is watched', () => {
  it.each(['OldestMessage', 'ObjectDeadLetters', 'JobDeadLetters', 'LostObjects'])('%s', (name) => {
    const alarms = watch.findResources('AWS::CloudWatch::Alarm');
    const [alarm] = Object.entries(alarms).filter(([id]) => id.startsWith(name));
    expect(alarm![1]['Properties'].AlarmActions).toHaveLength(1);
    expect(alarm![1]['Properties'].AlarmDescription.length).toBeGreaterThan(20);
  });

  it('is also what it costs', () => {
    watch.hasResourceProperties('AWS::Budgets::Budget', {
      Budget: Match.objectLike({ BudgetLimit: { Amount: 500, Unit: 'USD' } }),
    });
  });
});

describe('a deployment', () => {
  it.each([
    ['a name that no bucket can have', { name: 'Cube_Lake' }],
    ['an account that is none', { account: '123' }],
    ['a region that is none', { region: 'mars' }],
    ['a kernel that is none', { batch: { ...example.batch, kernel: 'tpu' } }],
    ['a fact that nobody knows', { nat_gateways: 3 }],
  ])('is refused with %s', (_, change) => {
    expect(deploymentSchema.safeParse({ ...example, ...change }).success).toBe(false);
  });
});
