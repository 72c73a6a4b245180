import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openSql } from '#adapters/duckdb/sql-session.ts';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { publish } from '#core/formats/iceberg/publish.ts';
import type { ColumnValues } from '#core/formats/parquet/column-values.ts';
import { encodeParquet } from '#core/formats/parquet/parquet-file.ts';
import { bandColumns } from '#schemas/band-column.ts';
import type { ColumnDefinition, TableDefinition } from '#schemas/table-definition.ts';
import { change, column, memoryLake } from '../../core/formats/iceberg/small-table.ts';

const folder = mkdtempSync(join(tmpdir(), 'evolved-'));
afterAll(() => rmSync(folder, { recursive: true }));

const keys = [column(1, 'farm_id', 'string', true), column(2, 'day', 'date', true)];
const partition = [{ id: 1000, name: 'farm_id', sourceColumn: 'farm_id', transform: 'identity' as const }];
const tableOf = (...columns: ColumnDefinition[]): TableDefinition => ({
  namespace: 'silver',
  name: 'pixels',
  doc: 'Pixels',
  columns: [...keys, ...columns],
  partition,
});

/** The bands of a sensor as columns; each holds 0.1 and 0.2. */
const bandsOf = (...wavelengthsNm: number[]) => bandColumns(wavelengthsNm).filter((each) => each !== null);
const packed: ColumnValues = { kind: 'packed', values: Int16Array.of(1000, 2000) };

describe('a table that sensors and types grew', () => {
  it('reads NULL for bands that a sensor lacks, and old narrow values as wide ones', async () => {
    const warehouse = fileObjectStore(folder);
    const context = memoryLake(warehouse);
    const write = async (
      name: string,
      table: TableDefinition,
      bands: readonly ColumnDefinition[],
      counts: readonly ColumnValues[],
    ) => {
      const columns = [...table.columns, ...bands];
      const days: ColumnValues = { kind: 'constant', value: 20_600 };
      const values = [{ kind: 'constant', value: 'knox' } as const, days, ...counts, ...bands.map(() => packed)];
      const { bytes, facts } = encodeParquet(columns, values, 2);
      const key = `tables/silver/pixels/data/${name}.parquet`;
      await warehouse.put(key, bytes);
      const file = facts.dataFile(`${warehouse.rootUri}/${key}`, { farm_id: 'knox' }, bytes.length);
      await publish(context, table, change(name, { extraColumns: bands, addFiles: [file] }));
    };
    const int32: ColumnValues = { kind: 'int32', values: Int32Array.of(7, -8), validMask: null };
    const int64: ColumnValues = { kind: 'int64', values: BigInt64Array.of(2n ** 40n, -9n), validMask: null };
    await write('first', tableOf(column(3, 'pixel_count', 'int')), bandsOf(670, 800), [int32]);
    await write('second', tableOf(column(3, 'pixel_count', 'long')), bandsOf(550, 670), [int64]);

    const session = await openSql(context);
    const all = await session.query('SELECT pixel_count, r0550, r0670, r0800 FROM silver.pixels ORDER BY pixel_count');
    expect(all.columns.map(({ type }) => type)).toEqual(['BIGINT', 'FLOAT', 'FLOAT', 'FLOAT']);
    const [low, high] = [Math.fround(0.1), Math.fround(0.2)];
    expect(all.rows).toEqual([
      [-9n, high, high, null],
      [-8n, null, high, high],
      [7n, null, low, low],
      [2n ** 40n, low, low, null],
    ]);
    // Bounds of the first file have four bytes, those of the second eight.
    const few = await session.query('SELECT count(*) FROM silver.pixels WHERE pixel_count > 7');
    expect(few.rows).toEqual([[1n]]);
    expect(few.scan[0]).toMatchObject({ fileCount: 1, skippedFileCount: 1 });
  });
});
