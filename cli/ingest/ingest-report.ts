import { CubelakeError, type Disposition } from '#core/errors.ts';
import type { FlowContext, TableView } from '#core/pipeline/flow-context.ts';
import { granuleOfObject } from '#core/pipeline/granule-assembly.ts';
import type { GranuleStatus } from '#core/pipeline/granule-status.ts';
import { readQuarantine } from '#core/pipeline/quarantine.ts';
import { status } from '#core/pipeline/status.ts';

/** What became of the granules that one command was about. */
export interface IngestReport {
  readonly completeCount: number;
  readonly waiting: readonly { readonly granuleKey: string; readonly missing: string }[];
  /** Still at work, in another process that took them. */
  readonly running: readonly { readonly granuleKey: string; readonly state: string }[];
  readonly failed: readonly FailedGranule[];
  /** Their jobs have ended, and their rows could not be brought into the tables: that is tried again. */
  readonly unsettled: readonly FailedGranule[];
}

export interface FailedGranule {
  readonly granuleKey: string;
  readonly reason: string;
  readonly disposition: Disposition;
}

/** Granules that a set of raw objects belongs to. */
export function granuleKeysOf(
  lake: Pick<FlowContext, 'payloads'>,
  objects: readonly { readonly key: string }[],
): string[] {
  const keys = objects.map(({ key }) => granuleOfObject(lake.payloads, key)?.granuleKey ?? null);
  return [...new Set(keys.filter((key) => key !== null))];
}

export async function ingestReport(
  lake: FlowContext & TableView,
  granuleKeys: readonly string[],
): Promise<IngestReport> {
  const wanted = new Set(granuleKeys);
  const granules = (await status(lake)).granules.filter((granule) => wanted.has(granule.granuleKey));
  const of = (name: GranuleStatus['status']) => granules.filter((granule) => granule.status === name);
  const failed = of('failed').map(async ({ granuleKey, reason }) => {
    const record = await readQuarantine(lake, granuleKey);
    return {
      granuleKey,
      reason: record?.value.reason ?? reason ?? 'unknown',
      disposition: record?.value.disposition ?? ('quarantine' as const),
    };
  });
  return {
    completeCount: of('complete').length,
    waiting: of('waiting').map(({ granuleKey, reason }) => ({ granuleKey, missing: reason ?? 'its event' })),
    running: of('running')
      .filter(({ settlementFailure }) => !settlementFailure)
      .map(({ granuleKey, reason }) => ({ granuleKey, state: reason ?? 'its job runs' })),
    failed: await Promise.all(failed),
    unsettled: granules.flatMap(({ granuleKey, settlementFailure }) => {
      if (!settlementFailure) return [];
      const { reason, disposition } = settlementFailure;
      return [{ granuleKey, reason: `not settled: ${reason}`, disposition }];
    }),
  };
}

export function reportText({ completeCount, waiting, running, failed, unsettled }: IngestReport): string {
  const notSettled = unsettled.length === 0 ? '' : `, ${unsettled.length} not settled`;
  const others = running.length === 0 ? '' : `, ${running.length} running in another process`;
  return [
    `${completeCount} granules complete, ${failed.length} failed, ${waiting.length} waiting${notSettled}${others}`,
    ...waiting.map(({ granuleKey, missing }) => `waiting: ${granuleKey} lacks ${missing}`),
    ...running.map(({ granuleKey, state }) => `running: ${granuleKey}: ${state}`),
  ].join('\n');
}

/** The first failure decides the exit code; all are told. @throws CubelakeError */
export function requireSuccess({ failed, unsettled }: IngestReport): void {
  const all = [...failed, ...unsettled];
  const [first] = all;
  if (first === undefined) return;
  const reasons = all.map(({ granuleKey, reason }) => `${granuleKey}: ${reason}`);
  throw new CubelakeError(reasons.join('\ncubelake: '), first.disposition);
}
