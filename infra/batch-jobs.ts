import { Duration, Size, Stack } from 'aws-cdk-lib';
import {
  Action,
  AllocationStrategy,
  type CfnJobDefinition,
  EcsEc2ContainerDefinition,
  EcsJobDefinition,
  EcsMachineImageType,
  EcsVolume,
  JobQueue,
  ManagedEc2EcsComputeEnvironment,
  Reason,
  RetryStrategy,
} from 'aws-cdk-lib/aws-batch';
import { InstanceType, LaunchTemplate, LaunchTemplateHttpTokens, SubnetType } from 'aws-cdk-lib/aws-ec2';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import { ContainerImage, LogDriver } from 'aws-cdk-lib/aws-ecs';
import type { Role } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { environment } from '#schemas/environment.ts';
import { acknowledge } from './acknowledge.ts';
import type { Deployment } from './deployment.ts';
import type { NetworkStack } from './network-stack.ts';

export interface BatchJobsProps {
  readonly deployment: Deployment;
  readonly network: NetworkStack;
  readonly role: Role;
  readonly rawUri: string;
  readonly warehouseUri: string;
}

/** A bad Spot afternoon takes some attempts; more than five would pay for a hopeless one. */
const attemptCountMax = 5;

/** What a job process ends with when another attempt may help. */
const retryExitCode = '75';

/** Job shape: a cube's tiles on two threads stay below 512 MiB; the rest is the page cache that reads ahead. */
const shapes = {
  cpu: { vcpus: 2, memoryMib: 3584, instanceTypes: ['c7i.2xlarge', 'c7a.2xlarge', 'c6i.2xlarge', 'm7i.2xlarge'] },
  gpu: { vcpus: 4, memoryMib: 14_336, instanceTypes: ['g6.xlarge', 'g5.xlarge', 'g4dn.xlarge'] },
} as const;

/** Queues and definition of the jobs that process granules. Spot first; the on-demand queue is for what Spot cannot finish. */
export class BatchJobs extends Construct {
  readonly spotQueue: JobQueue;
  readonly onDemandQueue: JobQueue;
  readonly definition: EcsJobDefinition;
  readonly definitionName: string;
  readonly #deployment: Deployment;

  constructor(scope: Construct, id: string, props: BatchJobsProps) {
    super(scope, id);
    const { deployment } = props;
    this.#deployment = deployment;
    const { kernel } = deployment.batch;
    this.spotQueue = this.#queue(props, `${kernel}-spot`, true);
    this.onDemandQueue = this.#queue(props, `${kernel}-on-demand`, false);
    this.definitionName = `${deployment.name}-process-granule`;
    this.definition = this.#definition(props);
  }

  #queue({ deployment, network }: BatchJobsProps, name: string, spot: boolean): JobQueue {
    const shape = shapes[deployment.batch.kernel];
    const hosts = new ManagedEc2EcsComputeEnvironment(this, `Hosts-${name}`, {
      computeEnvironmentName: `${deployment.name}-${name}`,
      vpc: network.vpc,
      vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
      securityGroups: [network.jobs],
      spot,
      allocationStrategy: spot
        ? AllocationStrategy.SPOT_PRICE_CAPACITY_OPTIMIZED
        : AllocationStrategy.BEST_FIT_PROGRESSIVE,
      instanceTypes: shape.instanceTypes.map((type) => new InstanceType(type)),
      useOptimalInstanceClasses: false,
      images: [
        {
          imageType:
            deployment.batch.kernel === 'gpu' ? EcsMachineImageType.ECS_AL2023_NVIDIA : EcsMachineImageType.ECS_AL2023,
        },
      ],
      launchTemplate: new LaunchTemplate(this, `Launch-${name}`, {
        httpTokens: LaunchTemplateHttpTokens.REQUIRED,
        httpPutResponseHopLimit: 1,
      }),
      minvCpus: 0,
      maxvCpus: deployment.batch.vcpus_max,
      terminateOnUpdate: false,
      updateTimeout: Duration.hours(2),
    });
    acknowledge(
      hosts,
      'The role that Batch prescribes for its hosts.',
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role]',
    );
    return new JobQueue(this, `Queue-${name}`, {
      jobQueueName: `${deployment.name}-${name}`,
      computeEnvironments: [{ computeEnvironment: hosts, order: 1 }],
      priority: 1,
    });
  }

  #definition(props: BatchJobsProps): EcsJobDefinition {
    const { deployment } = props;
    const { kernel } = deployment.batch;
    const shape = shapes[kernel];
    const repository = Repository.fromRepositoryName(this, 'Repository', deployment.image.repository);
    const container = new EcsEc2ContainerDefinition(this, 'Container', {
      image: ContainerImage.fromEcrRepository(repository, deployment.image.tag),
      command: ['batch-jobs/process-granule/main.ts'],
      cpu: shape.vcpus,
      memory: Size.mebibytes(shape.memoryMib),
      ...(kernel === 'gpu' ? { gpu: 1 } : {}),
      jobRole: props.role,
      user: '65532:65532',
      readonlyRootFilesystem: true,
      // The root is read-only: compiled modules and temporary files need a place.
      volumes: [EcsVolume.host({ name: 'scratch', containerPath: '/tmp' })],
      environment: {
        [environment.rawUri]: props.rawUri,
        [environment.warehouseUri]: props.warehouseUri,
        [environment.threads]: String(shape.vcpus),
        ...(kernel === 'gpu' ? { NVIDIA_DRIVER_CAPABILITIES: 'compute,utility,graphics' } : {}),
      },
      logging: LogDriver.awsLogs({
        streamPrefix: 'process-granule',
        logGroup: new LogGroup(this, 'Log', { retention: RetentionDays.THREE_MONTHS }),
      }),
    });
    acknowledge(container, 'The token to pull images knows no resources.', 'AwsSolutions-IAM5[Resource::*]');
    const definition = new EcsJobDefinition(this, 'ProcessGranule', {
      jobDefinitionName: this.definitionName,
      container,
      timeout: Duration.hours(deployment.batch.job_hours_max),
      retryAttempts: attemptCountMax,
      retryStrategies: [
        RetryStrategy.of(Action.RETRY, Reason.SPOT_INSTANCE_RECLAIMED),
        RetryStrategy.of(Action.RETRY, Reason.CANNOT_PULL_CONTAINER),
        RetryStrategy.of(Action.RETRY, Reason.custom({ onExitCode: retryExitCode })),
        // Last: a job that matches no rule would be tried again.
        RetryStrategy.of(Action.EXIT, Reason.custom({ onReason: '*' })),
      ],
    });
    (definition.node.defaultChild as CfnJobDefinition).propagateTags = true;
    return definition;
  }

  /** All revisions of the definition: each deployment makes one. */
  get revisionsArn(): string {
    const { region, account } = Stack.of(this);
    return `arn:aws:batch:${region}:${account}:job-definition/${this.definitionName}:*`;
  }

  /** What an hour of one job's vCPUs costs, by the deployment's price. */
  get jobHourUsd(): number {
    const { kernel, vcpu_hour_usd } = this.#deployment.batch;
    return shapes[kernel].vcpus * vcpu_hour_usd;
  }

  /** What a submission names. */
  submitArns(): string[] {
    return [this.revisionsArn, this.spotQueue.jobQueueArn, this.onDemandQueue.jobQueueArn];
  }
}
