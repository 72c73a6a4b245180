import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import {
  Alarm,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { Deployment } from './deployment.ts';
import type { ProcessingStack } from './processing-stack.ts';
import type { StorageStack } from './storage-stack.ts';

export interface WatchStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly storage: StorageStack;
  readonly processing: ProcessingStack;
}

/** What the functions report of themselves. */
const namespace = 'Cubelake';

interface Watch {
  readonly name: string;
  readonly metric: IMetric;
  readonly threshold: number;
  /** What it means and what to do: the runbook's words. */
  readonly description: string;
}

/** Alarms that ask for a person, one dashboard and the budget. */
export class WatchStack extends Stack {
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, { deployment, storage, processing, ...props }: WatchStackProps) {
    super(scope, id, props);
    const topic = new Topic(this, 'Alarms', { masterKey: storage.key, enforceSSL: true });
    topic.addSubscription(new EmailSubscription(deployment.alarm_email));
    const action = new SnsAction(topic);
    const watches = watchesOf(deployment, storage, processing);
    this.alarms = watches.map(({ name, metric, threshold, description }) => {
      const alarm = new Alarm(this, name, {
        metric,
        threshold,
        alarmDescription: description,
        evaluationPeriods: 1,
        comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
        treatMissingData: TreatMissingData.NOT_BREACHING,
      });
      alarm.addAlarmAction(action);
      return alarm;
    });
    const dashboard = new Dashboard(this, 'Dashboard', { dashboardName: deployment.name });
    for (const { name, metric } of watches) {
      dashboard.addWidgets(new GraphWidget({ title: name, left: [metric], width: 8 }));
    }
    new CfnBudget(this, 'Budget', {
      budget: {
        budgetName: deployment.name,
        budgetType: 'COST',
        timeUnit: 'MONTHLY',
        budgetLimit: { amount: deployment.monthly_budget_usd, unit: 'USD' },
        costFilters: { TagKeyValue: [`user:application$${deployment.name}`] },
      },
      notificationsWithSubscribers: [80, 100].map((threshold) => ({
        notification: {
          comparisonOperator: 'GREATER_THAN',
          notificationType: threshold === 100 ? 'FORECASTED' : 'ACTUAL',
          threshold,
          thresholdType: 'PERCENTAGE',
        },
        subscribers: [{ subscriptionType: 'EMAIL', address: deployment.alarm_email }],
      })),
    });
  }
}

function watchesOf(deployment: Deployment, storage: StorageStack, processing: ProcessingStack): Watch[] {
  const { queues } = storage;
  const { batcher, settler, reconciler } = processing.functions;
  const own = (metricName: string, period: Duration): Metric =>
    new Metric({
      namespace,
      metricName,
      statistic: 'Maximum',
      period,
      dimensionsMap: { deployment: deployment.name },
    });
  const dead = { period: Duration.minutes(5), statistic: 'Maximum' };
  return [
    {
      name: 'OldestMessage',
      metric: queues.objects.metricApproximateAgeOfOldestMessage(dead),
      threshold: 1800,
      description: 'A new cube waits for half an hour: the batcher does not keep up or fails. See its log.',
    },
    {
      name: 'ObjectDeadLetters',
      metric: queues.objectDeadLetters.metricApproximateNumberOfMessagesVisible(dead),
      threshold: 0,
      description: 'An event that nobody could read. Look at it, then: cubelake redrive.',
    },
    {
      name: 'JobDeadLetters',
      metric: queues.jobDeadLetters.metricApproximateNumberOfMessagesVisible(dead),
      threshold: 0,
      description: 'A settlement failed five times. Mend the cause, then: cubelake redrive.',
    },
    ...[batcher, settler, reconciler].map((each) => ({
      name: `Errors-${each.node.id}`,
      metric: each.metricErrors({ period: Duration.minutes(15) }),
      threshold: 3,
      description: `${each.node.id} fails again and again. See its log.`,
    })),
    {
      name: 'LostObjects',
      metric: own('LostObjectCount', Duration.days(1)),
      threshold: 0,
      description: 'Raw objects were in no state and were sent again. If it happens twice: see the event rule.',
    },
  ];
}
