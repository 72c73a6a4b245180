import { withoutSnapshots, withRef, withSnapshot } from './apply-snapshots.ts';
import { applyToStructure, type Change, refuse } from './apply-structure.ts';
import { checkRequirements } from './check-requirements.ts';
import { contradictionIn, lastPartitionId } from './parse-metadata.ts';
import { mainBranch, type TableCommit, type TableMetadata, type TableUpdate } from './table-metadata.ts';

/** Table property and its default: how many older metadata files the log names. */
export const previousVersionsProperty = 'write.metadata.previous-versions-max';
const previousVersionsDefault = 100;

export interface BaseTable {
  readonly metadata: TableMetadata;
  readonly metadataLocation: string;
}

/**
 * The metadata after a commit. Pure: nothing is stored.
 *
 * @param base The table as it is; null for a commit with `assert-create`, which must set location and schema.
 * @param nowMs Becomes `last-updated-ms`, unless a snapshot of the commit is newer.
 * @throws CommitConflictError when a requirement does not hold (retry); FormatError for an update that the specification
 *   forbids (quarantine).
 * @source Apache Iceberg REST catalog OpenAPI, "TableUpdate"
 */
export function applyUpdates(base: BaseTable | null, commit: TableCommit, table: string, nowMs: number): TableMetadata {
  checkRequirements(base?.metadata ?? null, commit, table);
  const start = base?.metadata ?? unborn(commit, table);
  const change = { metadata: start, addedSchemaId: null, addedSpecId: null, addedOrderId: null };
  const state = commit.updates.reduce((each, update) => apply(each, update, table), change as Change);
  const lastUpdatedMs = Math.max(
    Math.floor(nowMs),
    ...state.metadata.snapshots.map((snapshot) => snapshot['timestamp-ms']),
  );
  const metadata: TableMetadata = {
    ...state.metadata,
    'last-updated-ms': Math.max(state.metadata['last-updated-ms'], lastUpdatedMs),
    'metadata-log': base === null ? [] : loggedFiles(base, state.metadata),
  };
  const problem = contradictionIn(metadata);
  if (problem !== null) refuse(table, problem);
  return metadata;
}

function apply(change: Change, update: TableUpdate, table: string): Change {
  const { metadata } = change;
  const having = (part: Partial<TableMetadata>): Change => ({ ...change, metadata: { ...metadata, ...part } });
  switch (update.action) {
    case 'assign-uuid':
      if (metadata['table-uuid'] !== '' && metadata['table-uuid'] !== update.uuid)
        refuse(table, `uuid ${metadata['table-uuid']} for ever, got ${update.uuid}`);
      return having({ 'table-uuid': update.uuid });
    case 'upgrade-format-version':
      if (update['format-version'] !== 2) refuse(table, `format version 2, got ${update['format-version']}`);
      return having({ 'format-version': 2 });
    case 'set-location':
      return having({ location: update.location });
    case 'set-properties':
      return having({ properties: { ...metadata.properties, ...update.updates } });
    case 'remove-properties':
      return having({ properties: without(metadata.properties, update.removals) });
    case 'add-snapshot':
      return having(withSnapshot(metadata, update.snapshot, table));
    case 'set-snapshot-ref': {
      const { action: _action, 'ref-name': name, ...ref } = update;
      return having(withRef(metadata, name, ref, table));
    }
    case 'remove-snapshot-ref':
      return having({
        refs: without(metadata.refs, [update['ref-name']]),
        ...(update['ref-name'] === mainBranch ? { 'current-snapshot-id': null } : {}),
      });
    case 'remove-snapshots':
      return having(withoutSnapshots(metadata, update['snapshot-ids'], table));
    case 'set-statistics':
    case 'remove-statistics':
    case 'set-partition-statistics':
    case 'remove-partition-statistics':
      return having(statisticsAfter(metadata, update));
    default:
      return applyToStructure(change, update, table);
  }
}

type StatisticsUpdate = Extract<
  TableUpdate,
  {
    action: 'set-statistics' | 'remove-statistics' | 'set-partition-statistics' | 'remove-partition-statistics';
  }
>;

function statisticsAfter(metadata: TableMetadata, update: StatisticsUpdate): Partial<TableMetadata> {
  const isPartition = update.action === 'set-partition-statistics' || update.action === 'remove-partition-statistics';
  const key = isPartition ? 'partition-statistics' : 'statistics';
  const added =
    update.action === 'set-statistics'
      ? update.statistics
      : update.action === 'set-partition-statistics'
        ? update['partition-statistics']
        : null;
  const snapshotId = added?.['snapshot-id'] ?? (update as { 'snapshot-id': bigint })['snapshot-id'];
  const others = (metadata[key] ?? []).filter((each) => each['snapshot-id'] !== snapshotId);
  return { [key]: added === null ? others : [...others, added] };
}

function loggedFiles(base: BaseTable, metadata: TableMetadata): TableMetadata['metadata-log'] {
  const wanted = Number(metadata.properties[previousVersionsProperty] ?? previousVersionsDefault);
  const keep = Number.isSafeInteger(wanted) && wanted >= 1 ? wanted : previousVersionsDefault;
  const entry = { 'metadata-file': base.metadataLocation, 'timestamp-ms': base.metadata['last-updated-ms'] };
  return [...base.metadata['metadata-log'], entry].slice(-keep);
}

/** The table that a commit with `assert-create` starts from. */
function unborn(commit: TableCommit, table: string): TableMetadata {
  if (!commit.requirements.some((requirement) => requirement.type === 'assert-create'))
    refuse(table, 'requirement assert-create for a table that does not exist, got none');
  return {
    'format-version': 2,
    'table-uuid': '',
    location: '',
    'last-sequence-number': 0n,
    'last-updated-ms': 0,
    'last-column-id': 0,
    schemas: [],
    'current-schema-id': -1,
    'partition-specs': [],
    'default-spec-id': -1,
    'last-partition-id': lastPartitionId([]),
    'sort-orders': [],
    'default-sort-order-id': -1,
    properties: {},
    'current-snapshot-id': null,
    snapshots: [],
    'snapshot-log': [],
    'metadata-log': [],
    refs: {},
  };
}

function without<T>(from: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => !names.includes(name)));
}
