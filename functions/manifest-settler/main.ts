import { cloudFlow } from '../cloud-flow.ts';
import { readFlowConfig } from '../config.ts';
import type { SqsEvent } from '../manifest-batcher/handler.ts';
import { onJobEvent } from './handler.ts';

const flow = cloudFlow(readFlowConfig());

/** One end of a job at a time: the queue is FIFO. */
export async function handler(event: SqsEvent): Promise<void> {
  for (const { body } of event.Records) await onJobEvent(flow, body);
}
