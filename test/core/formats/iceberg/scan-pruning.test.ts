import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bucketOf } from '#core/formats/iceberg/bucket-hash.ts';
import { formatJson, parseJson } from '#core/formats/iceberg/json-int64.ts';
import { type Filter, planScan } from '#core/formats/iceberg/scan.ts';
import { sparkLake } from './spark-lake.ts';

interface Expected {
  readonly plans: readonly {
    readonly table: string;
    readonly filter: Filter;
    readonly kept: readonly string[];
    readonly matching: readonly string[];
  }[];
  readonly buckets: readonly { type: string; value: string; count: number; bucket: number }[];
}

/** By pyiceberg. test/fixtures/iceberg/make_pruning.py */
const path = new URL('../../../fixtures/iceberg/pruning.expected.json', import.meta.url);
const expected = parseJson(readFileSync(path, 'utf8'), 'pruning.expected.json') as Expected;

const nameOf = ({ path }: { readonly path: string }) => path.split('/').at(-1)!;

describe('a table of another writer, partitioned by every transform', () => {
  it.each(['transforms', 'more_transforms'])('is pruned as pyiceberg prunes it (%s)', async (name) => {
    const { tables, warehouse } = await sparkLake();
    const { table } = tables[name]!;
    const plans = expected.plans.filter((plan) => plan.table === name);
    expect(plans.length).toBeGreaterThan(100);
    for (const { filter, kept, matching } of plans) {
      const plan = await planScan(table, warehouse, { filter });
      const ours = plan.files.map(nameOf);
      // pyiceberg keeps every file for <>; ours may drop those whose every value is the one that is not wanted.
      if (!formatJson(filter).includes('!=')) expect(ours.toSorted(), formatJson(filter)).toEqual(kept);
      expect(kept).toEqual(expect.arrayContaining(ours));
      expect(ours, formatJson(filter)).toEqual(expect.arrayContaining([...matching]));
      expect(plan.files.length + plan.skippedFileCount).toBe(6);
    }
  });

  it('skips manifests by their partitions, without the bounds of columns', async () => {
    const { tables, warehouse } = await sparkLake();
    const filter: Filter = { column: 'at', op: '<', value: '2026-01-01T00:00:00Z' };
    const plan = await planScan(tables['transforms']!.table, warehouse, { filter });
    expect(plan).toMatchObject({ manifestReadCount: 1, skippedManifestCount: 5 });
  });

  it('has the buckets that pyiceberg computes', () => {
    for (const { type, value, count, bucket } of expected.buckets)
      expect(bucketOf(type === 'string' ? value : BigInt(value), count), `${type} ${value}`).toBe(bucket);
  });
});
