import { type ReconcileReport, reconcile } from '#core/pipeline/status.ts';
import { cloudFlow } from '../cloud-flow.ts';
import { readDeploymentName, readFlowConfig } from '../config.ts';

const deployment = readDeploymentName();
const flow = cloudFlow(readFlowConfig());

/** Daily: brings back what was lost, and tells CloudWatch how much it was. */
export async function handler(): Promise<Pick<ReconcileReport, 'requeued' | 'counts'>> {
  const { requeued, counts } = await reconcile(flow);
  report('LostObjectCount', requeued.length);
  report('FailedGranuleCount', counts.failed);
  return { requeued, counts };
}

/** One metric in CloudWatch's embedded format: a line of the log, no request. */
function report(name: string, value: number): void {
  const metrics = { Namespace: 'Cubelake', Dimensions: [['deployment']], Metrics: [{ Name: name, Unit: 'Count' }] };
  const envelope = { Timestamp: flow.clock.nowMs(), CloudWatchMetrics: [metrics] };
  process.stdout.write(`${JSON.stringify({ _aws: envelope, deployment, [name]: value })}\n`);
}
