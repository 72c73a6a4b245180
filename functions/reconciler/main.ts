import { cloudFlow } from '../cloud-flow.ts';
import { readDeploymentName, readFlowConfig, readUnsettledMsMax } from '../config.ts';
import { telemetryOf } from '../telemetry.ts';
import { reconcilerReport } from './call-report.ts';
import { onReconcilerEvent, type ReconcilerEvent } from './handler.ts';

const flow = cloudFlow(readFlowConfig());
const unsettledMsMax = readUnsettledMsMax();
const telemetry = telemetryOf('reconciler', readDeploymentName());

export async function handler(event: ReconcilerEvent): Promise<void> {
  telemetry.report(reconcilerReport(await onReconcilerEvent(flow, event, unsettledMsMax)));
}
