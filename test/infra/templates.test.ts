import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stack, Validations } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { readCatalogConfig } from '#functions/config.ts';
import { type FunctionName, functionMetrics } from '#schemas/metrics.ts';
import { alarmNames } from '../../infra/alarms.ts';
import { deploymentSchema, readDeployment } from '../../infra/deployment.ts';
import { cubelakeApp } from '../../infra/stacks.ts';
import { type Synthesized, synthesize } from './synthesized.ts';

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

  it('and every other bucket is closed to the public and to requests without TLS 1.2', () => {
    const policies = JSON.stringify(storage.findResources('AWS::S3::BucketPolicy'));
    expect(policies.match(/"aws:SecureTransport":"false"/g)).toHaveLength(3);
    expect(policies.match(/"s3:TlsVersion":1\.2/g)).toHaveLength(3);
    const closed = {
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    };
    storage.allResourcesProperties('AWS::S3::Bucket', { PublicAccessBlockConfiguration: closed });
  });

  it('has the one rule of all buckets that moves objects to colder storage', () => {
    const buckets = Object.values(storage.findResources('AWS::S3::Bucket')).map((bucket) => bucket['Properties']);
    const rules = buckets.flatMap(({ LifecycleConfiguration }) => LifecycleConfiguration.Rules);
    expect(rules.filter(({ Transitions }) => Transitions !== undefined)).toHaveLength(1);
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
    const endpoints = Object.values(network.findResources('AWS::EC2::VPCEndpoint')).map((each) => each['Properties']);
    const doors = endpoints.filter(({ VpcEndpointType }) => VpcEndpointType === 'Interface');
    expect(doors.map(({ ServiceName }) => ServiceName.split('.').slice(3).join('.')).sort()).toEqual([
      'ecr.api',
      'ecr.dkr',
      'ecs',
      'ecs-agent',
      'ecs-telemetry',
      'logs',
    ]);
  });
});

describe('ends of jobs', () => {
  it('reach the settler once for an array, not for each of its children', () => {
    processing.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.batch'],
        'detail-type': ['Batch Job State Change'],
        detail: Match.objectLike({
          status: ['SUCCEEDED', 'FAILED'],
          arrayProperties: { index: [{ exists: false }] },
        }),
      },
    });
  });
});

describe('schedules', () => {
  it.each([
    ['rate(1 minute)', '{"pack":"full"}'],
    ['rate(15 minutes)', '{"pack":"flush"}'],
    ['rate(1 hour)', '{"observe":true}'],
    ['cron(10 4 * * ? *)', '{"reconcile":true}'],
  ])('%s: %s', (ScheduleExpression, Input) => {
    processing.hasResourceProperties('AWS::Events::Rule', {
      ScheduleExpression,
      Targets: [Match.objectLike({ Input })],
    });
  });

  it('are all: messages come from the queue, and every function knows its deployment', () => {
    processing.resourcePropertiesCountIs('AWS::Events::Rule', { ScheduleExpression: Match.anyValue() }, 4);
    processing.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 4 },
    });
    processing.allResourcesProperties('AWS::Lambda::Function', {
      Environment: {
        Variables: Match.objectLike({
          CUBELAKE_DEPLOYMENT: 'cubelake',
          CUBELAKE_JOB_HOUR_USD: '0.04',
          CUBELAKE_UNSETTLED_HOURS_MAX: '6',
        }),
      },
    });
  });
});

describe('the catalog', () => {
  const pointer = synthesize({ catalog: 'pointer' });

  it('is Glue where the deployment says so: three databases, and functions that know where', () => {
    storage.resourceCountIs('AWS::Glue::Database', 3);
    processing.allResourcesProperties('AWS::Lambda::Function', {
      Environment: {
        Variables: Match.objectLike({
          CUBELAKE_CATALOG_URI: 'https://glue.us-east-1.amazonaws.com/iceberg',
          CUBELAKE_CATALOG_WAREHOUSE: '111122223333',
        }),
      },
    });
  });

  it('is read by the functions as it is meant', () => {
    const [lambda] = Object.values(processing.findResources('AWS::Lambda::Function'));
    expect(readCatalogConfig(lambda!['Properties'].Environment.Variables)).toEqual({
      kind: 'rest',
      uri: 'https://glue.us-east-1.amazonaws.com/iceberg',
      warehouse: '111122223333',
      authorization: { kind: 'sigv4', service: 'glue', region: 'us-east-1' },
    });
    const [plain] = Object.values(pointer.processing.findResources('AWS::Lambda::Function'));
    expect(readCatalogConfig(plain!['Properties'].Environment.Variables)).toEqual({ kind: 'pointer' });
  });

  it('is in the warehouse otherwise: no database, no right to any', () => {
    pointer.storage.resourceCountIs('AWS::Glue::Database', 0);
    expect(JSON.stringify(pointer.processing.toJSON())).not.toContain('glue:');
  });

  it('is nothing that jobs know of', () => {
    const [job] = Object.values(processing.findResources('AWS::Batch::JobDefinition'));
    expect(JSON.stringify(job)).not.toContain('CUBELAKE_CATALOG');
  });
});

describe('Kafka', () => {
  const { edge, network } = synthesize({ edge: { kafka: 'msk-serverless', client_cidrs: ['10.80.0.0/16'] } });

  it('is not there unless the deployment asks for it', () => {
    expect(synthesize({ catalog: 'pointer' }).edge).toBeNull();
  });

  it('takes signed requests only, from the sink and from the networks of the field machines', () => {
    edge!.hasResourceProperties('AWS::MSK::ServerlessCluster', {
      ClientAuthentication: { Sasl: { Iam: { Enabled: true } } },
    });
    edge!.hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupIngress: [Match.objectLike({ CidrIp: '10.80.0.0/16', FromPort: 9098, ToPort: 9098 })],
      SecurityGroupEgress: [Match.objectLike({ CidrIp: '255.255.255.255/32' })],
    });
    const ingress = Object.values(edge!.findResources('AWS::EC2::SecurityGroupIngress')).map(
      (rule) => rule['Properties'],
    );
    expect(ingress.map(({ FromPort }) => FromPort).sort()).toEqual([443, 9098]);
  });

  it('has doors to the services that the sink calls, and no way to the internet', () => {
    const services = Object.values(edge!.findResources('AWS::EC2::VPCEndpoint')).map(
      (each) => each['Properties'].ServiceName,
    );
    expect(services.sort()).toEqual(['com.amazonaws.us-east-1.glue', 'com.amazonaws.us-east-1.kafka']);
    network.resourceCountIs('AWS::EC2::NatGateway', 0);
    edge!.hasResourceProperties('AWS::ECS::Service', {
      DesiredCount: 1,
      DeploymentConfiguration: Match.objectLike({ MaximumPercent: 100, MinimumHealthyPercent: 0 }),
      NetworkConfiguration: { AwsvpcConfiguration: Match.objectLike({ AssignPublicIp: 'DISABLED' }) },
    });
  });

  it('feeds a sink that runs as nobody on a read-only root', () => {
    edge!.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [
        Match.objectLike({
          Command: ['cli/main.ts', 'edge', 'sink'],
          User: '65532:65532',
          ReadonlyRootFilesystem: true,
          Environment: Match.arrayWith([{ Name: 'CUBELAKE_KAFKA_TOPIC', Value: 'cubelake.parts' }]),
        }),
      ],
    });
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
  const withKafka = synthesize({ edge: { kafka: 'msk-serverless', client_cidrs: ['10.80.0.0/16'] } });
  const alarmsOf = ({ watch }: Pick<Synthesized, 'watch'>) =>
    Object.values(watch.findResources('AWS::CloudWatch::Alarm')).map((alarm) => alarm['Properties']);

  it('has an alarm for each name, with the first step of its runbook, that somebody hears', () => {
    const alarms = alarmsOf(withKafka);
    expect(alarms.map(({ AlarmName }) => AlarmName).sort()).toEqual(
      alarmNames.map((name) => `cubelake-${name}`).sort(),
    );
    const runbook = readFileSync('docs/runbooks/alarms.md', 'utf8');
    for (const { AlarmActions, AlarmDescription, AlarmName } of alarms) {
      expect(AlarmActions).toHaveLength(1);
      expect(AlarmDescription).toMatch(/\. First: .{20,} Runbook: docs\/runbooks\/alarms\.md, /);
      expect(runbook).toContain(AlarmName.replace('cubelake-', ''));
    }
    expect(alarmsOf({ watch })).toHaveLength(alarmNames.length - 2);
  });

  it('waits only for numbers that a function sends', () => {
    const own = alarmsOf({ watch }).filter(({ Namespace }) => Namespace === 'Cubelake');
    expect(own.length).toBeGreaterThan(8);
    for (const { MetricName, Dimensions } of own) {
      const dimensions = Object.fromEntries(
        Dimensions.map(({ Name, Value }: Record<string, string>) => [Name!, Value]),
      );
      expect(dimensions['deployment']).toBe('cubelake');
      expect(Object.keys(functionMetrics[dimensions['service'] as FunctionName])).toContain(MetricName);
    }
  });

  it('is alarming when schedules or the sink fall silent, and else only a number is', () => {
    const breaching = alarmsOf(withKafka).filter(({ TreatMissingData }) => TreatMissingData === 'breaching');
    expect(breaching.map(({ AlarmName }) => AlarmName).sort()).toEqual([
      'cubelake-Silent-manifest-batcher',
      'cubelake-Silent-reconciler',
      'cubelake-SinkDown',
    ]);
  });

  it('is also what it costs', () => {
    watch.hasResourceProperties('AWS::Budgets::Budget', {
      Budget: Match.objectLike({ BudgetLimit: { Amount: 500, Unit: 'USD' } }),
    });
  });
});

describe('synthesis', () => {
  it('stops at a finding of AwsSolutions that nobody has explained', () => {
    const folder = mkdtempSync(join(tmpdir(), 'cubelake-nag-'));
    const app = cubelakeApp(folder);
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    new Bucket(new Stack(app, 'careless'), 'Open');
    expect(() => app.synth()).toThrow(/AwsSolutions-S1/);
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
