import type { GranuleDuration } from '#core/pipeline/measure-settlement.ts';
import type { SettleResult } from '#core/pipeline/settle.ts';
import { type CallReport, type Figure, secondsOf } from '../telemetry.ts';

/** Payload whose granules are cubes. */
const cubePayload = 'hyperspectral-cube';
const hourMs = 3_600_000;

/**
 * A settlement counts once: a repeated one says so and has no figures.
 *
 * @param durations Of the settled granules; empty when they could not be measured.
 * @param jobHourUsd What an hour of one job costs. The estimate knows the attempt that succeeded only, not the host's idle time.
 */
export function settledReport(
  result: SettleResult,
  durations: readonly GranuleDuration[],
  jobHourUsd: number,
): CallReport<'manifest-settler'> {
  if (result.state === 'running') return { event: 'Manifest:Settle:Early', facts: {}, figures: [] };
  const { manifest_id: manifestId, ...counts } = result.settlement;
  if (result.state === 'already settled')
    return { event: 'Manifest:Settle:Repeated', facts: { manifestId }, figures: [] };
  return {
    event: 'Manifest:Settle:Done',
    facts: { manifestId, ...counts },
    figures: [
      ['CompleteGranuleCount', counts.complete_count],
      ['FailedGranuleCount', counts.failed_count],
      ['EdgeMismatchCount', counts.edge_beyond_count ?? 0],
      ...durations.flatMap((duration) => figuresOf(duration, jobHourUsd)),
    ],
  };
}

function figuresOf(
  { payload, jobMs, uploadToCommitMs }: GranuleDuration,
  jobHourUsd: number,
): Figure<'manifest-settler'>[] {
  const figures: Figure<'manifest-settler'>[] = [];
  if (uploadToCommitMs !== null) figures.push(['UploadToCommitSeconds', secondsOf(uploadToCommitMs)]);
  if (jobMs === null) return figures;
  figures.push(['JobSeconds', secondsOf(jobMs)]);
  if (payload === cubePayload) figures.push(['CubeCostUsd', (jobMs / hourMs) * jobHourUsd]);
  return figures;
}
