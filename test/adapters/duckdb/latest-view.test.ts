import { beforeAll, describe, expect, it } from 'vitest';
import { openSql, type SqlSession } from '#adapters/duckdb/sql-session.ts';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { dateOfDay } from '#core/day.ts';
import { publish } from '#core/formats/iceberg/publish.ts';
import { uriOf } from '#core/formats/iceberg/table-location.ts';
import type { ColumnValues } from '#core/formats/parquet/column-values.ts';
import { encodeParquet } from '#core/formats/parquet/parquet-file.ts';
import { silverReflectance } from '#schemas/tables.ts';
import { memoryLake } from '../../core/formats/iceberg/small-table.ts';

const warehouse = memoryObjectStore('latest');
const context = memoryLake(warehouse);
const day = 20_600;
let sql: SqlSession;

/** One file; a row is [cube, processing, line]. */
async function file(name: string, rows: readonly (readonly [string, string, number])[], lon = 7) {
  const text = (position: 0 | 1): ColumnValues => ({ kind: 'strings', values: rows.map((row) => row[position]) });
  const values: Readonly<Record<string, ColumnValues>> = {
    farm_id: { kind: 'constant', value: 'knox' },
    acquisition_date: { kind: 'constant', value: day },
    cube_id: text(0),
    processing_id: text(1),
    origin: { kind: 'constant', value: 'cloud' },
    line: { kind: 'int32', values: Int32Array.from(rows, (row) => row[2]), validMask: null },
    sample: { kind: 'constant', value: 0 },
    lon: { kind: 'constant', value: lon },
    lat: { kind: 'constant', value: 50 },
    quality: { kind: 'constant', value: 0 },
    pixel_count: { kind: 'constant', value: 1 },
  };
  const list = silverReflectance.columns.map(
    ({ name: column }): ColumnValues => values[column] ?? { kind: 'constant', value: null },
  );
  const { bytes, facts } = encodeParquet(silverReflectance.columns, list, rows.length);
  const key = `tables/silver/reflectance/data/farm_id=knox/acquisition_date_day=${dateOfDay(day)}/${name}.parquet`;
  await warehouse.put(key, bytes);
  return facts.dataFile(uriOf(warehouse, key), { farm_id: 'knox', acquisition_date_day: day }, bytes.length);
}

async function commit(commitId: string, ...files: Awaited<ReturnType<typeof file>>[]): Promise<void> {
  const change = { commitId, extraColumns: [], addFiles: files, removePaths: [], summary: {} };
  await publish(context, silverReflectance, change);
}

beforeAll(async () => {
  await commit(
    'first',
    await file('a-old-0', [['a', 'p9', 0]]),
    await file('a-old-1', [['a', 'p9', 1]]),
    await file('b', [['b', 'p1', 0]]),
  );
  // What compaction makes: several cubes in a file.
  await commit(
    'compacted',
    await file('mixed', [
      ['a', 'p9', 2],
      ['c', 'p1', 0],
      ['d', 'p1', 0],
    ]),
  );
  await commit(
    'second',
    await file('a-new', [
      ['a', 'p2', 0],
      ['a', 'p2', 1],
    ]),
    await file('d-new', [['d', 'p2', 5]]),
  );
  sql = await openSql(context);
});

const rowsOf = async (query: string) => (await sql.query(query)).rows.map((row) => row.join(' '));

describe('silver.latest', () => {
  it('has the newest settled processing of each cube, whatever its id, also where a file holds several cubes', async () => {
    expect(await rowsOf('SELECT cube_id, processing_id, line FROM silver.latest ORDER BY ALL')).toEqual([
      'a p2 0',
      'a p2 1',
      'b p1 0',
      'c p1 0',
      'd p2 5',
    ]);
    expect(await rowsOf('SELECT count(*) FROM silver.reflectance')).toEqual(['9']);
  });

  it('opens no file of which every row is superseded', async () => {
    const { scan } = await sql.query("SELECT * FROM silver.latest WHERE cube_id = 'a'");
    expect(scan).toMatchObject([{ table: 'silver.latest', fileCount: 2, skippedFileCount: 4 }]);
  });

  it('does not bring back a processing by asking for it', async () => {
    expect(await rowsOf("SELECT line FROM silver.latest WHERE processing_id = 'p9'")).toEqual([]);
    expect(await rowsOf("SELECT line FROM silver.latest WHERE cube_id = 'a' AND line = 2")).toEqual([]);
  });

  it('travels in time as the table does', async () => {
    const [first] = await rowsOf('SELECT snapshot_id FROM lake.snapshots ORDER BY committed_at');
    const query = `SELECT cube_id, processing_id, line FROM silver.latest AT (VERSION => ${first}) ORDER BY ALL`;
    expect(await rowsOf(query)).toEqual(['a p9 0', 'a p9 1', 'b p1 0']);
  });

  it('is listed and described beside the tables', async () => {
    expect(
      await rowsOf("SELECT table_name FROM information_schema.tables WHERE table_schema = 'silver' ORDER BY 1"),
    ).toEqual(['latest', 'reflectance']);
    expect(await rowsOf('SELECT column_name FROM (DESCRIBE silver.latest)')).toEqual(
      silverReflectance.columns.map(({ name }) => name),
    );
  });

  it('joins with the table itself', async () => {
    const query = `SELECT count(*) FROM silver.reflectance r ANTI JOIN silver.latest l
      ON r.cube_id = l.cube_id AND r.processing_id = l.processing_id`;
    expect(await rowsOf(query)).toEqual(['4']);
  });
});
