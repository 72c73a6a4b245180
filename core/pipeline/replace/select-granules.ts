import { type GranuleState, granuleStateSchema } from '#schemas/granule-state.ts';
import { controlKeys, parseRawKey } from '#schemas/object-keys.ts';
import { ConfigurationError } from '../../errors.ts';
import { ledgerParallelCount } from '../../limits.ts';
import { compareKeys } from '../../ports/object-key.ts';
import type { FlowContext, TableView } from '../flow-context.ts';
import { inParallel } from '../in-parallel.ts';
import { readRecord } from '../ledger.ts';
import { rowsInTables } from '../rows-in-tables.ts';

/** Which settled granules; what is null or false does not matter, and all that is given must hold. */
export interface GranuleSelection {
  readonly payload: string;
  /** Granule key, or its last part. */
  readonly granule: string | null;
  /** Start of the granule key. */
  readonly prefix?: string | null;
  /** Calibration id, or the first 8 and more of its digits; the id of a bronze group counts too. */
  readonly calibration: string | null;
  /** Raw key of a reference cube or plot set, with or without extension. */
  readonly reference: string | null;
  readonly sensorId: string | null;
  readonly farmId: string | null;
  /** Dates of acquisition, `yyyy-mm-dd`, both included. */
  readonly fromDate: string | null;
  readonly toDate: string | null;
  /** Only granules whose rows were rolled back. */
  readonly isRolledBack: boolean;
}

/** Settled granules that a selection names, by what their jobs said went into them; in the order of their keys. */
export async function selectGranules(
  context: FlowContext & TableView,
  selection: GranuleSelection,
): Promise<GranuleState[]> {
  if (selection.calibration !== null && !/^[0-9a-f]{8,32}$/.test(selection.calibration)) {
    throw new ConfigurationError(
      `Expected a calibration id of 8 to 32 hexadecimal digits, got "${selection.calibration}". "cubelake reprocess --all --dry-run" shows them.`,
    );
  }
  const keys: string[] = [];
  for await (const { key } of context.warehouse.list(controlKeys.granulePrefix)) keys.push(key);
  const records = await inParallel(keys, ledgerParallelCount, (key) =>
    readRecord(context.warehouse, key, granuleStateSchema),
  );
  const found = records.flatMap((record) =>
    record !== null && isSelected(record.value, selection) ? [record.value] : [],
  );
  found.sort((left, right) => compareKeys(left.granule_key, right.granule_key));
  if (!selection.isRolledBack) return found;
  const rows = await rowsInTables(context, context.payloads);
  const lacking = await inParallel(found, ledgerParallelCount, (state) => rows.tableWithout(state));
  return found.filter((_, position) => lacking[position] !== null);
}

function isSelected(state: GranuleState, selection: GranuleSelection): boolean {
  const { granule_key: granuleKey, provenance } = state;
  if (state.payload !== selection.payload) return false;
  const { granule, prefix, calibration, reference, sensorId, farmId, fromDate, toDate } = selection;
  const key = parseRawKey(`${granuleKey}.x`);
  const isWanted = (wanted: string | null, holds: (wanted: string) => boolean): boolean =>
    wanted === null || holds(wanted);
  return (
    isWanted(granule, (wanted) => granuleKey === wanted || granuleKey.endsWith(`/${wanted}`)) &&
    isWanted(prefix ?? null, (wanted) => granuleKey.startsWith(wanted)) &&
    isWanted(calibration, (wanted) => usesCalibration(provenance, wanted)) &&
    isWanted(reference, (wanted) => usesReference(provenance, wanted)) &&
    isWanted(sensorId, (wanted) => provenance?.sensor_id === wanted) &&
    isWanted(farmId, (wanted) => key?.farmId === wanted) &&
    isWanted(fromDate, (wanted) => key !== null && key.date >= wanted) &&
    isWanted(toDate, (wanted) => key !== null && key.date <= wanted)
  );
}

function usesCalibration(provenance: GranuleState['provenance'], id: string): boolean {
  if (provenance === undefined) return false;
  return provenance.calibration_id.startsWith(id) || provenance.bronze.includes(`/${id}`);
}

function usesReference(provenance: GranuleState['provenance'], key: string): boolean {
  return provenance?.references.some((part) => part.key === key || part.key.startsWith(`${key}.`)) ?? false;
}
