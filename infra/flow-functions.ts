import { join } from 'node:path';
import { Duration } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as FunctionTarget, SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { environment } from '#schemas/environment.ts';
import type { FunctionName } from '#schemas/metrics.ts';
import { acknowledge } from './acknowledge.ts';
import type { BatchJobs } from './batch-jobs.ts';
import type { Deployment } from './deployment.ts';
import { functionTimeout } from './event-queues.ts';
import { allowBatcher, allowReconciler, allowSettler } from './permissions.ts';
import type { StorageStack } from './storage-stack.ts';
import { allowCommits, allowTables, catalogVariables } from './table-catalog.ts';

export interface FlowFunctionsProps {
  readonly deployment: Deployment;
  readonly storage: StorageStack;
  readonly jobs: BatchJobs;
  readonly rawUri: string;
  readonly warehouseUri: string;
  readonly functionsFolder: string;
}

/** The three functions of the flow, what starts them and what they may do. */
export class FlowFunctions extends Construct {
  readonly batcher: LambdaFunction;
  readonly settler: LambdaFunction;
  readonly reconciler: LambdaFunction;

  constructor(scope: Construct, id: string, props: FlowFunctionsProps) {
    super(scope, id);
    const { deployment, storage, jobs } = props;

    const batcherRole = this.#role(`${deployment.name}-batcher`);
    allowBatcher(batcherRole, storage, jobs);
    this.batcher = this.#function(props, 'manifest-batcher', batcherRole);
    // Up to a manifest's worth of messages in one call; a burst runs some calls side by side.
    this.batcher.addEventSource(
      new SqsEventSource(storage.queues.objects, {
        batchSize: 200,
        maxBatchingWindow: Duration.minutes(1),
        maxConcurrency: 4,
        reportBatchItemFailures: true,
      }),
    );
    new Rule(this, 'Pack', {
      description: 'Sends the granules that fill a manifest',
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new FunctionTarget(this.batcher, { event: RuleTargetInput.fromObject({ pack: 'full' }) })],
    });
    new Rule(this, 'Flush', {
      description: 'Sends the granules that wait, however few',
      schedule: Schedule.rate(Duration.minutes(deployment.flush_minutes)),
      targets: [new FunctionTarget(this.batcher, { event: RuleTargetInput.fromObject({ pack: 'flush' }) })],
    });

    const settlerRole = this.#role(storage.settlerRoleName);
    allowSettler(settlerRole, storage, jobs);
    allowCommits(settlerRole, deployment, storage.warehouseName);
    this.settler = this.#function(props, 'manifest-settler', settlerRole);
    this.settler.addEventSource(new SqsEventSource(storage.queues.jobs, { batchSize: 1 }));
    new Rule(this, 'JobEnds', {
      description: 'Ends of jobs, good or bad, to the settler',
      eventPattern: {
        source: ['aws.batch'],
        detailType: ['Batch Job State Change'],
        detail: {
          status: ['SUCCEEDED', 'FAILED'],
          // Children of an array end one by one: only the end of the whole can be settled.
          arrayProperties: { index: [{ exists: false }] },
          jobQueue: [jobs.spotQueue.jobQueueArn, jobs.onDemandQueue.jobQueueArn],
        },
      },
      targets: [new SqsQueue(storage.queues.jobs, { messageGroupId: 'cubelake' })],
    });

    const reconcilerRole = this.#role(`${deployment.name}-reconciler`);
    allowReconciler(reconcilerRole, storage, jobs);
    allowTables(reconcilerRole, deployment);
    this.reconciler = this.#function(props, 'reconciler', reconcilerRole);
    new Rule(this, 'Reconcile', {
      description: 'Compares raw objects, ledger and tables',
      schedule: Schedule.cron({ hour: '4', minute: '10' }),
      targets: [new FunctionTarget(this.reconciler, { event: RuleTargetInput.fromObject({ reconcile: true }) })],
    });
    new Rule(this, 'Observe', {
      description: 'Looks at what hangs',
      schedule: Schedule.rate(Duration.hours(1)),
      targets: [new FunctionTarget(this.reconciler, { event: RuleTargetInput.fromObject({ observe: true }) })],
    });
  }

  #role(roleName: string): Role {
    const role = new Role(this, `Role-${roleName}`, {
      roleName,
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    acknowledge(role, 'X-Ray knows no resources.', 'AwsSolutions-IAM5[Resource::*]');
    return role;
  }

  #function(props: FlowFunctionsProps, name: FunctionName, role: Role): LambdaFunction {
    const { deployment, storage, jobs } = props;
    const logGroup = new LogGroup(this, `${name}-log`, { retention: RetentionDays.THREE_MONTHS });
    logGroup.grantWrite(role);
    return new LambdaFunction(this, name, {
      functionName: `${deployment.name}-${name}`,
      code: Code.fromAsset(join(props.functionsFolder, name)),
      handler: 'main.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 1024,
      timeout: functionTimeout,
      role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      tracing: Tracing.ACTIVE,
      environmentEncryption: storage.key,
      environment: {
        [environment.deployment]: deployment.name,
        [environment.jobHourUsd]: String(jobs.jobHourUsd),
        [environment.unsettledHoursMax]: String(deployment.unsettled_hours_max),
        ...catalogVariables(deployment),
        [environment.rawUri]: props.rawUri,
        [environment.warehouseUri]: props.warehouseUri,
        [environment.objectQueueUrl]: storage.queues.objects.queueUrl,
        [environment.jobQueueUrl]: storage.queues.jobs.queueUrl,
        [environment.objectDeadLetterUrl]: storage.queues.objectDeadLetters.queueUrl,
        [environment.jobDeadLetterUrl]: storage.queues.jobDeadLetters.queueUrl,
        [environment.batchJobQueue]: jobs.spotQueue.jobQueueName,
        [environment.batchJobDefinition]: jobs.definitionName,
      },
    });
  }
}
