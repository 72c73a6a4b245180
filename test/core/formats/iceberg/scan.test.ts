import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayOfDate } from '#core/day.ts';
import { ConfigurationError, NotFoundError } from '#core/errors.ts';
import { type PublishContext, publish } from '#core/formats/iceberg/publish.ts';
import { type Predicate, planScan, type ScanOptions } from '#core/formats/iceberg/scan.ts';
import type { TableDefinition } from '#schemas/table-definition.ts';
import { bandColumn, bound, change, column, dataFile, memoryLake, plots } from './small-table.ts';

async function scan(context: PublishContext, options: ScanOptions = {}, table: TableDefinition = plots) {
  return planScan((await context.catalog.loadTable(table))!, context.warehouse, options);
}

const namesOf = (files: readonly { readonly path: string }[]): string[] =>
  files.map((file) => file.path.split('/').at(-1)!.replace('.parquet', '')).toSorted();

const where = (column: string, op: Predicate['op'], value: Predicate['value']): ScanOptions => ({
  predicates: [{ column, op, value }],
});

/** One commit for each file: every file has its own manifest. */
async function lakeOf(files: Readonly<Record<string, Parameters<typeof dataFile>[2]>>): Promise<PublishContext> {
  const context = memoryLake();
  for (const [name, parts] of Object.entries(files))
    await publish(context, plots, change(name, { addFiles: [dataFile(context.warehouse, name, parts)] }));
  return context;
}

describe('planning a scan', () => {
  it('of a table without snapshots finds no files and all columns', async () => {
    const context = memoryLake();
    await context.catalog.createNamespace('gold');
    await publish(context, plots, change('a'));
    const table = (await context.catalog.loadTable(plots))!;
    const empty = { ...table, metadata: { ...table.metadata, 'current-snapshot-id': null } };
    expect(await planScan(empty, context.warehouse)).toEqual({
      snapshotId: null,
      columns: [
        { id: 1, name: 'farm_id', type: 'string' },
        { id: 2, name: 'day', type: 'date' },
        { id: 3, name: 'mean', type: 'double' },
      ],
      files: [],
      manifestReadCount: 0,
      skippedManifestCount: 0,
      skippedFileCount: 0,
    });
  });

  it('skips manifests by their partitions without reading them', async () => {
    const context = await lakeOf({
      a: { farm: 'knox', day: 1 },
      b: { farm: 'linn', day: 1 },
      c: { farm: 'knox', day: 2 },
    });
    const plan = await scan(context, where('farm_id', '=', 'linn'));
    expect(namesOf(plan.files)).toEqual(['b']);
    expect(plan).toMatchObject({ manifestReadCount: 1, skippedManifestCount: 2, skippedFileCount: 2 });
  });

  it.each([
    ['=', '1969-12-31', ['before']],
    ['<', '1970-01-01', ['before']],
    ['<=', '1970-01-01', ['before', 'epoch']],
    ['>', '1969-12-31', ['epoch', 'later']],
    ['>=', '1970-01-02', ['later']],
    ['in', ['1969-12-31', '1970-01-02'], ['before', 'later']],
  ] as const)('finds days around 1970: day %s %s', async (op, value, names) => {
    const context = await lakeOf({ before: { day: -1 }, epoch: { day: 0 }, later: { day: 1 } });
    expect(namesOf((await scan(context, where('day', op, value))).files)).toEqual(names);
  });

  it('skips files by the bounds of a column, inside one manifest', async () => {
    const context = memoryLake();
    const addFiles = [
      dataFile(context.warehouse, 'low', { mean: [0, 0.4] }),
      dataFile(context.warehouse, 'high', { mean: [0.5, 0.9] }),
      dataFile(context.warehouse, 'null'),
    ];
    await publish(context, plots, change('a', { addFiles }));
    expect(namesOf((await scan(context, where('mean', '>', 0.45))).files)).toEqual(['high']);
    expect(namesOf((await scan(context, where('mean', '=', 0.45))).files)).toEqual([]);
    expect(namesOf((await scan(context, where('mean', 'in', [0.1, 0.6]))).files)).toEqual(['high', 'low']);
  });

  it('keeps files whose bounds are not known', async () => {
    const context = memoryLake();
    const unknown = { ...dataFile(context.warehouse, 'a', { mean: [0, 0.4] }), lowerBounds: {}, upperBounds: {} };
    await publish(context, plots, change('a', { addFiles: [unknown] }));
    expect((await scan(context, where('mean', '>', 0.45))).files).toHaveLength(1);
  });

  it('keeps a file that may hold NaN for > and >=, because some engines call it the greatest number', async () => {
    const context = memoryLake();
    const file = { ...dataFile(context.warehouse, 'a', { mean: [0, 0.4] }), nanValueCounts: {} };
    await publish(context, plots, change('a', { addFiles: [file] }));
    expect((await scan(context, where('mean', '>', 0.45))).files).toHaveLength(1);
    expect((await scan(context, where('mean', '=', 0.45))).files).toHaveLength(0);
  });

  it('compares text by its bytes and through shortened bounds', async () => {
    const farm = `${'z'.repeat(70)}a`;
    const context = await lakeOf({ long: { farm } });
    for (const op of ['=', '>=', '<='] as const)
      expect((await scan(context, where('farm_id', op, farm))).files).toHaveLength(1);
    expect((await scan(context, where('farm_id', '=', 'zz'))).files).toHaveLength(0);
  });

  it('knows the days of timestamps', async () => {
    const table: TableDefinition = {
      ...plots,
      name: 'times',
      columns: [column(1, 'at', 'timestamptz')],
      partition: [{ id: 1000, name: 'at_day', sourceColumn: 'at', transform: 'day' }],
    };
    const context = memoryLake();
    const files = [-1, 0].map((day) => {
      const at = (micros: bigint) => ({ 1: bound('timestamptz', BigInt(day) * 86_400_000_000n + micros) });
      const path = `${context.warehouse.rootUri}/tables/gold/times/data/${day}.parquet`;
      const counts = { columnSizes: {}, valueCounts: {}, nullValueCounts: {}, nanValueCounts: {} };
      const bounds = { lowerBounds: at(5_000_000n), upperBounds: at(9_000_000n) };
      return {
        path,
        partition: { at_day: day },
        recordCount: 1,
        fileSizeBytes: 1,
        splitOffsets: [],
        ...counts,
        ...bounds,
      };
    });
    await publish(context, table, change('a', { addFiles: files }));
    const found = async (op: Predicate['op'], value: string | bigint) =>
      namesOf((await scan(context, where('at', op, value), table)).files);
    expect(await found('<', '1970-01-01T00:00:00Z')).toEqual(['-1']);
    expect(await found('>', '1969-12-31T00:00:08Z')).toEqual(['-1', '0']);
    expect(await found('>=', '1970-01-01T00:00:05.001Z')).toEqual(['0']);
    expect(await found('=', 5_000_000n)).toEqual(['0']);
    await expect(found('=', '1970-01-01T00:00:05.0000001Z')).rejects.toThrow(ConfigurationError);
  });

  it('shows the columns and files of the snapshot that was asked for', async () => {
    const context = memoryLake();
    const first = await publish(context, plots, change('a', { addFiles: [dataFile(context.warehouse, 'a')] }));
    const addFiles = [dataFile(context.warehouse, 'b')];
    await publish(context, plots, change('b', { addFiles, extraColumns: [bandColumn(670)] }));
    const then = await scan(context, { snapshotId: first.snapshotId });
    expect([namesOf(then.files), then.columns.length]).toEqual([['a'], 3]);
    const now = await scan(context);
    expect([namesOf(now.files), now.columns.at(-1)]).toEqual([
      ['a', 'b'],
      { id: 16_700, name: 'r0670', type: 'float' },
    ]);
    await expect(scan(context, { snapshotId: 12n })).rejects.toThrow(NotFoundError);
  });

  it.each([
    ['a column that is not there', 'nothing', 1],
    ['a number for a text', 'farm_id', 1],
    ['a text for a number', 'mean', 'x'],
    ['a day that is none', 'day', '2026-13-01'],
  ])('refuses %s', async (_what, name, value) => {
    const context = await lakeOf({ a: {} });
    await expect(scan(context, where(name, '=', value))).rejects.toThrow(ConfigurationError);
  });

  it('never leaves out a file that holds a matching row', async () => {
    const row = fc.record({
      farm: fc.constantFrom('a', 'b', 'ä', '\u{1f600}'),
      day: fc.integer({ min: -3, max: 3 }),
      mean: fc.option(fc.double({ min: -1, max: 1, noNaN: true })),
    });
    const predicate = fc.oneof(
      fc.record({
        column: fc.constant('farm_id' as const),
        op: fc.constantFrom('=', '<', '<=', '>', '>=' as const),
        value: fc.constantFrom('a', 'b', 'ä', '\uffff'),
      }),
      fc.record({
        column: fc.constant('day' as const),
        op: fc.constantFrom('=', '<', '<=', '>', '>=' as const),
        value: fc.constantFrom('1969-12-30', '1970-01-01', '1970-01-03'),
      }),
      fc.record({
        column: fc.constant('mean' as const),
        op: fc.constantFrom('=', '<', '<=', '>', '>=' as const),
        value: fc.double({ min: -1, max: 1, noNaN: true }),
      }),
    );
    const rows = fc.array(row, { minLength: 1, maxLength: 8 });
    let skippedCount = 0;
    await fc.assert(
      fc.asyncProperty(rows, fc.array(predicate, { minLength: 1, maxLength: 3 }), async (wanted, predicates) => {
        const context = memoryLake();
        const addFiles = wanted.map((each, index) =>
          dataFile(context.warehouse, `f${index}`, {
            farm: each.farm,
            day: each.day,
            ...(each.mean === null ? {} : { mean: [each.mean, each.mean] as const }),
          }),
        );
        const half = Math.ceil(addFiles.length / 2);
        await publish(context, plots, change('a', { addFiles: addFiles.slice(0, half) }));
        await publish(context, plots, change('b', { addFiles: addFiles.slice(half) }));
        const plan = await scan(context, { predicates: predicates as readonly Predicate[] });
        const kept = new Set(namesOf(plan.files));
        expect(kept.size + plan.skippedFileCount).toBe(wanted.length);
        skippedCount += plan.skippedFileCount;
        for (const [index, each] of wanted.entries()) {
          const isMatch = predicates.every((condition) => holds(each, condition));
          // One row to a file: its bounds are exact, so that a file is kept if and only if its row matches.
          expect(kept.has(`f${index}`)).toBe(isMatch);
        }
      }),
      { seed: 3, numRuns: 150 },
    );
    expect(skippedCount).toBeGreaterThan(100);
  });
});

/** The meaning of a condition, by JavaScript on the row itself. */
function holds(
  row: { readonly farm: string; readonly day: number; readonly mean: number | null },
  { column: name, op, value }: { readonly column: string; readonly op: string; readonly value: string | number },
): boolean {
  if (name === 'mean' && row.mean === null) return false;
  const order =
    name === 'farm_id'
      ? Buffer.compare(Buffer.from(row.farm), Buffer.from(String(value)))
      : name === 'day'
        ? row.day - dayOfDate(String(value))
        : row.mean! - Number(value);
  if (op === '=') return order === 0;
  if (op === '<') return order < 0;
  if (op === '<=') return order <= 0;
  return op === '>' ? order > 0 : order >= 0;
}
