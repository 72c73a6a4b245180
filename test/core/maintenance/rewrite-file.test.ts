// A settlement never ended whose granule had rows in a file that another program wrote, because only files of this writer could
// be written anew without them.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import type { DataFile } from '#core/formats/iceberg/data-file.ts';
import { keyOf, uriOf } from '#core/formats/iceberg/table-location.ts';
import { readExactColumns } from '#core/formats/parquet/read-exact-rows.ts';
import { readPlainFooter } from '#core/formats/parquet/read-footer.ts';
import { fileWithoutRows } from '#core/maintenance/granule-files.ts';
import { processingsIn } from '#core/pipeline/live-files.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { refPlots, silverReflectance } from '#schemas/tables.ts';

const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../../fixtures/foreign-files/${name}`, import.meta.url));
const expected = JSON.parse(fixture('expected.json').toString()) as {
  readonly columns: Readonly<Record<string, number>>;
  readonly rows: readonly (readonly unknown[])[];
};

async function storeWith(name: string, recordCount = 300): Promise<{ warehouse: ObjectStore; file: DataFile }> {
  const warehouse = memoryObjectStore('lake');
  const key = `tables/silver/reflectance/data/${name}`;
  const bytes = fixture(name);
  await warehouse.put(key, bytes);
  const counts = { columnSizes: {}, valueCounts: {}, nullValueCounts: {}, nanValueCounts: {} };
  const facts = { recordCount, fileSizeBytes: bytes.length, splitOffsets: [], lowerBounds: {}, upperBounds: {} };
  const partition = { farm_id: 'knox', acquisition_date_day: 20_574 };
  return { warehouse, file: { path: uriOf(warehouse, key), partition, ...facts, ...counts } };
}

/** Ids of the columns and all values of a file, floats by their bits. */
async function contents(warehouse: ObjectStore, { path }: DataFile) {
  const source = await warehouse.open(keyOf(warehouse, path));
  const footer = await readPlainFooter(source);
  const rowCount = Number(footer.metadata.num_rows);
  const names = footer.columns.map(({ name }) => name);
  const cells = await readExactColumns(source, footer, { rowStart: 0, rowEnd: rowCount }, names);
  const rows = Array.from({ length: rowCount }, (_, row) =>
    footer.columns.map(({ type }, column) => told(cells[column]![row] ?? null, type)),
  );
  return { columns: Object.fromEntries(footer.columns.map(({ id, name }) => [name, id])), rows, footer };
}

function told(value: string | number | bigint | boolean | null, type: string): unknown {
  const bytes = Buffer.alloc(type === 'float' ? 4 : 8);
  if (typeof value === 'number' && type === 'float') bytes.writeFloatBE(value);
  else if (typeof value === 'number' && type === 'double') bytes.writeDoubleBE(value);
  else return typeof value === 'number' || typeof value === 'bigint' ? String(value) : value;
  return bytes.toString('hex');
}

const without = (...ids: string[]) => ({ processingIds: new Set(ids) });

describe.each(['zstd', 'snappy', 'gzip', 'brotli'])('a file that pyarrow wrote with %s', (codec) => {
  it('is written anew without the rows of a granule, all other values bit for bit', async () => {
    const { warehouse, file } = await storeWith(`${codec}.parquet`);
    expect(await processingsIn({ warehouse }, file)).toEqual(new Set(['p-c1', 'p-c2', 'p-c22']));
    const rest = (await fileWithoutRows({ warehouse }, silverReflectance, file, without('p-c2')))!;
    const { columns, rows, footer } = await contents(warehouse, rest);
    expect(columns).toEqual(expected.columns);
    expect(rows).toEqual(expected.rows);
    expect(rest).toMatchObject({ recordCount: expected.rows.length, partition: file.partition });
    expect(footer.own).not.toBeNull();
    const text = (bound: string | undefined) => Buffer.from(bound!, 'base64').toString();
    expect([text(rest.lowerBounds[5]), text(rest.upperBounds[5])]).toEqual(['p-c1', 'p-c22']);
    // A second settlement meets the file that the first has written.
    const last = (await fileWithoutRows({ warehouse }, silverReflectance, rest, without('p-c1', 'p-c2')))!;
    const others = (await contents(warehouse, last)).rows;
    expect(others).toEqual(expected.rows.filter((row) => row.includes('p-c22')));
    expect(await fileWithoutRows({ warehouse }, silverReflectance, last, without('p-c22'))).toBeNull();
  });
});

it('rows are told apart by field id, whatever the columns are called', async () => {
  const { warehouse, file } = await storeWith('zstd.parquet');
  const leftOut = { processingIds: new Set(['p-c2', 'p-c1']), cubeId: 'c2' };
  const rest = (await fileWithoutRows({ warehouse }, silverReflectance, file, leftOut))!;
  expect((await contents(warehouse, rest)).rows).toEqual(expected.rows);
});

it('some rows of a row group are those rows, wherever its pages begin', async () => {
  const { warehouse, file } = await storeWith('gzip.parquet');
  const source = await warehouse.open(keyOf(warehouse, file.path));
  const footer = await readPlainFooter(source);
  const read = async (rowStart: number, rowEnd: number) => {
    const columns = await readExactColumns(source, footer, { rowStart, rowEnd }, ['note', 'counter', 'r0800']);
    return columns.map((cells) => Array.from(cells));
  };
  const all = await read(0, 300);
  for (const [start, end] of [
    [50, 70],
    [65, 66],
    [119, 300],
  ] as const)
    expect(await read(start, end)).toEqual(all.map((cells) => cells.slice(start, end)));
  await expect(read(290, 310)).rejects.toThrow('Expected 20 rows');
});

describe('a file of another program is refused by one sentence', () => {
  const refusal = async (name: string, table = silverReflectance, recordCount = 300): Promise<string> => {
    const { warehouse, file } = await storeWith(name, recordCount);
    return fileWithoutRows({ warehouse }, table, file, without('p-c2')).then(
      () => 'none',
      (error: Error) => `${error.name}: ${error.message}`,
    );
  };

  it('when its columns have no ids, or are of a type that this writer does not write', async () => {
    expect(await refusal('no-ids.parquet')).toMatch(/^FormatError: Expected .* field id, got farm_id/);
    expect(await refusal('local-time.parquet')).toMatch(/^FormatError: Expected .* UTC times .* got local_time/);
  });

  it('when nothing tells whose its rows are, or it has more rows than its table says', async () => {
    expect(await refusal('zstd.parquet', refPlots)).toMatch(/^FormatError: Expected a column processing_id/);
    expect(await refusal('zstd.parquet', silverReflectance, 299)).toMatch(/^FormatError: Expected 299 rows, got more/);
  });
});
