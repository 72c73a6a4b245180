import { createHash } from 'node:crypto';
import type { TableDefinition } from '#schemas/table-definition.ts';
import { tableName } from '#schemas/table-definition.ts';
import { FormatError } from '../../errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { type AvroRecord, fieldKey } from '../avro/avro-value.ts';
import { recordOfDataFile } from './data-file-record.ts';
import { type Evolution, evolveSchema } from './evolve-schema.ts';
import { type LiveFilesContext, refuseLivePaths, removeLivePaths } from './live-files.ts';
import {
  type CopiedManifest,
  encodeManifest,
  entryStatus,
  type ManifestContext,
  type ManifestEntry,
} from './manifest.ts';
import { encodeManifestList, type ManifestFile, mayHoldLiveFiles } from './manifest-list.ts';
import type { ManifestReader } from './manifest-reader.ts';
import { clusterManifests, mergeSmallManifests } from './merge-manifests.ts';
import { partitionGuess } from './partition.ts';
import type { TableChange } from './publish.ts';
import { snapshotSummary } from './snapshot-summary.ts';
import { withShortBounds } from './string-bounds.ts';
import { keyOf } from './table-location.ts';
import {
  currentSnapshot,
  defaultSpec,
  mainBranch,
  type PartitionSpec,
  type Snapshot,
  type SnapshotRef,
  snapshotById,
  type TableCommit,
  type TableMetadata,
  type TableUpdate,
} from './table-metadata.ts';

export interface StageContext {
  readonly warehouse: ObjectStore;
  readonly reader: ManifestReader;
  readonly cleared: Set<string>;
  readonly nowMs: number;
  readonly attempt: number;
}

export interface StagedSnapshot {
  readonly snapshotId: bigint;
  /** The commit as a value: nothing is visible before a catalog takes it. */
  readonly commit: TableCommit;
}

/**
 * Writes the manifests and the manifest list of one change on top of `metadata`, and says what to commit. Earlier
 * manifests are referenced as they are, unless they hold a removed file or there are too many.
 *
 * Names of the written files hold a hash of their bytes: a twin of this process can only write the same bytes again.
 */
export async function stageSnapshot(
  metadata: TableMetadata,
  table: TableDefinition,
  change: TableChange,
  context: StageContext,
): Promise<StagedSnapshot> {
  const branch = change.branch ?? mainBranch;
  const head = metadata.refs[branch];
  const parent = head === undefined ? currentSnapshot(metadata) : snapshotById(metadata, head['snapshot-id']);
  const evolution = evolveSchema(metadata, table, change.extraColumns);
  const snapshotId = newSnapshotId(metadata, change.commitId, parent);
  const sequenceNumber = metadata['last-sequence-number'] + 1n;
  const spec = defaultSpec(metadata);
  const schemas = [...metadata.schemas.filter((each) => each !== evolution.schema), evolution.schema];
  const { reader } = context;
  const cleared = change.removePaths.length === 0 ? context.cleared : null;
  const live: LiveFilesContext = { reader, cleared, spec, schemas };
  const writer = new ManifestWriter(metadata, { schemas, snapshotId, sequenceNumber }, context.warehouse);

  const earlier = await context.reader.manifestsOf(parent);
  const added = change.addFiles.map((file) => recordOfDataFile(withShortBounds(file, evolution.schema), spec, schemas));
  await refuseLivePaths(added, earlier, live);
  const likely = likelyPartitions(change, spec);
  const removal = await removeLivePaths(change.removePaths, likely, earlier, snapshotId, live);

  const ageOfAdded = change.operation === 'replace' ? removal.newestSequenceNumber : null;
  const manifests: ManifestFile[] = [];
  if (added.length > 0)
    manifests.push(
      await writer.write(
        added.map((file) => newEntry(file, snapshotId, ageOfAdded)),
        spec,
      ),
    );
  for (const { original, entries } of removal.rewritten)
    manifests.push(await writer.write(entries, specOf(metadata, original, table)));
  const gone = new Set(removal.rewritten.map(({ original }) => original));
  const kept = earlier.filter((manifest) => !gone.has(manifest) && mayHoldLiveFiles(manifest));
  const merge = await (change.clusterManifests === true ? clusterManifests : mergeSmallManifests)(kept, {
    spec,
    schemas,
    snapshotId,
    reader,
  });
  for (const { entries, copied } of merge.groups) manifests.push(await writer.write(entries, spec, copied));
  manifests.push(...kept.filter((manifest) => !merge.replaced.has(manifest)));

  const parentSnapshotId = parent?.['snapshot-id'] ?? null;
  const list = encodeManifestList(manifests, { snapshotId, parentSnapshotId, sequenceNumber });
  const snapshot: Snapshot = {
    'snapshot-id': snapshotId,
    ...(parentSnapshotId === null ? {} : { 'parent-snapshot-id': parentSnapshotId }),
    'sequence-number': sequenceNumber,
    // Later than all before: engines differ in which of two snapshots of one moment a time means.
    'timestamp-ms': Math.max(Math.floor(context.nowMs), metadata['last-updated-ms'] + 1),
    'manifest-list': await writer.put(`snap-${snapshotId}-${context.attempt}`, list),
    summary: snapshotSummary({
      parent,
      added,
      removed: removal.removed,
      manifests,
      commitId: change.commitId,
      branch,
      operation: change.operation ?? null,
      extra: change.summary,
    }),
    'schema-id': evolution.schema['schema-id'],
  };
  const properties = change.properties?.set ?? {};
  return { snapshotId, commit: commitOf(metadata, evolution, { branch, head: head ?? null, snapshot, properties }) };
}

interface CommitParts {
  readonly branch: string;
  readonly head: SnapshotRef | null;
  readonly snapshot: Snapshot;
  readonly properties: Readonly<Record<string, string>>;
}

/** What a catalog is asked to do: its requirements tie it to the base that the manifests were written for. */
function commitOf(
  metadata: TableMetadata,
  evolution: Evolution,
  { branch, head, snapshot, properties }: CommitParts,
): TableCommit {
  return {
    requirements: [
      { type: 'assert-table-uuid', uuid: metadata['table-uuid'] },
      { type: 'assert-ref-snapshot-id', ref: branch, 'snapshot-id': head?.['snapshot-id'] ?? null },
      ...evolution.requirements,
    ],
    updates: [
      ...(metadata['format-version'] === 1 ? [upgrade] : []),
      ...evolution.updates,
      ...(Object.keys(properties).length === 0 ? [] : [{ action: 'set-properties', updates: properties } as const]),
      { action: 'add-snapshot', snapshot },
      {
        action: 'set-snapshot-ref',
        'ref-name': branch,
        ...(head ?? { type: 'branch' }),
        'snapshot-id': snapshot['snapshot-id'],
      },
    ],
  };
}

/** Another program's table of version 1 cannot hold what is written here. */
const upgrade: TableUpdate = { action: 'upgrade-format-version', 'format-version': 2 };

/**
 * The first 63 bits of SHA-256(table, commit, base): the same attempt has the same id wherever it is repeated, and an
 * attempt on another base has another.
 */
function newSnapshotId(metadata: TableMetadata, commitId: string, parent: Snapshot | null): bigint {
  for (let count = 0; ; count++) {
    const parts = [metadata['table-uuid'], commitId, String(parent?.['snapshot-id'] ?? 'none'), String(count)];
    const id = createHash('sha256').update(parts.join('\n')).digest().readBigUInt64BE() >> 1n;
    if (id > 0n && snapshotById(metadata, id) === null) return id;
  }
}

/** Sequence numbers are inherited from the manifest list, but for rows that only moved: deletes of their time still apply. */
function newEntry(file: AvroRecord, snapshotId: bigint, sequenceNumber: bigint | null): ManifestEntry {
  return { status: entryStatus.added, snapshotId, sequenceNumber, fileSequenceNumber: null, file };
}

/** Where removed files probably are: their paths say, and what replaces them is most often beside them. */
function likelyPartitions(change: TableChange, spec: PartitionSpec): AvroRecord[] {
  const guesses = change.removePaths.map((path) => partitionGuess(spec.fields, path));
  const partitions = [...guesses, ...change.addFiles.map((file) => file.partition)].filter((each) => each !== null);
  const unique = new Map(partitions.map((partition) => [JSON.stringify(partition), partition]));
  return [...unique.values()].map((partition) =>
    Object.fromEntries(spec.fields.map((field) => [fieldKey(field['field-id']), partition[field.name] ?? null])),
  );
}

function specOf(metadata: TableMetadata, manifest: ManifestFile, table: TableDefinition): PartitionSpec {
  const spec = metadata['partition-specs'].find((each) => each['spec-id'] === manifest.specId);
  if (spec !== undefined) return spec;
  throw new FormatError(
    `Expected a spec with id ${manifest.specId}, got none (${tableName(table)}, ${manifest.path}).`,
  );
}

/** Writes into the table's metadata folder, numbering the manifests of one snapshot. */
class ManifestWriter {
  readonly #metadata: TableMetadata;
  readonly #snapshot: Omit<ManifestContext, 'spec'>;
  readonly #warehouse: ObjectStore;
  #count = 0;

  constructor(metadata: TableMetadata, snapshot: Omit<ManifestContext, 'spec'>, warehouse: ObjectStore) {
    this.#metadata = metadata;
    this.#snapshot = snapshot;
    this.#warehouse = warehouse;
  }

  async write(
    entries: readonly ManifestEntry[],
    spec: PartitionSpec,
    copied: readonly CopiedManifest[] = [],
  ): Promise<ManifestFile> {
    const { bytes, facts } = encodeManifest(entries, { ...this.#snapshot, spec }, copied);
    const path = await this.put(`${this.#snapshot.snapshotId}-m${this.#count++}`, bytes);
    return { path, ...facts };
  }

  async put(name: string, bytes: Uint8Array): Promise<string> {
    const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
    const uri = `${this.#metadata.location.replace(/\/$/, '')}/metadata/${name}-${hash}.avro`;
    await this.#warehouse.put(keyOf(this.#warehouse, uri), bytes);
    return uri;
  }
}
