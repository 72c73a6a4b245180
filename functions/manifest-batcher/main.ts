import { cloudFlow } from '../cloud-flow.ts';
import { readFlowConfig } from '../config.ts';
import { onEvents, onSchedule, type SqsBatchResponse, type SqsEvent } from './handler.ts';

/** Once for all calls of one Lambda environment. */
const flow = cloudFlow(readFlowConfig());

/** Messages of the object queue, or the schedule that sends what waits. */
export async function handler(event: SqsEvent | { readonly flush: true }): Promise<SqsBatchResponse | undefined> {
  if (!('flush' in event)) return onEvents(flow, event);
  await onSchedule(flow);
}
