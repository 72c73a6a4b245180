import { oldestWaitingMs } from '#core/pipeline/observe-flow.ts';
import { cloudFlow } from '../cloud-flow.ts';
import { readDeploymentName, readFlowConfig } from '../config.ts';
import { telemetryOf } from '../telemetry.ts';
import { packedReport, takenReport } from './call-report.ts';
import { onBatcherEvent, type PackEvent, type SqsBatchResponse, type SqsEvent } from './handler.ts';

/** Once for all calls of one Lambda environment. */
const flow = cloudFlow(readFlowConfig());
const telemetry = telemetryOf('manifest-batcher', readDeploymentName());

/** Messages of the object queue, or a schedule that makes manifests. A call that is repeated finds its work in the ledger. */
export async function handler(
  event: SqsEvent | PackEvent,
  call: { getRemainingTimeInMillis(): number },
): Promise<SqsBatchResponse | undefined> {
  const answer = await onBatcherEvent(flow, event, () => call.getRemainingTimeInMillis());
  if ('batchItemFailures' in answer) {
    telemetry.report(takenReport('Records' in event ? event.Records.length : 0, answer));
    return answer;
  }
  try {
    telemetry.report(packedReport(answer, await oldestWaitingMs(flow)));
  } catch (error) {
    telemetry.warn('Manifests:Measure:Failed', error);
  }
  return undefined;
}
