import type { PlannedGranule, SettlementPlan } from '#schemas/ledger.ts';
import { parseRawKey } from '#schemas/object-keys.ts';
import { type ColumnDefinition, type TableDefinition, tableName } from '#schemas/table-definition.ts';
import { FormatError } from '../errors.ts';
import type { DataFile } from '../formats/iceberg/data-file.ts';
import type { TableChange } from '../formats/iceberg/publish.ts';
import type { TouchedPartitions } from './flow-context.ts';
import { shortHash } from './granule-version.ts';
import type { Payload } from './payload.ts';

export type CompleteGranule = Extract<PlannedGranule, { verdict: 'complete' }>;

export function completeGranules(plan: SettlementPlan): CompleteGranule[] {
  return plan.granules.filter((granule) => granule.verdict === 'complete');
}

/**
 * One change for every table that the complete granules of a settlement touch, in the order of the payload's tables.
 * @throws FormatError when an outcome names a table that its payload does not have. Disposition: quarantine.
 */
export function tableChanges(
  plan: SettlementPlan,
  payload: Payload,
): { readonly table: TableDefinition; readonly change: TableChange }[] {
  const granules = completeGranules(plan);
  const known = new Set(payload.tables.map(tableName));
  const foreign = granules.flatMap(({ tables }) => tables).find(({ table }) => !known.has(table));
  if (foreign !== undefined) {
    throw new FormatError(`Expected tables ${[...known].join(', ')}, got ${foreign.table} (payload ${payload.name}).`);
  }
  return payload.tables.flatMap((table) => {
    const change = changeOf(plan.manifest_id, tableName(table), granules);
    return change.addFiles.length + change.removePaths.length === 0 ? [] : [{ table, change }];
  });
}

function changeOf(manifestId: string, table: string, granules: readonly CompleteGranule[]): TableChange {
  const columns = new Map<number, ColumnDefinition>();
  const addFiles: DataFile[] = [];
  const removePaths: string[] = [];
  for (const granule of granules) {
    const kept = new Set(granule.kept_paths[table] ?? []);
    removePaths.push(...(granule.remove_paths[table] ?? []));
    for (const staged of granule.tables.filter((candidate) => candidate.table === table)) {
      addFiles.push(...staged.data_files.filter(({ path }) => !kept.has(path)));
      for (const column of staged.extra_columns) {
        columns.set(column.id, { ...column, required: false, metrics: 'none' });
      }
    }
  }
  return {
    commitId: shortHash(`${manifestId}:${table}`),
    extraColumns: [...columns.values()].toSorted((left, right) => left.id - right.id),
    addFiles,
    removePaths,
    summary: { 'cubelake.manifest-id': manifestId, 'cubelake.granule-count': String(granules.length) },
  };
}

/** Farms and dates of the complete granules, as their raw keys tell them. */
export function touchedPartitions(plan: SettlementPlan, tables: readonly string[]): TouchedPartitions {
  const touched = new Map<string, { farmId: string; date: string }>();
  for (const { granule } of completeGranules(plan)) {
    const key = parseRawKey(`${granule.granule_key}.x`);
    if (key !== null) touched.set(`${key.farmId}/${key.date}`, { farmId: key.farmId, date: key.date });
  }
  return { touched: [...touched.values()], tables, commitId: shortHash(`${plan.manifest_id}:derived`) };
}
