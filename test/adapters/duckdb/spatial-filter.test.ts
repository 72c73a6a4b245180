import { beforeAll, describe, expect, it } from 'vitest';
import { cellFilter } from '#adapters/duckdb/spatial-filter.ts';
import { openSql, type SqlSession } from '#adapters/duckdb/sql-session.ts';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { cellRanges } from '#core/cube/cell-ranges.ts';
import { mortonCells } from '#core/cube/morton-cell.ts';
import { dateOfDay } from '#core/day.ts';
import { publish } from '#core/formats/iceberg/publish.ts';
import type { Filter } from '#core/formats/iceberg/scan.ts';
import { uriOf } from '#core/formats/iceberg/table-location.ts';
import type { ColumnValues } from '#core/formats/parquet/column-values.ts';
import { encodeParquet } from '#core/formats/parquet/parquet-file.ts';
import { silverReflectance } from '#schemas/tables.ts';
import { memoryLake } from '../../core/formats/iceberg/small-table.ts';

const between = (column: string, from: number, to: number): Filter => ({
  all: [
    { column, op: '>=', value: from },
    { column, op: '<=', value: to },
  ],
});
const silver = { namespace: 'silver', name: 'reflectance' };

describe('a box of longitudes and latitudes', () => {
  it('says of cells what it says of degrees, in silver.reflectance only', () => {
    const box = [between('lon', 8, 8.001), between('lat', 50, 50.001)];
    const filter = cellFilter(silver, box);
    const { any } = filter as { any: Filter[] };
    expect(any[0]).toEqual({ column: 'cell', op: 'is null' });
    expect(any.slice(1)).toEqual(
      cellRanges({ west: 8, east: 8.001, south: 50, north: 50.001 }).map(({ first, last }) => ({
        all: [
          { column: 'cell', op: '>=', value: first },
          { column: 'cell', op: '<=', value: last },
        ],
      })),
    );
    expect(cellFilter({ namespace: 'silver', name: 'other' }, box)).toBeNull();
  });

  it.each([
    ['open on one side', [between('lon', 8, 9), { column: 'lat', op: '>', value: 1 }]],
    ['without latitudes', [between('lon', 8, 9)]],
    ['that either of two conditions makes', [{ any: [between('lon', 8, 9), between('lat', 1, 2)] }]],
  ] as [string, Filter[]][])('%s says nothing', (_, conjuncts) => {
    expect(cellFilter(silver, conjuncts)).toBeNull();
  });
});

// Steps of cells: four cells around a corner where four large squares of the curve meet.
const step = { lon: 360 / 2 ** 22, lat: 180 / 2 ** 22 };
const corner = { lon: 0, lat: 0 };
const warehouse = memoryObjectStore('spatial');
const context = memoryLake(warehouse);
let sql: SqlSession;

async function commit(name: string, places: readonly (readonly [number, number] | null)[]): Promise<void> {
  const lon = Float64Array.from(places, (place) => (place === null ? Number.NaN : corner.lon + place[0] * step.lon));
  const lat = Float64Array.from(places, (place) => (place === null ? Number.NaN : corner.lat + place[1] * step.lat));
  const cell = new BigInt64Array(places.length);
  const validMask = new Uint8Array(places.length);
  mortonCells(lon, lat, places.length, cell, validMask);
  const values: Readonly<Record<string, ColumnValues>> = {
    farm_id: { kind: 'constant', value: 'knox' },
    acquisition_date: { kind: 'constant', value: 1 },
    cube_id: { kind: 'constant', value: name },
    processing_id: { kind: 'constant', value: name },
    origin: { kind: 'constant', value: 'cloud' },
    line: { kind: 'constant', value: 0 },
    sample: { kind: 'constant', value: 0 },
    lon: { kind: 'float64', values: lon },
    lat: { kind: 'float64', values: lat },
    cell: { kind: 'int64', values: cell, validMask },
    quality: { kind: 'constant', value: 0 },
    pixel_count: { kind: 'constant', value: 1 },
  };
  const list = silverReflectance.columns.map(
    (column) => values[column.name] ?? ({ kind: 'constant', value: null } as const),
  );
  const { bytes, facts } = encodeParquet(silverReflectance.columns, list, places.length);
  const key = `tables/silver/reflectance/data/farm_id=knox/acquisition_date_day=${dateOfDay(1)}/${name}.parquet`;
  await warehouse.put(key, bytes);
  const addFiles = [facts.dataFile(uriOf(warehouse, key), { farm_id: 'knox', acquisition_date_day: 1 }, bytes.length)];
  await publish(context, silverReflectance, {
    commitId: name,
    extraColumns: [],
    addFiles,
    removePaths: [],
    summary: {},
  });
}

beforeAll(async () => {
  // South-east and north-west of the corner follow each other on the curve; their degrees span all four cells.
  await commit('diagonal', [
    [0.5, -0.5],
    [-0.5, 0.5],
  ]);
  await commit('north-east', [
    [0.5, 0.5],
    [0.25, 0.25],
  ]);
  await commit('unknown', [null, [0.4, 0.4], [-0.5, -0.5]]);
  sql = await openSql(context);
});

describe('SQL over places', () => {
  it('skips a file whose cells lie elsewhere, although its degrees span the box', async () => {
    // From about 0.1 to 0.45 of a cell's width (8.58e-5 degrees) and height (4.29e-5 degrees) north-east of the corner.
    const box = 'lon BETWEEN 0.000009 AND 0.0000386 AND lat BETWEEN 0.0000043 AND 0.000019';
    const { rows, scan } = await sql.query(`SELECT cube_id FROM silver.reflectance WHERE ${box} ORDER BY 1`);
    expect(rows).toEqual([['north-east'], ['unknown']]);
    expect(scan).toMatchObject([{ fileCount: 2, skippedFileCount: 1 }]);
  });

  it('takes ranges of cells as they are', async () => {
    const cells = (await sql.query("SELECT min(cell), max(cell) FROM silver.reflectance WHERE cube_id = 'diagonal'"))
      .rows[0]!;
    const { scan } = await sql.query(
      `SELECT count(*) FROM silver.reflectance WHERE cell BETWEEN ${cells[0]} AND ${cells[1]}`,
    );
    expect(scan[0]!.fileCount).toBeLessThan(3);
  });
});
