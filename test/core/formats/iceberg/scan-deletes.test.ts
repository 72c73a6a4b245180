import { beforeAll, describe, expect, it } from 'vitest';
import { decodeAvroFile, encodeAvroFile } from '#core/formats/avro/avro-file.ts';
import type { AvroRecord } from '#core/formats/avro/avro-value.ts';
import { dataFileId } from '#core/formats/iceberg/data-file-record.ts';
import { DeleteIndex, partitionKeyOf } from '#core/formats/iceberg/delete-files.ts';
import { ManifestReader } from '#core/formats/iceberg/manifest-reader.ts';
import { planScan } from '#core/formats/iceberg/scan.ts';
import { keyOf } from '#core/formats/iceberg/table-location.ts';
import { currentSnapshot } from '#core/formats/iceberg/table-metadata.ts';
import { sparkLake } from './spark-lake.ts';

let lake: Awaited<ReturnType<typeof sparkLake>>;
beforeAll(async () => {
  lake = await sparkLake();
});

const apply = { deletes: 'apply' } as const;

describe('planning a scan of a table with deleted rows', () => {
  it.each(['positions', 'equalities'])('finds all files that Spark lists (%s)', async (name) => {
    const { table, files } = lake.tables[name]!;
    const plan = await planScan(table, lake.warehouse, apply);
    const deletes = new Map(plan.files.flatMap((file) => file.deletes).map((each) => [each.path, each]));
    const countOf = (content: string) => [...deletes.values()].filter((each) => each.content === content).length;
    expect(plan.files).toHaveLength(files['0']!);
    // A delete file that names no live data file any more is in no plan.
    expect(countOf('position')).toBeLessThanOrEqual(files['1']!);
    expect(countOf('equality')).toBe(files['2'] ?? 0);
  });

  it('refuses a file with deleted rows unless the caller takes them out, and only such a file', async () => {
    const { table } = lake.tables['positions']!;
    await expect(planScan(table, lake.warehouse)).rejects.toThrow(
      /got delete files \(scan\.positions, .*compact the table/,
    );
    const insertOnly = BigInt(lake.tables['positions']!.history[1]!.snapshot);
    expect((await planScan(table, lake.warehouse, { snapshotId: insertOnly })).files).toHaveLength(3);
  });

  it('does not open the deletes of partitions that are not asked for', async () => {
    const reader = new ManifestReader(lake.warehouse);
    const predicates = [{ column: 'farm', op: '=', value: 'c' }] as const;
    const plan = await planScan(lake.tables['equalities']!.table, lake.warehouse, { ...apply, predicates, reader });
    const contents = plan.files.flatMap((file) => file.deletes.map((each) => each.partitionKey));
    // Only those of the unpartitioned spec, which apply everywhere.
    expect(new Set(contents)).toEqual(new Set([null]));
    expect(plan.skippedManifestCount).toBeGreaterThan(3);
  });

  it.each([
    ['PUFFIN', 1, /got a deletion vector .*Compact the table with the program that deleted the rows/],
    ['ORC', 1, /got one of format ORC and content 1/],
    ['PARQUET', 3, /got one of format PARQUET and content 3/],
  ])('refuses deletes of format %s and content %i by name', async (format, content, message) => {
    const { table } = lake.tables['positions']!;
    const manifests = await new ManifestReader(lake.warehouse).manifestsOf(currentSnapshot(table.metadata));
    const deletes = manifests.find((manifest) => manifest.content === 'deletes')!;
    const key = keyOf(lake.warehouse, deletes.path);
    const { bytes } = await lake.warehouse.get(key);
    const { metadata, records } = decodeAvroFile(bytes, key);
    const changed = records.map((record) => {
      const file = { ...(record['f2'] as AvroRecord), [dataFileId.format]: format, [dataFileId.content]: content };
      return { ...record, f2: file };
    });
    const schema = JSON.parse(metadata.get('avro.schema')!) as object;
    await lake.warehouse.put(key, encodeAvroFile(schema, {}, changed));
    await expect(planScan(table, lake.warehouse, apply)).rejects.toThrow(message);
    await lake.warehouse.put(key, bytes);
  });
});

describe('a delete file', () => {
  const partition = (farm: string | null): AvroRecord => ({ f1000: farm });
  const entry = (content: number, sequenceNumber: bigint, more: AvroRecord = {}) => ({
    status: 1 as const,
    snapshotId: 1n,
    sequenceNumber,
    fileSequenceNumber: sequenceNumber,
    file: {
      [dataFileId.path]: `delete-${content}`,
      [dataFileId.format]: 'PARQUET',
      [dataFileId.content]: content,
      [dataFileId.partition]: partition('a'),
      [dataFileId.recordCount]: 1n,
      [dataFileId.fileSizeBytes]: 1n,
      ...(content === 2 ? { [dataFileId.equalityIds]: [1] } : {}),
      ...more,
    },
  });
  const applies = (
    added: ReturnType<typeof entry>,
    path: string,
    farm: string | null,
    sequenceNumber: bigint,
    specId = 0,
  ) => {
    const index = new DeleteIndex(new Set([7]));
    index.add(added, specId, 't');
    return index.appliesTo(path, partitionKeyOf(0, partition(farm)), sequenceNumber).length === 1;
  };

  it('of positions applies to files of its commit and older ones, of values to older ones only', () => {
    expect([4n, 5n, 6n].map((at) => applies(entry(1, 5n), 'x', 'a', at))).toEqual([true, true, false]);
    expect([4n, 5n, 6n].map((at) => applies(entry(2, 5n), 'x', 'a', at))).toEqual([true, false, false]);
  });

  it('applies to its own partition; one of values from an unpartitioned spec to all', () => {
    expect(['a', 'b', null].map((farm) => applies(entry(1, 5n), 'x', farm, 1n))).toEqual([true, false, false]);
    expect(['a', 'b', null].map((farm) => applies(entry(2, 5n), 'x', farm, 1n, 7))).toEqual([true, true, true]);
    expect(applies(entry(1, 5n), 'x', 'a', 1n, 7)).toBe(false);
    expect(partitionKeyOf(0, partition(null))).not.toBe(partitionKeyOf(0, partition('null')));
  });

  it('that names one data file, or others by their order, applies to no other', () => {
    const named = entry(1, 5n, { [dataFileId.referencedDataFile]: 'x' });
    expect(['x', 'y'].map((path) => applies(named, path, 'a', 1n))).toEqual([true, false]);
    const bound = (text: string) => [
      { f126: 2_147_483_546, f127: Buffer.from(text), f129: 2_147_483_546, f130: Buffer.from(text) },
    ];
    const bounded = entry(1, 5n, { [dataFileId.lowerBounds]: bound('m'), [dataFileId.upperBounds]: bound('p') });
    expect(['a', 'n', 'z'].map((path) => applies(bounded, path, 'a', 1n))).toEqual([false, true, false]);
  });
});
