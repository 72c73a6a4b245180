import { Duration, Stack } from 'aws-cdk-lib';
import { ComparisonOperator, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { type SecurityGroup, SubnetType } from 'aws-cdk-lib/aws-ec2';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import {
  Cluster,
  ContainerImage,
  ContainerInsights,
  CpuArchitecture,
  FargateService,
  FargateTaskDefinition,
  type ICluster,
  LogDriver,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { environment } from '#schemas/environment.ts';
import { acknowledge } from './acknowledge.ts';
import type { Watch } from './alarms.ts';
import type { Deployment } from './deployment.ts';
import type { NetworkStack } from './network-stack.ts';
import { allowSink } from './permissions.ts';
import type { StorageStack } from './storage-stack.ts';
import { allowCommits, catalogVariables } from './table-catalog.ts';

export interface EdgeSinkProps {
  readonly deployment: Deployment;
  readonly storage: StorageStack;
  readonly network: NetworkStack;
  readonly group: SecurityGroup;
  readonly clusterName: string;
  readonly clusterArn: string;
}

/** Parts of cubes from the field, and those that nobody could read: the sink names the cause beside them. */
const partsTopic = 'cubelake.parts';
const deadLetterTopic = 'cubelake.parts.dead';

/** One task that reads the parts and commits them: two would only fence each other. */
export class EdgeSink extends Construct {
  readonly watches: readonly Watch[];

  constructor(scope: Construct, id: string, props: EdgeSinkProps) {
    super(scope, id);
    const { deployment, storage, network } = props;
    const consumerGroup = `${deployment.name}-sink`;
    const role = new Role(this, 'Role', {
      roleName: `${deployment.name}-sink`,
      assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com'),
    });
    allowSink(role, storage);
    allowCommits(role, deployment, storage.warehouseName, ['silver', 'gold']);
    this.#allowBrokers(role, props, consumerGroup);
    // The cast is for a library that does not know exact optional properties.
    const hosts = new Cluster(this, 'Hosts', {
      clusterName: `${deployment.name}-edge`,
      vpc: network.vpc,
      containerInsightsV2: ContainerInsights.ENABLED,
    }) as ICluster;
    const service = new FargateService(this, 'Service', {
      serviceName: `${deployment.name}-sink`,
      cluster: hosts,
      taskDefinition: this.#task(props, role, consumerGroup),
      desiredCount: 1,
      // The old task ends before the new one starts.
      minHealthyPercent: 0,
      maxHealthyPercent: 100,
      circuitBreaker: { rollback: true },
      assignPublicIp: false,
      securityGroups: [props.group],
      vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
    });
    this.watches = watchesOf(props.clusterName, consumerGroup, service);
  }

  #task({ deployment, storage, clusterArn }: EdgeSinkProps, role: Role, consumerGroup: string): FargateTaskDefinition {
    const task = new FargateTaskDefinition(this, 'Task', {
      family: `${deployment.name}-sink`,
      cpu: 1024,
      memoryLimitMiB: 2048,
      taskRole: role,
      runtimePlatform: { cpuArchitecture: CpuArchitecture.X86_64, operatingSystemFamily: OperatingSystemFamily.LINUX },
      volumes: [{ name: 'scratch' }],
    });
    const repository = Repository.fromRepositoryName(this, 'Repository', deployment.image.repository);
    const container = task.addContainer('sink', {
      image: ContainerImage.fromEcrRepository(repository, deployment.image.tag),
      command: ['cli/main.ts', 'edge', 'sink'],
      user: '65532:65532',
      readonlyRootFilesystem: true,
      stopTimeout: Duration.minutes(2),
      environment: {
        [environment.warehouseUri]: `s3://${storage.warehouseName}`,
        [environment.kafkaClusterArn]: clusterArn,
        [environment.kafkaTopic]: partsTopic,
        [environment.kafkaGroup]: consumerGroup,
        ...catalogVariables(deployment),
      },
      logging: LogDriver.awsLogs({
        streamPrefix: 'sink',
        logGroup: new LogGroup(this, 'Log', { retention: RetentionDays.THREE_MONTHS }),
      }),
    });
    // The root is read-only: temporary files need a place.
    container.addMountPoints({ sourceVolume: 'scratch', containerPath: '/tmp', readOnly: false });
    acknowledge(task, 'Names and addresses are no secrets; there are no secrets in it.', 'AwsSolutions-ECS2');
    acknowledge(task, 'The token to pull images knows no resources.', 'AwsSolutions-IAM5[Resource::*]');
    return task;
  }

  /** Reads the parts, writes dead letters, and remembers offsets in one consumer group. */
  #allowBrokers(role: Role, { clusterArn, clusterName }: EdgeSinkProps, consumerGroup: string): void {
    const { region, account } = Stack.of(this);
    const arnOf = (kind: 'topic' | 'group', name: string): string =>
      `arn:aws:kafka:${region}:${account}:${kind}/${clusterName}/*/${name}`;
    const grants: [string[], string][] = [
      [['kafka:GetBootstrapBrokers', 'kafka-cluster:Connect', 'kafka-cluster:WriteDataIdempotently'], clusterArn],
      [['kafka-cluster:DescribeTopic', 'kafka-cluster:ReadData'], arnOf('topic', partsTopic)],
      [['kafka-cluster:DescribeTopic', 'kafka-cluster:WriteData'], arnOf('topic', deadLetterTopic)],
      [['kafka-cluster:DescribeGroup', 'kafka-cluster:AlterGroup'], arnOf('group', consumerGroup)],
    ];
    for (const [actions, resource] of grants) {
      role.addToPolicy(new PolicyStatement({ actions, resources: [resource] }));
    }
    acknowledge(
      role,
      'Kafka puts the unique id of the cluster, which nobody chooses, between its name and that of a topic.',
      ...grants.slice(1).map(([, resource]) => `AwsSolutions-IAM5[Resource::${resource}]`),
    );
  }
}

function watchesOf(clusterName: string, consumerGroup: string, service: FargateService): Watch[] {
  return [
    {
      name: 'SinkLag',
      metric: new Metric({
        namespace: 'AWS/Kafka',
        metricName: 'EstimatedMaxTimeLag',
        dimensionsMap: { 'Cluster Name': clusterName, 'Consumer Group': consumerGroup, Topic: partsTopic },
        statistic: Stats.MAXIMUM,
        period: Duration.minutes(5),
      }),
      threshold: 1800,
      description: 'The sink is half an hour behind the field machines. First: its log, does it commit?',
    },
    {
      name: 'SinkDown',
      metric: service.metricCpuUtilization({ statistic: Stats.SAMPLE_COUNT, period: Duration.minutes(15) }),
      threshold: 1,
      comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
      missing: TreatMissingData.BREACHING,
      description: 'No sink runs. First: the reason that its stopped task gives.',
    },
  ];
}
