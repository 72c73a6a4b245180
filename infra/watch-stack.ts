import { Stack, type StackProps } from 'aws-cdk-lib';
import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import { flowWatches, functionWatches, queueWatches } from './alarms.ts';
import { addDashboard } from './dashboard.ts';
import type { Deployment } from './deployment.ts';
import type { EdgeStack } from './edge-stack.ts';
import type { ProcessingStack } from './processing-stack.ts';
import type { StorageStack } from './storage-stack.ts';

export interface WatchStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly storage: StorageStack;
  readonly processing: ProcessingStack;
  readonly edge: EdgeStack | null;
}

/** Alarms that ask for a person, one dashboard and the budget. */
export class WatchStack extends Stack {
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, { deployment, storage, processing, edge, ...props }: WatchStackProps) {
    super(scope, id, props);
    const topic = new Topic(this, 'Alarms', { masterKey: storage.key, enforceSSL: true });
    topic.addSubscription(new EmailSubscription(deployment.alarm_email));
    const action = new SnsAction(topic);
    const watches = [
      ...queueWatches(deployment, storage),
      ...flowWatches(deployment),
      ...functionWatches(processing.functions),
      ...(edge?.watches ?? []),
    ];
    this.alarms = watches.map(({ name, metric, threshold, description, comparison, missing }) => {
      const alarm = new Alarm(this, name, {
        metric,
        threshold,
        alarmName: `${deployment.name}-${name}`,
        alarmDescription: `${description} Runbook: docs/runbooks/alarms.md, ${name}.`,
        evaluationPeriods: 1,
        comparisonOperator: comparison ?? ComparisonOperator.GREATER_THAN_THRESHOLD,
        treatMissingData: missing ?? TreatMissingData.NOT_BREACHING,
      });
      alarm.addAlarmAction(action);
      return alarm;
    });
    addDashboard(this, deployment, watches);
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
