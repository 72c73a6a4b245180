import { FormatError, NotFoundError } from '../../errors.ts';
import type { LoadedTable } from '../../ports/catalog.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { AvroRecord } from '../avro/avro-value.ts';
import {
  boundsMayMatch,
  isFloating,
  mayHoldForNan,
  type PartitionCondition,
  partitionMayMatch,
  summariesMayMatch,
} from './conditions.ts';
import type { DataFile } from './data-file.ts';
import { boundOf, countOf, dataFileId, dataFileOf } from './data-file-record.ts';
import { type DeleteFile, DeleteIndex, partitionKeyOf } from './delete-files.ts';
import type { ManifestEntry } from './manifest.ts';
import { type ManifestFile, mayHoldLiveFiles } from './manifest-list.ts';
import { ManifestReader, type PartitionFilter } from './manifest-reader.ts';
import { partitionConditions } from './partition-projection.ts';
import {
  type BoundFilter,
  bindFilter,
  type ColumnCondition,
  conditionsIn,
  type Filter,
  filterMayHold,
  type Predicate,
} from './scan-conditions.ts';
import { decodeSingleValue } from './single-value.ts';
import {
  currentSchema,
  currentSnapshot,
  type IcebergType,
  type PartitionSpec,
  type Schema,
  type Snapshot,
  snapshotById,
  type TableMetadata,
} from './table-metadata.ts';

export type { DeleteFile } from './delete-files.ts';
export type { Filter, Predicate } from './scan-conditions.ts';

export interface ScanOptions {
  /** All of these and `filter` hold for the rows that are wanted. */
  readonly predicates?: readonly Predicate[];
  readonly filter?: Filter;
  /** Time travel; the current snapshot by default. */
  readonly snapshotId?: bigint;
  /** `apply`: the caller takes `deletes` out of each file's rows. By default a file with deleted rows is refused. */
  readonly deletes?: 'apply' | 'refuse';
  /** Field ids whose counts and bounds the files come with; all by default. They are most of the work of a large plan. */
  readonly statisticsOf?: ReadonlySet<number>;
  /** Remembers manifests from one plan to the next; a new one by default. */
  readonly reader?: ManifestReader;
}

/** A data file to read, and what was deleted from it. */
export interface PlannedFile extends DataFile {
  /** Data sequence number: files of later commits have greater ones. */
  readonly sequenceNumber: bigint;
  /** Equal for files of one partition of one spec. */
  readonly partitionKey: string;
  readonly deletes: readonly DeleteFile[];
}

export interface ScanPlan {
  /** null for a table without snapshots. */
  readonly snapshotId: bigint | null;
  /** Columns of the snapshot's schema. */
  readonly columns: readonly { readonly id: number; readonly name: string; readonly type: IcebergType }[];
  /** Files that may hold matching rows; the rows must still be filtered. */
  readonly files: readonly PlannedFile[];
  readonly manifestReadCount: number;
  readonly skippedManifestCount: number;
  /** Live files that no row can match in, those of skipped manifests too. */
  readonly skippedFileCount: number;
}

/** A spec, and what each condition of the filter says of its partition values. */
interface SpecConditions {
  readonly spec: PartitionSpec;
  readonly partition: ReadonlyMap<ColumnCondition, readonly PartitionCondition[]>;
}

/**
 * The data files that a query must read, and the delete files that apply to each. Manifests are skipped by their partition
 * summaries, files by their partition values and column bounds; what is not known keeps the file.
 *
 * @throws NotFoundError for a snapshot that the table does not have; ConfigurationError for an impossible predicate (stop);
 *   FormatError for data files that are not Parquet, for delete files of unknown kinds and, unless the caller applies
 *   deletes, for any that apply: rows would come back to life if they were ignored (quarantine).
 */
export async function planScan(
  table: LoadedTable,
  warehouse: ObjectStore,
  options: ScanOptions = {},
): Promise<ScanPlan> {
  const { metadata, identifier } = table;
  const name = `${identifier.namespace}.${identifier.name}`;
  const snapshot = chosenSnapshot(metadata, options.snapshotId, name);
  const schema = schemaOf(metadata, snapshot);
  const given: Filter = {
    all: [...(options.predicates ?? []), ...(options.filter === undefined ? [] : [options.filter])],
  };
  const filter = bindFilter(given, schema, name);
  const specs = specConditions(metadata, filter);
  const reader = options.reader ?? new ManifestReader(warehouse);
  const manifests = (await reader.manifestsOf(snapshot)).filter(mayHoldLiveFiles);
  const mayHold: PartitionFilter = (partitions, manifest) => {
    const { partition } = specOf(specs, manifest, name);
    return filterMayHold(filter, (condition) => summariesMayMatch(partitions, partition.get(condition)!));
  };
  const chosen = manifests.filter((manifest) => mayHold(manifest.partitions, manifest));
  const isData = ({ content }: ManifestFile) => content === 'data';
  const deletes = new DeleteIndex(unpartitionedSpecs(metadata));
  await reader.visitLive(
    chosen.filter((manifest) => !isData(manifest)),
    (entries, { specId }) => {
      for (const entry of entries) deletes.add(entry, specId, name);
      return false;
    },
  );
  const files: PlannedFile[] = [];
  let skippedFileCount = 0;
  for (const each of manifests)
    if (isData(each)) skippedFileCount += (each.addedFileCount ?? 0) + (each.existingFileCount ?? 0);
  const visit = (entries: readonly ManifestEntry[], manifest: ManifestFile) => {
    const { spec, partition } = specOf(specs, manifest, name);
    for (const entry of entries) {
      if (!fileMayMatch(entry.file, filter, partition)) continue;
      files.push(plannedFile(entry, spec, deletes, options.statisticsOf));
      skippedFileCount--;
    }
    return false;
  };
  await reader.visitLive(chosen.filter(isData), visit, mayHold);
  if (options.deletes !== 'apply') refuseDeletes(files, name);
  return {
    snapshotId: snapshot?.['snapshot-id'] ?? null,
    columns: schema.fields.map(({ id, name: column, type }) => ({ id, name: column, type })),
    files,
    manifestReadCount: chosen.length,
    skippedManifestCount: manifests.length - chosen.length,
    skippedFileCount: Math.max(0, skippedFileCount),
  };
}

function chosenSnapshot(metadata: TableMetadata, snapshotId: bigint | undefined, table: string): Snapshot | null {
  if (snapshotId === undefined) return currentSnapshot(metadata);
  const snapshot = snapshotById(metadata, snapshotId);
  if (snapshot !== null) return snapshot;
  throw new NotFoundError(`Expected a snapshot of ${table}, got id ${snapshotId}. It may have been expired.`, {
    table,
  });
}

/** Time travel shows the columns of its time. */
function schemaOf(metadata: TableMetadata, snapshot: Snapshot | null): Schema {
  const id = snapshot?.['schema-id'] ?? null;
  return metadata.schemas.find((schema) => schema['schema-id'] === id) ?? currentSchema(metadata);
}

function specConditions(metadata: TableMetadata, filter: BoundFilter): ReadonlyMap<number, SpecConditions> {
  const conditions = conditionsIn(filter);
  return new Map(
    metadata['partition-specs'].map((spec) => {
      const partition = new Map(conditions.map((each) => [each, partitionConditions(each, spec, metadata.schemas)]));
      return [spec['spec-id'], { spec, partition }];
    }),
  );
}

function specOf(specs: ReadonlyMap<number, SpecConditions>, manifest: ManifestFile, table: string): SpecConditions {
  const found = specs.get(manifest.specId);
  if (found !== undefined) return found;
  throw new FormatError(`Expected a partition spec with id ${manifest.specId}, got none (${table}, ${manifest.path}).`);
}

function unpartitionedSpecs(metadata: TableMetadata): ReadonlySet<number> {
  const specs = metadata['partition-specs'].filter(({ fields }) =>
    fields.every(({ transform }) => transform === 'void'),
  );
  return new Set(specs.map((spec) => spec['spec-id']));
}

/** @throws FormatError for a file that is not Parquet. */
function plannedFile(
  entry: ManifestEntry,
  spec: PartitionSpec,
  deletes: DeleteIndex,
  statisticsOf: ReadonlySet<number> | undefined,
): PlannedFile {
  const file = dataFileOf(entry.file, spec, statisticsOf);
  const format = String(entry.file[dataFileId.format]);
  if (format.toUpperCase() !== 'PARQUET')
    throw new FormatError(
      `Expected Parquet data files, got ${format} (${file.path}). Rewrite the table as Parquet with the program that wrote it.`,
      { path: file.path },
    );
  const partitionKey = partitionKeyOf(spec['spec-id'], entry.file[dataFileId.partition] as AvroRecord);
  const sequenceNumber = entry.sequenceNumber ?? 0n;
  return Object.assign(file, {
    sequenceNumber,
    partitionKey,
    deletes: deletes.appliesTo(file.path, partitionKey, sequenceNumber),
  });
}

function refuseDeletes(files: readonly PlannedFile[], table: string): void {
  const file = files.find(({ deletes }) => deletes.length > 0);
  if (file === undefined) return;
  throw new FormatError(
    `Expected data files without deleted rows, got delete files (${table}, ${file.deletes[0]!.path} for ${file.path}). Another program deleted rows: compact the table with it first.`,
    { table, path: file.path },
  );
}

/** False only when no row of the file can meet the filter. */
function fileMayMatch(
  file: AvroRecord,
  filter: BoundFilter,
  partition: ReadonlyMap<ColumnCondition, readonly PartitionCondition[]>,
): boolean {
  const values = file[dataFileId.partition] as AvroRecord;
  return filterMayHold(
    filter,
    (condition) => partitionMayMatch(values, partition.get(condition)!) && columnMayMatch(file, condition),
  );
}

function columnMayMatch(file: AvroRecord, { column, type, condition }: ColumnCondition): boolean {
  const { operator } = condition;
  const valueCount = countOf('valueCounts', file, column.id);
  const nullCount = countOf('nullValueCounts', file, column.id);
  if (operator === 'is null') return nullCount !== 0n;
  if (valueCount !== null && valueCount === nullCount) return false;
  const mayHoldNan = isFloating(type) && countOf('nanValueCounts', file, column.id) !== 0n;
  if (mayHoldNan && mayHoldForNan(operator)) return true;
  const lower = boundOf('lowerBounds', file, column.id);
  const upper = boundOf('upperBounds', file, column.id);
  return boundsMayMatch(
    lower === null ? null : decodeSingleValue(type, lower),
    upper === null ? null : decodeSingleValue(type, upper),
    condition,
  );
}
