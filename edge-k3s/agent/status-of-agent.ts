import type { AgentStatus, CaptureStatus } from '#core/edge/agent-status.ts';
import type { CaptureRecord } from '#core/ports/capture-index.ts';
import { type GranuleReport, granuleReportSchema } from '#schemas/edge-report.ts';
import type { SpoolFolder } from '../spool-folder.ts';
import type { FieldAgent } from './field-agent.ts';

/** State of the link as the page shows it. */
export type LinkState = AgentStatus['link'];

/** A page shows so many captures. */
const shownCaptureCountMax = 50;

export interface StatusParts {
  readonly deviceId: string;
  readonly nowMs: number;
  readonly startedMs: number;
  readonly link: LinkState;
  readonly folder: SpoolFolder;
  readonly agent: FieldAgent;
}

export function statusOfAgent({ deviceId, nowMs, startedMs, link, folder, agent }: StatusParts): AgentStatus {
  const { partCount, sizeBytes, budgetBytes } = folder.spool.totals();
  const local = folder.captures.withRaw('local');
  const waiting = folder.spool.waitingPartCounts();
  const known = folder.captures
    .latest(shownCaptureCountMax)
    .map((record) => captureStatus(record, waiting, folder, agent));
  return {
    deviceId,
    nowMs,
    startedMs,
    link,
    spool: { partCount, sizeBytes, budgetBytes, isStopped: agent.isStopped },
    raw: {
      localCount: local.length,
      localBytes: local.reduce((sum, { rawBytes }) => sum + rawBytes, 0),
      freeBytes: folder.freeBytes(),
    },
    captures: [...refusedCaptures(agent), ...known].slice(0, shownCaptureCountMax),
  };
}

function captureStatus(
  { granuleKey, state, reason, rawState, rawBytes, report }: CaptureRecord,
  waiting: ReadonlyMap<string, number>,
  { spool }: SpoolFolder,
  agent: FieldAgent,
): CaptureStatus {
  return {
    granuleKey,
    state: agent.making === granuleKey ? 'making' : state,
    reason: reason ?? agent.repair.failures.get(granuleKey) ?? null,
    rawState,
    rawBytes,
    product: report === null ? null : productOf(report, waiting.get(granuleKey) ?? 0),
    hasQuicklook: spool.quicklookOf(granuleKey) !== null,
  };
}

function productOf(text: string, waitingPartCount: number): CaptureStatus['product'] {
  const report: GranuleReport = granuleReportSchema.parse(JSON.parse(text));
  return {
    partCount: report.part_count,
    waitingPartCount,
    sizeBytes: report.size_bytes,
    compressionRatio: report.compression_ratio,
    ndviRmse: report.ndvi_rmse,
    ndviMean: report.ndvi_mean,
  };
}

/** Not captured at all: no other record tells of them. */
function refusedCaptures({ refused }: FieldAgent): CaptureStatus[] {
  return [...refused].map(([name, reason]) => ({
    granuleKey: name,
    state: 'failed',
    reason,
    rawState: 'local',
    rawBytes: 0,
    product: null,
    hasQuicklook: false,
  }));
}
