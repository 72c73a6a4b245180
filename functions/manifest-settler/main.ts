import { type GranuleDuration, measureSettlement } from '#core/pipeline/measure-settlement.ts';
import type { SettleResult } from '#core/pipeline/settle.ts';
import { cloudFlow } from '../cloud-flow.ts';
import { readDeploymentName, readFlowConfig, readJobHourUsd } from '../config.ts';
import type { SqsEvent } from '../manifest-batcher/handler.ts';
import { telemetryOf } from '../telemetry.ts';
import { settledReport } from './call-report.ts';
import { onJobEvent } from './handler.ts';

const flow = cloudFlow(readFlowConfig());
const jobHourUsd = readJobHourUsd();
const telemetry = telemetryOf('manifest-settler', readDeploymentName());

/** One end of a job at a time: the queue is FIFO. A settlement that is repeated recognizes itself in the ledger. */
export async function handler(event: SqsEvent): Promise<void> {
  for (const { body } of event.Records) {
    const result = await onJobEvent(flow, body);
    if (result !== null) telemetry.report(settledReport(result, await durationsOf(result), jobHourUsd));
  }
}

async function durationsOf(result: SettleResult): Promise<GranuleDuration[]> {
  if (result.state !== 'settled') return [];
  try {
    return await measureSettlement(flow, result.settlement.manifest_id);
  } catch (error) {
    telemetry.warn('Manifest:Measure:Failed', error);
    return [];
  }
}
