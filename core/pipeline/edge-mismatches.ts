import { type EdgeComparison, edgeComparisonSchema } from '#schemas/edge-comparison.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { ledgerParallelCount } from '../limits.ts';
import type { FlowContext } from './flow-context.ts';
import { inParallel } from './in-parallel.ts';
import { readRecord } from './ledger.ts';

export interface EdgeMismatches {
  readonly count: number;
  /** The newest ones. */
  readonly newest: readonly EdgeComparison[];
}

/** Enough to see whether it is one machine. */
const shownCountMax = 10;

/** Granules of which the cloud made something else than the field, beyond tolerance, until they are processed anew. */
export async function edgeMismatches({ warehouse }: Pick<FlowContext, 'warehouse'>): Promise<EdgeMismatches> {
  const listed = await Array.fromAsync(warehouse.list(controlKeys.edgeMismatchPrefix));
  const newest = listed.toSorted((a, b) => b.lastModifiedMs - a.lastModifiedMs).slice(0, shownCountMax);
  const records = await inParallel(newest, ledgerParallelCount, ({ key }) =>
    readRecord(warehouse, key, edgeComparisonSchema),
  );
  return { count: listed.length, newest: records.flatMap((record) => (record === null ? [] : [record.value])) };
}
