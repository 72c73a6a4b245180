import { FormatError } from '../../errors.ts';
import { decodeAvroFile, encodeAvroFile } from '../avro/avro-file.ts';
import type { AvroRecord, AvroValue } from '../avro/avro-value.ts';
import { manifestListSchema } from './manifest-schema.ts';

/** One entry of a manifest list: an Iceberg manifest, and what a planner must know to skip it unread. */
export interface ManifestFile {
  readonly path: string;
  readonly lengthBytes: number;
  readonly specId: number;
  readonly content: 'data' | 'deletes';
  readonly sequenceNumber: bigint;
  readonly minSequenceNumber: bigint;
  readonly addedSnapshotId: bigint;
  /** null in lists of version 1 writers that did not count. */
  readonly addedFileCount: number | null;
  readonly existingFileCount: number | null;
  readonly deletedFileCount: number | null;
  readonly addedRowCount: bigint | null;
  readonly existingRowCount: bigint | null;
  readonly deletedRowCount: bigint | null;
  /** One for each field of the spec, in order; null when the writer kept none. */
  readonly partitions: readonly FieldSummary[] | null;
}

export interface FieldSummary {
  readonly containsNull: boolean;
  readonly containsNan: boolean | null;
  /** Single-value serialization; null when every value is NULL or NaN. */
  readonly lowerBound: Uint8Array | null;
  readonly upperBound: Uint8Array | null;
}

/** False only when the counts say that nothing in the manifest is live. */
export function mayHoldLiveFiles(manifest: ManifestFile): boolean {
  return manifest.addedFileCount !== 0 || manifest.existingFileCount !== 0;
}

export interface SnapshotIds {
  readonly snapshotId: bigint;
  readonly parentSnapshotId: bigint | null;
  readonly sequenceNumber: bigint;
}

export function encodeManifestList(manifests: readonly ManifestFile[], ids: SnapshotIds): Uint8Array {
  const header = {
    'snapshot-id': ids.snapshotId.toString(),
    'parent-snapshot-id': String(ids.parentSnapshotId),
    'sequence-number': ids.sequenceNumber.toString(),
    'format-version': '2',
  };
  return encodeAvroFile(manifestListSchema, header, manifests.map(recordOf));
}

function recordOf(manifest: ManifestFile): AvroRecord {
  const partitions = manifest.partitions?.map((summary) => ({
    f509: summary.containsNull,
    f518: summary.containsNan,
    f510: summary.lowerBound,
    f511: summary.upperBound,
  }));
  return {
    f500: manifest.path,
    f501: BigInt(manifest.lengthBytes),
    f502: manifest.specId,
    f517: manifest.content === 'data' ? 0 : 1,
    f515: manifest.sequenceNumber,
    f516: manifest.minSequenceNumber,
    f503: manifest.addedSnapshotId,
    f504: manifest.addedFileCount ?? 0,
    f505: manifest.existingFileCount ?? 0,
    f506: manifest.deletedFileCount ?? 0,
    f512: manifest.addedRowCount ?? 0n,
    f513: manifest.existingRowCount ?? 0n,
    f514: manifest.deletedRowCount ?? 0n,
    f507: partitions ?? null,
  };
}

/** @throws FormatError, TruncatedInputError. Disposition: quarantine. */
export function decodeManifestList(bytes: Uint8Array, name: string): ManifestFile[] {
  return decodeAvroFile(bytes, name).records.map((record) => manifestFileOf(record, name));
}

function manifestFileOf(record: AvroRecord, name: string): ManifestFile {
  const summaries = (record['f507'] ?? null) as readonly AvroRecord[] | null;
  const path = record['f500'];
  const content = record['f517'] ?? 0;
  if (typeof path !== 'string') throw new FormatError(`Expected a manifest path in each entry, got none (${name}).`);
  if (content !== 0 && content !== 1)
    throw new FormatError(`Expected content 0 or 1, got ${String(content)} (${name}).`);
  return {
    path,
    lengthBytes: Number(record['f501']),
    specId: Number(record['f502'] ?? 0),
    content: content === 0 ? 'data' : 'deletes',
    sequenceNumber: longOr(record['f515'], 0n),
    minSequenceNumber: longOr(record['f516'], 0n),
    addedSnapshotId: longOr(record['f503'], 0n),
    addedFileCount: countOf(record['f504']),
    existingFileCount: countOf(record['f505']),
    deletedFileCount: countOf(record['f506']),
    addedRowCount: longOr(record['f512'], null),
    existingRowCount: longOr(record['f513'], null),
    deletedRowCount: longOr(record['f514'], null),
    partitions: summaries?.map(summaryOf) ?? null,
  };
}

function summaryOf(record: AvroRecord): FieldSummary {
  return {
    containsNull: record['f509'] === true,
    containsNan: (record['f518'] ?? null) as boolean | null,
    lowerBound: (record['f510'] ?? null) as Uint8Array | null,
    upperBound: (record['f511'] ?? null) as Uint8Array | null,
  };
}

function longOr<T>(value: AvroValue | undefined, otherwise: T): bigint | T {
  return typeof value === 'bigint' ? value : typeof value === 'number' ? BigInt(value) : otherwise;
}

function countOf(value: AvroValue | undefined): number | null {
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : null;
}
