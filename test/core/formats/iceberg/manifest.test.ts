import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '#core/errors.ts';
import { decodeAvroFile } from '#core/formats/avro/avro-file.ts';
import { createTableRequest } from '#core/formats/iceberg/create-table.ts';
import type { DataFile } from '#core/formats/iceberg/data-file.ts';
import { dataFileOf, recordOfDataFile } from '#core/formats/iceberg/data-file-record.ts';
import { decodeManifest, encodeManifest, entryStatus, type ManifestEntry } from '#core/formats/iceberg/manifest.ts';
import { decodeManifestList, encodeManifestList, type ManifestFile } from '#core/formats/iceberg/manifest-list.ts';
import { keyOf, uriOf } from '#core/formats/iceberg/table-location.ts';
import { dataFile, plots } from './small-table.ts';

const request = createTableRequest(plots);
const schemas = [request.schema];
const spec = request['partition-spec']!;
const warehouse = { rootUri: 'memory://lake' } as Parameters<typeof dataFile>[0];
const context = { spec, schemas, snapshotId: 77n, sequenceNumber: 5n };

function entry(file: DataFile, parts: Partial<ManifestEntry> = {}): ManifestEntry {
  const record = recordOfDataFile(file, spec, schemas);
  const added = { snapshotId: 77n, sequenceNumber: null, fileSequenceNumber: null };
  return { status: entryStatus.added, ...added, file: record, ...parts };
}

describe('a manifest', () => {
  it('says in its header what the specification asks for', () => {
    const { bytes } = encodeManifest([entry(dataFile(warehouse, 'a'))], context);
    const { metadata } = decodeAvroFile(bytes, 'm');
    expect(JSON.parse(metadata.get('schema')!)).toEqual(schemas[0]);
    expect(JSON.parse(metadata.get('partition-spec')!)).toEqual(spec.fields);
    const others = ['partition-spec-id', 'schema-id', 'format-version', 'content'].map((key) => metadata.get(key));
    expect(others).toEqual(['0', '0', '2', 'data']);
  });

  it('has the field ids of the specification', () => {
    const { bytes } = encodeManifest([], context);
    const ids = [
      ...decodeAvroFile(bytes, 'm')
        .metadata.get('avro.schema')!
        .matchAll(/"field-id":(\d+)/g),
    ].map((each) => Number(each[1]));
    // Iceberg table specification, "Manifests": manifest_entry, data_file, its maps; 1000 and 1001 are the partition.
    const data = [134, 100, 101, 102, 1000, 1001, 103, 104, 108, 117, 118, 109, 119, 120, 110, 121, 122, 137, 138, 139];
    const more = [125, 126, 127, 128, 129, 130, 131, 132, 135, 140, 143];
    expect(ids.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, ...data, ...more].toSorted((a, b) => a - b));
  });

  it('counts by status, and its summaries enclose all partitions', () => {
    const files = [
      entry(dataFile(warehouse, 'a', { farm: 'knox', day: -1, rowCount: 1 })),
      entry(dataFile(warehouse, 'b', { farm: 'linn', day: 7, rowCount: 2 }), {
        status: entryStatus.existing,
        snapshotId: 3n,
        sequenceNumber: 2n,
        fileSequenceNumber: 2n,
      }),
      entry(dataFile(warehouse, 'c', { farm: 'adair', day: 3, rowCount: 4 }), {
        status: entryStatus.deleted,
        sequenceNumber: 1n,
        fileSequenceNumber: 1n,
      }),
    ];
    const { facts } = encodeManifest(files, context);
    const text = (bytes: Uint8Array | null) => Buffer.from(bytes!).toString('hex');
    expect(facts).toMatchObject({
      addedFileCount: 1,
      existingFileCount: 1,
      deletedFileCount: 1,
      addedRowCount: 1n,
      existingRowCount: 2n,
      deletedRowCount: 4n,
      minSequenceNumber: 2n,
      sequenceNumber: 5n,
      addedSnapshotId: 77n,
    });
    const [farm, day] = facts.partitions!;
    expect([text(farm!.lowerBound), text(farm!.upperBound)]).toEqual([
      Buffer.from('adair').toString('hex'),
      Buffer.from('linn').toString('hex'),
    ]);
    expect([text(day!.lowerBound), text(day!.upperBound)]).toEqual(['ffffffff', '07000000']);
    expect([farm!.containsNull, day!.containsNull]).toEqual([false, false]);
  });

  it('gives added entries the sequence number of the commit, and no others', () => {
    const old = { status: entryStatus.existing, snapshotId: 3n, sequenceNumber: 2n, fileSequenceNumber: 1n };
    const { bytes, facts } = encodeManifest(
      [entry(dataFile(warehouse, 'a')), entry(dataFile(warehouse, 'b'), old)],
      context,
    );
    const read = decodeManifest(bytes, { path: 'm', ...facts, sequenceNumber: 9n });
    const numbers = read.map((each) => [each.status, each.snapshotId, each.sequenceNumber, each.fileSequenceNumber]);
    expect(numbers).toEqual([
      [1, 77n, 9n, 9n],
      [0, 3n, 2n, 1n],
    ]);
  });

  it('gives back every fact of a data file', () => {
    const counts = fc.dictionary(fc.integer({ min: 1, max: 20_000 }).map(String), fc.maxSafeNat(), { maxKeys: 5 });
    const bounds = fc.dictionary(
      fc.integer({ min: 1, max: 20_000 }).map(String),
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('base64')),
      { maxKeys: 5 },
    );
    const file = fc.record({
      path: fc.string({ unit: 'grapheme' }),
      partition: fc.record({ farm_id: fc.option(fc.string()), day_day: fc.option(fc.integer()) }),
      recordCount: fc.maxSafeNat(),
      fileSizeBytes: fc.maxSafeNat(),
      splitOffsets: fc.array(fc.maxSafeNat(), { maxLength: 5 }),
      columnSizes: counts,
      valueCounts: counts,
      nullValueCounts: counts,
      nanValueCounts: counts,
      lowerBounds: bounds,
      upperBounds: bounds,
    });
    fc.assert(
      fc.property(fc.array(file, { maxLength: 5 }), (files) => {
        const { bytes, facts } = encodeManifest(
          files.map((each) => entry(each)),
          context,
        );
        const read = decodeManifest(bytes, { path: 'm', ...facts });
        expect(read.map((each) => dataFileOf(each.file, spec))).toEqual(files.map((each) => ({ ...each })));
      }),
      { seed: 4, numRuns: 100 },
    );
  });

  it.each([
    ['text for a day', { farm_id: 'knox', day_day: '2026-06-01' }],
    ['a number for text', { farm_id: 1, day_day: 1 }],
    ['one value too few', { farm_id: 'knox' }],
    ['a name of no field', { farm_id: 'knox', day: 1 }],
  ])('takes no partition with %s', (_what, partition) => {
    const file = { ...dataFile(warehouse, 'a'), partition: partition as DataFile['partition'] };
    expect(() => recordOfDataFile(file, spec, schemas)).toThrow(FormatError);
  });
});

describe('a manifest list', () => {
  it('gives back its entries and names its snapshot', () => {
    const { facts } = encodeManifest([entry(dataFile(warehouse, 'a'))], context);
    const manifests: ManifestFile[] = [
      { path: 'memory://lake/m0.avro', ...facts },
      { path: 'memory://lake/m1.avro', ...facts, content: 'deletes', partitions: null },
    ];
    const ids = { snapshotId: 9_007_199_254_740_993n, parentSnapshotId: null, sequenceNumber: 5n };
    const bytes = encodeManifestList(manifests, ids);
    expect(decodeManifestList(bytes, 'list')).toEqual(manifests);
    const { metadata } = decodeAvroFile(bytes, 'list');
    expect(metadata.get('snapshot-id')).toBe('9007199254740993');
    expect(metadata.get('parent-snapshot-id')).toBe('null');
  });
});

describe('locations', () => {
  const lake = { rootUri: 'file:///lake/warehouse' };
  it('of the warehouse become keys, in every spelling that engines use', () => {
    for (const root of ['file:///lake/warehouse', 'file:/lake/warehouse', 'file://localhost/lake/warehouse'])
      expect(keyOf(lake, `${root}/tables/a/b 100%/x.avro`)).toBe('tables/a/b 100%/x.avro');
    expect(keyOf({ rootUri: 's3://bucket/w' }, 's3a://bucket/w/x')).toBe('x');
    expect(keyOf(lake, uriOf(lake, 'tables/x'))).toBe('tables/x');
  });

  it.each([
    'file:///etc/passwd',
    'file:///lake/warehouse2/x',
    'file:///lake/warehouse/../secret',
    'file:///lake/warehouse/a//b',
    'file:///lake/warehouse/',
    's3://other/warehouse/x',
    '',
  ])('outside it are refused: %s', (uri) => {
    expect(() => keyOf(lake, uri)).toThrow(FormatError);
  });
});
