import { FormatError } from '../../errors.ts';
import { checkRequirements } from './check-requirements.ts';
import { contradictionIn, highestFieldId, lastPartitionId } from './parse-metadata.ts';
import {
  mainBranch,
  type Snapshot,
  type SnapshotRef,
  snapshotById,
  type TableCommit,
  type TableMetadata,
  type TableUpdate,
} from './table-metadata.ts';

/** Clocks of writers may differ; a snapshot may be this much older than what it follows. @source Iceberg table specification, "Snapshots" */
const clockToleranceMs = 60_000;

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
    'last-updated-ms': Math.max(start['last-updated-ms'], lastUpdatedMs),
    'metadata-log': base === null ? [] : loggedFiles(base, state.metadata),
  };
  const problem = contradictionIn(metadata);
  if (problem !== null) refuse(table, problem);
  return metadata;
}

interface Change {
  readonly metadata: TableMetadata;
  readonly addedSchemaId: number | null;
  readonly addedSpecId: number | null;
  readonly addedOrderId: number | null;
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

type StructureUpdate = Extract<
  TableUpdate,
  {
    action:
      | 'add-schema'
      | 'set-current-schema'
      | 'add-spec'
      | 'set-default-spec'
      | 'add-sort-order'
      | 'set-default-sort-order';
  }
>;

/** Schemas, specs and orders: adding gives an id, a later -1 means what was added last. Equal ones are not added again. */
function applyToStructure(change: Change, update: StructureUpdate, table: string): Change {
  const { metadata } = change;
  switch (update.action) {
    case 'add-schema': {
      const same = metadata.schemas.find((schema) => isSame(schema, update.schema, 'schema-id'));
      if (same !== undefined) return { ...change, addedSchemaId: same['schema-id'] };
      const schema = { ...update.schema, 'schema-id': nextId(metadata.schemas, 'schema-id') };
      const lastColumnId = Math.max(
        metadata['last-column-id'],
        highestFieldId([schema]),
        update['last-column-id'] ?? 0,
      );
      const added = { schemas: [...metadata.schemas, schema], 'last-column-id': lastColumnId };
      return { ...change, metadata: { ...metadata, ...added }, addedSchemaId: schema['schema-id'] };
    }
    case 'set-current-schema': {
      const id = resolved(update['schema-id'], change.addedSchemaId, 'schema', table);
      return { ...change, metadata: { ...metadata, 'current-schema-id': id } };
    }
    case 'add-spec': {
      const same = metadata['partition-specs'].find((spec) => isSame(spec, update.spec, 'spec-id'));
      if (same !== undefined) return { ...change, addedSpecId: same['spec-id'] };
      const spec = { ...update.spec, 'spec-id': nextId(metadata['partition-specs'], 'spec-id') };
      const specs = [...metadata['partition-specs'], spec];
      const lastId = Math.max(metadata['last-partition-id'], lastPartitionId([spec]));
      const added = { 'partition-specs': specs, 'last-partition-id': lastId };
      return { ...change, metadata: { ...metadata, ...added }, addedSpecId: spec['spec-id'] };
    }
    case 'set-default-spec': {
      const id = resolved(update['spec-id'], change.addedSpecId, 'spec', table);
      return { ...change, metadata: { ...metadata, 'default-spec-id': id } };
    }
    case 'add-sort-order': {
      const same = metadata['sort-orders'].find((order) => isSame(order, update['sort-order'], 'order-id'));
      if (same !== undefined) return { ...change, addedOrderId: same['order-id'] };
      // Order 0 is by the specification the table without any order.
      const isUnsorted = update['sort-order'].fields.length === 0;
      const orderId = isUnsorted ? 0 : Math.max(1, nextId(metadata['sort-orders'], 'order-id'));
      const orders = [...metadata['sort-orders'], { ...update['sort-order'], 'order-id': orderId }];
      return { ...change, metadata: { ...metadata, 'sort-orders': orders }, addedOrderId: orderId };
    }
    case 'set-default-sort-order': {
      const id = resolved(update['sort-order-id'], change.addedOrderId, 'sort order', table);
      return { ...change, metadata: { ...metadata, 'default-sort-order-id': id } };
    }
  }
}

function withSnapshot(metadata: TableMetadata, snapshot: Snapshot, table: string): Partial<TableMetadata> {
  const id = snapshot['snapshot-id'];
  const sequenceNumber = snapshot['sequence-number'];
  if (snapshotById(metadata, id) !== null) refuse(table, `a new snapshot id, got ${id} again`);
  if (metadata['format-version'] === 2 && sequenceNumber <= metadata['last-sequence-number'])
    refuse(table, `a sequence number above ${metadata['last-sequence-number']}, got ${sequenceNumber}`);
  const parentId = snapshot['parent-snapshot-id'] ?? null;
  if (parentId !== null && snapshotById(metadata, parentId) === null)
    refuse(table, `a parent in the table, got ${parentId}`);
  const newestMs = Math.max(
    metadata['last-updated-ms'],
    ...metadata['snapshot-log'].map((entry) => entry['timestamp-ms']),
  );
  if (snapshot['timestamp-ms'] < newestMs - clockToleranceMs)
    refuse(table, `a snapshot time of at least ${newestMs - clockToleranceMs} ms, got ${snapshot['timestamp-ms']} ms`);
  return {
    snapshots: [...metadata.snapshots, snapshot],
    'last-sequence-number': sequenceNumber,
    'last-updated-ms': Math.max(metadata['last-updated-ms'], snapshot['timestamp-ms']),
  };
}

function withRef(metadata: TableMetadata, name: string, ref: SnapshotRef, table: string): Partial<TableMetadata> {
  const snapshot = snapshotById(metadata, ref['snapshot-id']);
  if (snapshot === null) refuse(table, `a snapshot of the table for ref ${name}, got ${ref['snapshot-id']}`);
  const before = metadata.refs[name];
  if (before !== undefined && before.type !== ref.type)
    refuse(table, `ref ${name} to stay a ${before.type}, got a ${ref.type}`);
  const refs = { ...metadata.refs, [name]: ref };
  if (name !== mainBranch || metadata['current-snapshot-id'] === ref['snapshot-id']) return { refs };
  // A rollback is logged at the time it happens, not at the time of the old snapshot.
  const timestampMs = Math.max(snapshot['timestamp-ms'], metadata['last-updated-ms']);
  const entry = { 'snapshot-id': ref['snapshot-id'], 'timestamp-ms': timestampMs };
  return {
    refs,
    'current-snapshot-id': ref['snapshot-id'],
    'snapshot-log': [...metadata['snapshot-log'], entry],
  };
}

/** Tags and other branches go with their snapshots, as in other catalogs; the current snapshot cannot go. */
function withoutSnapshots(metadata: TableMetadata, ids: readonly bigint[], table: string): Partial<TableMetadata> {
  const gone = new Set(ids);
  const current = metadata['current-snapshot-id'];
  if (current !== null && gone.has(current))
    refuse(table, `the current snapshot to stay, got its removal (${current})`);
  // A gap in the log would lie to time travel: history before the last removed snapshot goes with it.
  const lastGone = metadata['snapshot-log'].findLastIndex((entry) => gone.has(entry['snapshot-id']));
  const stays = (each: { readonly 'snapshot-id': bigint }) => !gone.has(each['snapshot-id']);
  const { statistics, 'partition-statistics': partitionStatistics } = metadata;
  return {
    snapshots: metadata.snapshots.filter(stays),
    'snapshot-log': metadata['snapshot-log'].slice(lastGone + 1),
    refs: Object.fromEntries(Object.entries(metadata.refs).filter(([, ref]) => stays(ref))),
    ...(statistics === undefined ? {} : { statistics: statistics.filter(stays) }),
    ...(partitionStatistics === undefined ? {} : { 'partition-statistics': partitionStatistics.filter(stays) }),
  };
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

function resolved(id: number, added: number | null, what: string, table: string): number {
  if (id !== -1) return id;
  if (added === null) refuse(table, `a ${what} that this commit added, got none`);
  return added;
}

function nextId<K extends string>(existing: readonly Readonly<Record<K, number>>[], key: K): number {
  return existing.reduce((next, each) => Math.max(next, each[key] + 1), 0);
}

function isSame<K extends string>(a: Readonly<Record<K, number>>, b: Readonly<Record<K, number>>, key: K): boolean {
  return JSON.stringify({ ...a, [key]: 0 }) === JSON.stringify({ ...b, [key]: 0 });
}

function without<T>(from: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => !names.includes(name)));
}

function refuse(table: string, expectation: string): never {
  throw new FormatError(`Expected ${expectation} (commit to ${table}).`, { table });
}
