import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { allowOnly } from '#adapters/duckdb/file-access.ts';
import { createScanView, type ScanColumn } from '#adapters/duckdb/scan-view.ts';

let folder: string;
let connection: DuckDBConnection;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cubelake-sql-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

beforeEach(async () => {
  connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run("CREATE SCHEMA silver; SET TimeZone = 'UTC'");
});

interface FileColumn {
  readonly id: number;
  readonly name: string;
  readonly type: 'INT32' | 'STRING' | 'FLOAT';
  readonly data: readonly unknown[];
}

/** A Parquet file with field ids, by an implementation that is not ours. */
function writeFile(path: string, columns: readonly FileColumn[]): string {
  const whole = join(folder, path);
  mkdirSync(join(whole, '..'), { recursive: true });
  const bytes = parquetWriteBuffer({
    columnData: columns.map(({ name, data }) => ({ name, data: [...data] })),
    schema: [
      { name: 'root', num_children: columns.length },
      ...columns.map(({ id, name, type }) => ({
        name,
        type: type === 'STRING' ? ('BYTE_ARRAY' as const) : type,
        ...(type === 'STRING' ? { converted_type: 'UTF8' as const } : {}),
        repetition_type: 'OPTIONAL' as const,
        field_id: id,
      })),
    ],
  });
  writeFileSync(whole, new Uint8Array(bytes));
  return whole;
}

const columns: ScanColumn[] = [
  { id: 1, name: 'farm_id', type: 'string' },
  { id: 8, name: 'line', type: 'int' },
  { id: 16700, name: 'r0670', type: 'float' },
];

async function rows(sql: string): Promise<unknown[]> {
  return (await connection.runAndReadAll(sql)).getRowsJson();
}

const plain = (path: string) =>
  writeFile(path, [
    { id: 1, name: 'farm_id', type: 'STRING', data: ['f1'] },
    { id: 8, name: 'line', type: 'INT32', data: [7] },
  ]);

describe('the view of a table', () => {
  it('finds columns by field id, and gives NULL where a file is older than the column', async () => {
    const old = plain('old.parquet');
    const renamed = writeFile('renamed.parquet', [
      { id: 16700, name: 'red', type: 'FLOAT', data: [0.5, null] },
      { id: 8, name: 'row_number', type: 'INT32', data: [8, 9] },
      { id: 1, name: 'farm', type: 'STRING', data: ['f2', null] },
    ]);
    await connection.run(createScanView({ schema: 'silver', name: 'reflectance', columns, paths: [old, renamed] }));
    expect(await rows('SELECT * FROM silver.reflectance ORDER BY line')).toEqual([
      ['f1', 7, null],
      ['f2', 8, 0.5],
      [null, 9, null],
    ]);
  });

  it('has the types of the table, also when it has no files', async () => {
    const all = ['boolean', 'int', 'long', 'float', 'double', 'date', 'timestamptz', 'string', 'decimal(9, 2)'];
    const typed = all.map((type, index) => ({ id: index + 1, name: `c${index}`, type }));
    await connection.run(createScanView({ schema: 'silver', name: 'empty', columns: typed, paths: [] }));
    const described = (await rows('DESCRIBE silver.empty')) as string[][];
    expect(described.map((row) => row[1])).toEqual([
      'BOOLEAN',
      'INTEGER',
      'BIGINT',
      'FLOAT',
      'DOUBLE',
      'DATE',
      'TIMESTAMP WITH TIME ZONE',
      'VARCHAR',
      'DECIMAL(9,2)',
    ]);
    expect(await rows('SELECT count(*) FROM silver.empty')).toEqual([['0']]);
  });

  it('takes the column from the file, not from a folder that is named like a partition', async () => {
    const path = plain('farm_id=other/line=99/a.parquet');
    await connection.run(createScanView({ schema: 'silver', name: 'v', columns, paths: [path] }));
    expect(await rows('SELECT farm_id, line FROM silver.v')).toEqual([['f1', 7]]);
  });

  it('reads only the columns that a query names', async () => {
    await connection.run(createScanView({ schema: 'silver', name: 'v', columns, paths: [plain('pruned.parquet')] }));
    const plan = JSON.stringify(await rows('EXPLAIN (FORMAT json) SELECT sum(line) FROM silver.v'));
    expect(plan).toContain('READ_PARQUET');
    expect(plan).toContain('line');
    expect(plan).not.toContain('farm_id');
    expect(plan).not.toContain('r0670');
  });

  it('names of tables and columns are names only, whatever they contain', async () => {
    const name = `x" AS SELECT 1; --'`;
    const odd = [{ id: 8, name: `a', type: 'INT'}} "; DROP`, type: 'int' }];
    await connection.run(createScanView({ schema: 'silver', name, columns: odd, paths: [plain('it\'s "a".parquet')] }));
    expect(await rows(`SELECT * FROM silver."${name.replaceAll('"', '""')}"`)).toEqual([[7]]);
  });

  it('refuses a type that it cannot show, by name', () => {
    const nested = [{ id: 1, name: 'spectrum', type: 'list<float>' }];
    expect(() => createScanView({ schema: 'silver', name: 'v', columns: nested, paths: [] })).toThrow(
      'got list<float> (silver.v, column spectrum)',
    );
  });
});

describe('after the doors are shut', () => {
  it.each(['a.parquet', 'odd [1]*?/b c.parquet', "quote's/c.parquet"])(
    'the planned file %s can be read',
    async (name) => {
      const path = plain(name);
      await connection.run(createScanView({ schema: 'silver', name: 'v', columns, paths: [path] }));
      await allowOnly(connection, [path]);
      expect(await rows('SELECT line FROM silver.v')).toEqual([[7]]);
    },
  );

  it.each([
    "SELECT * FROM read_csv('/etc/hostname')",
    "SELECT * FROM read_text('/etc/hostname')",
    "SELECT * FROM '/etc/hostname.csv'",
    "SELECT * FROM glob('/etc/*')",
    "COPY (SELECT 1) TO 'out.csv'",
    "ATTACH 'x.db'",
    'INSTALL httpfs',
    'LOAD httpfs',
    'SET threads = 1',
    'SET enable_external_access = true',
    "SET allowed_paths = ['/etc/hostname']",
    'PRAGMA threads = 1',
  ])('%s is refused', async (sql) => {
    await allowOnly(connection, [plain('only.parquet')]);
    await expect(connection.run(sql)).rejects.toThrow(/disabled|locked|Cannot|Permission/);
  });

  it('a file beside the planned one stays shut', async () => {
    const beside = plain('beside.parquet');
    await allowOnly(connection, [plain('planned.parquet')]);
    await expect(connection.run(`SELECT * FROM read_parquet('${beside}')`)).rejects.toThrow(/Permission Error/);
  });
});
