import { FormatError, NotFoundError } from '../../errors.ts';
import type { LoadedTable } from '../../ports/catalog.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { AvroRecord } from '../avro/avro-value.ts';
import {
  boundsMayMatch,
  isFloating,
  manifestMayMatch,
  mayHoldForNan,
  type PartitionCondition,
  partitionMayMatch,
} from './conditions.ts';
import type { DataFile } from './data-file.ts';
import { boundOf, countOf, dataFileId, dataFileOf } from './data-file-record.ts';
import { type ManifestFile, mayHoldLiveFiles } from './manifest-list.ts';
import { ManifestReader } from './manifest-reader.ts';
import { type ColumnCondition, columnConditions, partitionConditions } from './scan-conditions.ts';
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

/** One condition; a scan's conditions all hold. Dates are `yyyy-mm-dd`, times ISO text or microseconds since 1970. */
export interface Predicate {
  readonly column: string;
  readonly op: '=' | '<' | '<=' | '>' | '>=' | 'in';
  readonly value: string | number | bigint | readonly (string | number | bigint)[];
}

export interface ScanOptions {
  readonly predicates?: readonly Predicate[];
  /** Time travel; the current snapshot by default. */
  readonly snapshotId?: bigint;
}

export interface ScanPlan {
  /** null for a table without snapshots. */
  readonly snapshotId: bigint | null;
  /** Columns of the snapshot's schema. */
  readonly columns: readonly { readonly id: number; readonly name: string; readonly type: IcebergType }[];
  /** Files that may hold matching rows; the rows must still be filtered. */
  readonly files: readonly DataFile[];
  readonly manifestReadCount: number;
  readonly skippedManifestCount: number;
  /** Live files that no row can match in, those of skipped manifests too. */
  readonly skippedFileCount: number;
}

/**
 * The data files that a query must read. Manifests are skipped by their partition summaries, files by their partition
 * values and column bounds; what is not known keeps the file.
 *
 * @throws NotFoundError for a snapshot that the table does not have, FormatError for one with delete files, whose rows
 *   would come back to life if they were ignored (quarantine); ConfigurationError for an impossible predicate (stop).
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
  const conditions = columnConditions(options.predicates ?? [], schema, name).filter((each) => each !== null);
  const reader = new ManifestReader(warehouse);
  const manifests = (await reader.manifestsOf(snapshot)).filter(mayHoldLiveFiles);
  refuseDeleteFiles(manifests, name);
  const bySpec = new Map(
    metadata['partition-specs'].map((spec) => [
      spec['spec-id'],
      { spec, partition: partitionConditions(conditions, spec, metadata.schemas) },
    ]),
  );
  const chosen = manifests.filter((each) => manifestMayMatch(each, specOf(bySpec, each, name).partition));
  const files: DataFile[] = [];
  let skippedFileCount = manifests
    .filter((manifest) => !chosen.includes(manifest))
    .reduce((sum, each) => sum + (each.addedFileCount ?? 0) + (each.existingFileCount ?? 0), 0);
  await reader.visitLive(chosen, (entries, manifest) => {
    const { spec, partition } = specOf(bySpec, manifest, name);
    for (const { file } of entries) {
      if (fileMayMatch(file, partition, conditions)) files.push(dataFileOf(file, spec));
      else skippedFileCount++;
    }
    return false;
  });
  return {
    snapshotId: snapshot?.['snapshot-id'] ?? null,
    columns: schema.fields.map(({ id, name: column, type }) => ({ id, name: column, type })),
    files,
    manifestReadCount: chosen.length,
    skippedManifestCount: manifests.length - chosen.length,
    skippedFileCount,
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

function refuseDeleteFiles(manifests: readonly ManifestFile[], table: string): void {
  const deletes = manifests.find((manifest) => manifest.content === 'deletes');
  if (deletes !== undefined)
    throw new FormatError(
      `Expected data files only, got delete files (${table}, ${deletes.path}). Another program deleted rows: compact the table with it first.`,
      { table, manifest: deletes.path },
    );
}

function specOf(
  bySpec: ReadonlyMap<number, { spec: PartitionSpec; partition: PartitionCondition[] }>,
  manifest: ManifestFile,
  table: string,
): { spec: PartitionSpec; partition: PartitionCondition[] } {
  const found = bySpec.get(manifest.specId);
  if (found !== undefined) return found;
  throw new FormatError(`Expected a partition spec with id ${manifest.specId}, got none (${table}, ${manifest.path}).`);
}

/** False only when no row of the file can meet all conditions. */
function fileMayMatch(
  file: AvroRecord,
  partition: readonly PartitionCondition[],
  conditions: readonly ColumnCondition[],
): boolean {
  const values = file[dataFileId.partition] as AvroRecord;
  return partitionMayMatch(values, partition) && conditions.every((each) => columnMayMatch(file, each));
}

function columnMayMatch(file: AvroRecord, { column, type, condition }: ColumnCondition): boolean {
  const valueCount = countOf('valueCounts', file, column.id);
  const nullCount = countOf('nullValueCounts', file, column.id);
  if (valueCount !== null && valueCount === nullCount) return false;
  const mayHoldNan = isFloating(type) && countOf('nanValueCounts', file, column.id) !== 0n;
  if (mayHoldNan && mayHoldForNan(condition.operator)) return true;
  const lower = boundOf('lowerBounds', file, column.id);
  const upper = boundOf('upperBounds', file, column.id);
  return boundsMayMatch(
    lower === null ? null : decodeSingleValue(type, lower),
    upper === null ? null : decodeSingleValue(type, upper),
    condition,
  );
}
