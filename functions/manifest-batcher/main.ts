import { cloudFlow } from '../cloud-flow.ts';
import { readFlowConfig } from '../config.ts';
import { onBatcherEvent, type PackEvent, type SqsBatchResponse, type SqsEvent } from './handler.ts';

/** Once for all calls of one Lambda environment. */
const flow = cloudFlow(readFlowConfig());

/** Messages of the object queue, or a schedule that makes manifests. */
export async function handler(
  event: SqsEvent | PackEvent,
  call: { getRemainingTimeInMillis(): number },
): Promise<SqsBatchResponse | undefined> {
  const answer = await onBatcherEvent(flow, event, () => call.getRemainingTimeInMillis());
  return 'batchItemFailures' in answer ? answer : undefined;
}
