import { Duration } from 'aws-cdk-lib';
import {
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  SingleValueWidget,
  Stats,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { ownMetric, type Watch } from './alarms.ts';
import type { Deployment } from './deployment.ts';

/** What is asked every day first, then how the flow went, then every alarm's number. */
export function addDashboard(scope: Construct, deployment: Deployment, watches: readonly Watch[]): void {
  const dashboard = new Dashboard(scope, 'Dashboard', { dashboardName: deployment.name });
  dashboard.addWidgets(...todayWidgets(deployment));
  dashboard.addWidgets(...flowWidgets(deployment));
  for (let start = 0; start < watches.length; start += 3) {
    const row = watches.slice(start, start + 3);
    dashboard.addWidgets(...row.map(({ name, metric }) => graph(name, [metric])));
  }
}

function todayWidgets(deployment: Deployment): IWidget[] {
  const day = Duration.days(1);
  const number = (title: string, metric: IMetric): IWidget =>
    new SingleValueWidget({ title, metrics: [metric], width: 6 });
  return [
    number(
      'Complete today',
      ownMetric(deployment, 'manifest-settler', 'CompleteGranuleCount', { statistic: Stats.SUM, period: day }),
    ),
    number(
      'Failed in raw',
      ownMetric(deployment, 'reconciler', 'FailedInRawCount', { statistic: Stats.MAXIMUM, period: day }),
    ),
    number(
      'Seconds since commit',
      ownMetric(deployment, 'reconciler', 'SecondsSinceCommit', {
        statistic: Stats.MINIMUM,
        period: Duration.hours(1),
      }),
    ),
    number(
      'USD per cube, estimated',
      ownMetric(deployment, 'manifest-settler', 'CubeCostUsd', { statistic: Stats.AVERAGE, period: day }),
    ),
  ];
}

function flowWidgets(deployment: Deployment): IWidget[] {
  const sum = { statistic: Stats.SUM, period: Duration.minutes(15) };
  const highest = { statistic: Stats.MAXIMUM, period: Duration.minutes(15) };
  return [
    graph('Intake', [
      ownMetric(deployment, 'manifest-batcher', 'MessageCount', sum),
      ownMetric(deployment, 'manifest-batcher', 'PoisonMessageCount', sum),
      ownMetric(deployment, 'manifest-batcher', 'ManifestCount', sum),
      ownMetric(deployment, 'manifest-batcher', 'SentGranuleCount', sum),
      ownMetric(deployment, 'manifest-batcher', 'WaitingGranuleCount', highest),
    ]),
    graph('Unsettled manifests', [
      ownMetric(deployment, 'reconciler', 'UnsettledManifestCount', { ...highest, period: Duration.hours(1) }),
    ]),
    graph('Seconds', [
      ownMetric(deployment, 'manifest-settler', 'UploadToCommitSeconds', { ...highest, statistic: Stats.p(50) }),
      ownMetric(deployment, 'manifest-settler', 'UploadToCommitSeconds', { ...highest, statistic: Stats.p(90) }),
      ownMetric(deployment, 'manifest-settler', 'JobSeconds', { ...highest, statistic: Stats.p(90) }),
    ]),
  ];
}

function graph(title: string, left: IMetric[]): IWidget {
  return new GraphWidget({ title, left, width: 8 });
}
