import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, type IMetric, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { type FunctionName, type MetricName, metricDimensions, metricNamespace } from '#schemas/metrics.ts';
import type { Deployment } from './deployment.ts';
import type { FlowFunctions } from './flow-functions.ts';
import type { StorageStack } from './storage-stack.ts';

/** Each has its section in the runbooks. */
export const alarmNames = [
  'OldestMessage',
  'ObjectDeadLetters',
  'JobDeadLetters',
  'ReadyGranules',
  'OldestWaiting',
  'EdgeMismatches',
  'FailedGranules',
  'StuckManifests',
  'LateJobs',
  'Stalled',
  'SlowCommits',
  'CubeCost',
  'LostObjects',
  'Errors-manifest-batcher',
  'Errors-manifest-settler',
  'Errors-reconciler',
  'Silent-manifest-batcher',
  'Silent-reconciler',
  'SinkLag',
  'SinkDown',
] as const;

export type AlarmName = (typeof alarmNames)[number];

/** Something that asks for a person. */
export interface Watch {
  readonly name: AlarmName;
  readonly metric: IMetric;
  readonly threshold: number;
  /** What it means and the first step of its runbook. */
  readonly description: string;
  /** More than the threshold is alarming, unless said otherwise. */
  readonly comparison?: ComparisonOperator;
  /** No number at all is no alarm, unless said otherwise. */
  readonly missing?: TreatMissingData;
}

const minutes = (count: number): Duration => Duration.minutes(count);
const hour = Duration.hours(1);

/** A number that a function reports of itself. */
export function ownMetric<Name extends FunctionName>(
  deployment: Deployment,
  service: Name,
  metricName: MetricName<Name>,
  options: { readonly statistic: string; readonly period: Duration },
): Metric {
  const dimensionsMap = {
    [metricDimensions.service]: service,
    [metricDimensions.deployment]: deployment.name,
  };
  return new Metric({ namespace: metricNamespace, metricName, dimensionsMap, ...options });
}

/** What waits and what nobody could read. */
export function queueWatches(deployment: Deployment, { queues }: StorageStack): Watch[] {
  const highest = { period: minutes(5), statistic: Stats.MAXIMUM };
  const flush = { statistic: Stats.MINIMUM, period: minutes(60 * Math.ceil((3 * deployment.flush_minutes) / 60)) };
  return [
    {
      name: 'OldestMessage',
      metric: queues.objects.metricApproximateAgeOfOldestMessage(highest),
      threshold: 1800,
      description: 'An event has waited for half an hour. First: the log of manifest-batcher, does it run and fail?',
    },
    {
      name: 'ObjectDeadLetters',
      metric: queues.objectDeadLetters.metricApproximateNumberOfMessagesVisible(highest),
      threshold: 0,
      description: 'An event could not be read five times. First: cubelake status shows its body and why.',
    },
    {
      name: 'JobDeadLetters',
      metric: queues.jobDeadLetters.metricApproximateNumberOfMessagesVisible(highest),
      threshold: 0,
      description: 'A settlement failed five times. First: the log of manifest-settler for its reason.',
    },
    {
      name: 'ReadyGranules',
      metric: ownMetric(deployment, 'manifest-batcher', 'ReadyGranuleCount', flush),
      threshold: 0,
      description:
        'Complete granules stay without a job although flushes ran. First: is AWS Batch throttling the account?',
    },
    {
      name: 'OldestWaiting',
      metric: ownMetric(deployment, 'manifest-batcher', 'OldestWaitingSeconds', {
        statistic: Stats.MAXIMUM,
        period: hour,
      }),
      threshold: 26 * 3600,
      description:
        'A granule waits for longer than a day, when it should have failed. First: cubelake status names it.',
    },
  ];
}

/** Jobs, settlements and what they bring and cost. */
export function flowWatches(deployment: Deployment): Watch[] {
  const hourly = { statistic: Stats.MAXIMUM, period: hour };
  return [
    {
      name: 'FailedGranules',
      metric: ownMetric(deployment, 'manifest-settler', 'FailedGranuleCount', { statistic: Stats.SUM, period: hour }),
      threshold: 10,
      description: 'More than ten granules failed within an hour. First: cubelake status, is it one reason or many?',
    },
    {
      name: 'EdgeMismatches',
      metric: ownMetric(deployment, 'manifest-settler', 'EdgeMismatchCount', { statistic: Stats.SUM, period: hour }),
      threshold: 0,
      description:
        'A cube of the cloud is not what its field machine made of it. First: cubelake status, is it one machine?',
    },
    {
      name: 'StuckManifests',
      metric: ownMetric(deployment, 'reconciler', 'StuckManifestCount', hourly),
      threshold: 0,
      description: `A manifest is not settled after ${deployment.unsettled_hours_max} hours. First: cubelake status --reconcile.`,
    },
    {
      name: 'LateJobs',
      metric: ownMetric(deployment, 'reconciler', 'LateJobCount', hourly),
      threshold: 0,
      description: 'A job got no host for hours. First: does Spot have capacity? Else submit to the on-demand queue.',
    },
    {
      name: 'Stalled',
      metric: ownMetric(deployment, 'reconciler', 'StalledSeconds', hourly),
      threshold: deployment.unsettled_hours_max * 3600,
      description: 'Manifests wait and nothing was committed for hours. First: the log of manifest-settler.',
    },
    {
      name: 'SlowCommits',
      metric: ownMetric(deployment, 'manifest-settler', 'UploadToCommitSeconds', {
        statistic: Stats.p(90),
        period: hour,
      }),
      threshold: deployment.unsettled_hours_max * 3600,
      description: 'One cube in ten took hours from upload to commit. First: the dashboard, which step grew?',
    },
    {
      name: 'CubeCost',
      metric: ownMetric(deployment, 'manifest-settler', 'CubeCostUsd', {
        statistic: Stats.AVERAGE,
        period: Duration.hours(6),
      }),
      threshold: deployment.cube_usd_max,
      description: 'Cubes cost more than planned, by the estimate of job time. First: are they larger, or jobs slower?',
    },
    {
      name: 'LostObjects',
      metric: ownMetric(deployment, 'reconciler', 'LostObjectCount', {
        statistic: Stats.MAXIMUM,
        period: Duration.days(1),
      }),
      threshold: 0,
      description:
        'Raw objects had lost their event or job and were sent again. First: cubelake status, are they done now?',
    },
  ];
}

/** Functions that fail, and schedules that do not run. */
export function functionWatches({ batcher, settler, reconciler }: FlowFunctions): Watch[] {
  const failing = (name: AlarmName, each: LambdaFunction): Watch => ({
    name,
    metric: each.metricErrors({ period: minutes(15) }),
    threshold: 3,
    description: `${each.node.id} fails again and again. First: the reason in its log.`,
  });
  const silent = (name: AlarmName, each: LambdaFunction, period: Duration): Watch => ({
    name,
    metric: each.metricInvocations({ period, statistic: Stats.SUM }),
    threshold: 1,
    comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
    missing: TreatMissingData.BREACHING,
    description: `${each.node.id} was not called on schedule. First: is its rule in EventBridge enabled?`,
  });
  return [
    failing('Errors-manifest-batcher', batcher),
    failing('Errors-manifest-settler', settler),
    failing('Errors-reconciler', reconciler),
    silent('Silent-manifest-batcher', batcher, minutes(15)),
    silent('Silent-reconciler', reconciler, Duration.hours(3)),
  ];
}
