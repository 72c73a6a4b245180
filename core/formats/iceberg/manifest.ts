import { FormatError } from '../../errors.ts';
import { encodeBlocks, fileOfBlocks } from '../avro/avro-blocks.ts';
import { decodeAvroFile } from '../avro/avro-file.ts';
import { parseAvroSchema } from '../avro/avro-schema.ts';
import { type AvroRecord, type AvroValue, fieldKey } from '../avro/avro-value.ts';
import { dataFileId, statisticsKeys } from './data-file-record.ts';
import { formatJson } from './json-int64.ts';
import {
  blockIndexKey,
  type DescribedBlock,
  formatBlockIndex,
  joinedSummaries,
  sortedByPartition,
} from './manifest-blocks.ts';
import type { FieldSummary, ManifestFile } from './manifest-list.ts';
import { manifestSchema } from './manifest-schema.ts';
import { partitionTypes } from './partition.ts';
import { compareSingleValues, encodeSingleValue, type SingleValue } from './single-value.ts';
import type { PartitionSpec, Schema } from './table-metadata.ts';

export const entryStatus = { existing: 0, added: 1, deleted: 2 } as const;
export type EntryStatus = (typeof entryStatus)[keyof typeof entryStatus];

/** A data file and its part in history. Sequence numbers are null in what this commit adds: the commit gives them. */
export interface ManifestEntry {
  readonly status: EntryStatus;
  /** Snapshot that added the file, or that deleted it. */
  readonly snapshotId: bigint;
  readonly sequenceNumber: bigint | null;
  readonly fileSequenceNumber: bigint | null;
  /** As the writer wrote it, so that nothing is lost when the entry moves to another manifest. */
  readonly file: AvroRecord;
}

/**
 * Entries of a manifest with everything that they inherit from the manifest list filled in.
 * @throws FormatError, TruncatedInputError. Disposition: quarantine.
 * @source Apache Iceberg table specification, "Sequence Number Inheritance"
 */
export function decodeManifest(bytes: Uint8Array, manifest: ManifestFile): ManifestEntry[] {
  return decodeAvroFile(bytes, manifest.path, statisticsKeys).records.map((record) => entryOf(record, manifest));
}

/** The same for one record. */
export function entryOf(record: AvroRecord, manifest: ManifestFile): ManifestEntry {
  const status = record['f0'];
  const file = record['f2'];
  if ((status !== 0 && status !== 1 && status !== 2) || typeof file !== 'object' || file === null)
    throw new FormatError(`Expected a manifest entry, got other fields (${manifest.path}).`);
  const inherited = status === entryStatus.added ? manifest.sequenceNumber : 0n;
  return {
    status,
    snapshotId: (record['f1'] ?? manifest.addedSnapshotId) as bigint,
    sequenceNumber: (record['f3'] ?? inherited) as bigint,
    fileSequenceNumber: (record['f4'] ?? inherited) as bigint,
    file: file as AvroRecord,
  };
}

export interface ManifestContext {
  readonly spec: PartitionSpec;
  /** All schemas of the table, the current one last. */
  readonly schemas: readonly Schema[];
  readonly snapshotId: bigint;
  readonly sequenceNumber: bigint;
}

export interface EncodedManifest {
  readonly bytes: Uint8Array;
  /** The manifest list's entry once it has a path. */
  readonly facts: Omit<ManifestFile, 'path'>;
}

/** Blocks that go over from an earlier manifest, in which every entry is an existing one with its numbers written out. */
export interface CopiedManifest {
  readonly manifest: ManifestFile;
  readonly blocks: readonly DescribedBlock[];
}

/** Blocks can be copied only between manifests that have this text as their schema. */
export function manifestSchemaText(spec: PartitionSpec, schemas: readonly Schema[]): string {
  return JSON.stringify(manifestSchema(spec, schemas));
}

/**
 * A data manifest of version 2. The same entries give the same bytes. One of several blocks says in its header which
 * partitions each holds, so that who seeks one partition reads little of it.
 */
export function encodeManifest(
  entries: readonly ManifestEntry[],
  context: ManifestContext,
  copied: readonly CopiedManifest[] = [],
): EncodedManifest {
  const { spec, schemas, snapshotId, sequenceNumber } = context;
  const types = partitionTypes(spec, schemas);
  const blocks = [...describedBlocks(entries, context, types), ...copied.flatMap((each) => each.blocks)];
  const placed = copied.length === 0 ? blocks : sortedByPartition(blocks, types);
  const schema = schemas.at(-1)!;
  const header = {
    schema: formatJson(schema),
    'schema-id': String(schema['schema-id']),
    'partition-spec': formatJson(spec.fields),
    'partition-spec-id': String(spec['spec-id']),
    'format-version': '2',
    content: 'data',
    ...(placed.length > 1 ? { [blockIndexKey]: formatBlockIndex(placed) } : {}),
  };
  const plain = placed.map(({ block }) => block);
  const bytes = fileOfBlocks(manifestSchemaText(spec, schemas), header, plain, 'deflate');
  const live = entries.filter((entry) => entry.status !== entryStatus.deleted);
  const oldest = [
    ...live.map((entry) => entry.sequenceNumber),
    ...copied.map(({ manifest }) => manifest.minSequenceNumber),
  ];
  const facts = {
    lengthBytes: bytes.length,
    specId: spec['spec-id'],
    content: 'data' as const,
    sequenceNumber,
    minSequenceNumber: oldest.reduce<bigint>(
      (lowest, own) => (own !== null && own < lowest ? own : lowest),
      sequenceNumber,
    ),
    addedSnapshotId: snapshotId,
    ...countsOf(entries, copied),
    partitions: joinedSummaries(
      [
        ...(entries.length > 0 || copied.length === 0 ? [summariesOf(entries, types, spec)] : []),
        ...copied.map(({ manifest }) => manifest.partitions),
      ],
      types,
    ),
  };
  return { bytes, facts };
}

function describedBlocks(
  entries: readonly ManifestEntry[],
  { spec, schemas }: ManifestContext,
  types: readonly string[],
): DescribedBlock[] {
  const records = entries.map((entry) => ({
    f0: entry.status,
    f1: entry.snapshotId,
    f3: entry.sequenceNumber,
    f4: entry.fileSequenceNumber,
    f2: { [dataFileId.content]: 0, ...entry.file },
  }));
  let start = 0;
  return encodeBlocks(parseAvroSchema(manifestSchema(spec, schemas)), records, 'deflate').map((block) => {
    const own = entries.slice(start, start + block.count);
    start += block.count;
    return { block, partitions: summariesOf(own, types, spec) };
  });
}

function countsOf(entries: readonly ManifestEntry[], copied: readonly CopiedManifest[]) {
  const files = [0, 0, 0];
  const rows = [0n, 0n, 0n];
  for (const { status, file } of entries) {
    files[status]!++;
    rows[status]! += BigInt(file[dataFileId.recordCount] as bigint);
  }
  const { existing, added, deleted } = entryStatus;
  for (const { manifest } of copied) {
    files[existing]! += manifest.existingFileCount ?? 0;
    rows[existing]! += manifest.existingRowCount ?? 0n;
  }
  return {
    addedFileCount: files[added]!,
    existingFileCount: files[existing]!,
    deletedFileCount: files[deleted]!,
    addedRowCount: rows[added]!,
    existingRowCount: rows[existing]!,
    deletedRowCount: rows[deleted]!,
  };
}

/** Deleted entries count too: a reader of history must find them. */
function summariesOf(entries: readonly ManifestEntry[], types: readonly string[], spec: PartitionSpec): FieldSummary[] {
  return spec.fields.map((field, index) => {
    const key = fieldKey(field['field-id']);
    return summaryOf(
      entries.map((entry) => (entry.file[dataFileId.partition] as AvroRecord)[key] ?? null),
      types[index]!,
    );
  });
}

function summaryOf(values: readonly AvroValue[], type: string): FieldSummary {
  let lower: SingleValue | null = null;
  let upper: SingleValue | null = null;
  let containsNull = false;
  let containsNan = false;
  for (const value of values) {
    if (value === null) containsNull = true;
    else if (Number.isNaN(value)) containsNan = true;
    else {
      const single = value as SingleValue;
      if (lower === null || compareSingleValues(single, lower) < 0) lower = single;
      if (upper === null || compareSingleValues(single, upper) > 0) upper = single;
    }
  }
  return {
    containsNull,
    containsNan,
    lowerBound: lower === null ? null : encodeSingleValue(type, lower),
    upperBound: upper === null ? null : encodeSingleValue(type, upper),
  };
}
