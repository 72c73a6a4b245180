import { beforeAll, describe, expect, it } from 'vitest';
import { openSql } from '#adapters/duckdb/sql-session.ts';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { dateOfDay } from '#core/day.ts';
import type { DataFile } from '#core/formats/iceberg/data-file.ts';
import { publish } from '#core/formats/iceberg/publish.ts';
import { keyOf } from '#core/formats/iceberg/table-location.ts';
import { encodeParquet } from '#core/formats/parquet/parquet-file.ts';
import { change, dataFile, memoryLake, plots } from '../../core/formats/iceberg/small-table.ts';

const firstDay = 20_500;
const wanted = { farm: 'farm3', day: firstDay + 57 };
const opened: string[] = [];
const fetched: string[] = [];

const memory = memoryObjectStore('lake');
const { get, open } = memory;
memory.get = (key, options) => {
  fetched.push(key);
  return get.call(memory, key, options);
};
memory.open = (key, options) => {
  opened.push(key);
  return open.call(memory, key, options);
};
const context = memoryLake(memory);

/** 10 000 files of 10 farms and 100 days in ten commits. Only those of one farm and day are there. */
beforeAll(async () => {
  for (let start = 0; start < 100; start += 10) {
    const addFiles: DataFile[] = [];
    for (let file = 0; file < 1000; file++) {
      const [part, day, farm] = [
        file % 10,
        firstDay + start + (Math.floor(file / 10) % 10),
        `farm${Math.floor(file / 100)}`,
      ];
      const facts = dataFile(memory, `${day}-${farm}-${part}`, { farm, day, mean: [part, part + 0.5], rowCount: 2 });
      if (farm === wanted.farm && day === wanted.day) await writePlots(facts, part);
      addFiles.push(facts);
    }
    await publish(context, plots, change(`c${start}`, { addFiles }));
  }
}, 60_000);

async function writePlots(file: DataFile, part: number): Promise<void> {
  const { bytes } = encodeParquet(
    plots.columns,
    [
      { kind: 'constant', value: wanted.farm },
      { kind: 'constant', value: wanted.day },
      { kind: 'float64', values: Float64Array.of(part, part + 0.5) },
    ],
    2,
  );
  await memory.put(keyOf(memory, file.path), bytes);
}

const where = `farm_id = '${wanted.farm}' AND day = DATE '${dateOfDay(wanted.day)}'`;

async function counted(condition: string) {
  opened.length = 0;
  fetched.length = 0;
  const sql = await openSql(context);
  return { ...(await sql.query(`SELECT count(*), max(mean) FROM gold.plots WHERE ${condition}`)), sql };
}

describe('a query of one farm and day on 10 000 files', () => {
  it('opens the ten files of that day and no other', async () => {
    const { rows, scan } = await counted(where);
    expect(rows).toEqual([[20n, 9.5]]);
    expect(scan).toMatchObject([{ fileCount: 10, skippedFileCount: 9990 }]);
    expect(new Set(opened)).toHaveLength(10);
    for (const key of opened)
      expect(key).toMatch(new RegExp(`farm_id=${wanted.farm}/.*/${wanted.day}-farm3-\\d\\.parquet$`));
  });

  it('opens fewer where bounds tell more', async () => {
    const { rows } = await counted(`${where} AND (mean < 1 OR mean >= 8.7)`);
    // 0 and 0.5 of the first file; 9 and 9.5 of the last one.
    expect(rows).toEqual([[4n, 9.5]]);
    expect(opened).toHaveLength(2);
  });

  it('reads one manifest of three, and none when the session asks again', async () => {
    const { scan, sql } = await counted(where);
    // Ten commits: the ninth merged the manifests of the first eight.
    expect(scan).toMatchObject([{ manifestReadCount: 1, skippedManifestCount: 2 }]);
    const manifests = () => fetched.filter((key) => key.endsWith('.avro'));
    // The manifest list and one manifest.
    expect(manifests()).toHaveLength(2);
    await sql.query(`SELECT count(*) FROM gold.plots WHERE ${where}`);
    expect(manifests()).toHaveLength(2);
  });
});
