import { icebergManifests, icebergMetadata, icebergRead } from 'icebird';
import { afterEach, expect, it, vi } from 'vitest';
import { publish } from '#core/formats/iceberg/publish.ts';
import { encodeParquet } from '#core/formats/parquet/parquet-file.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { change, memoryLake, plots } from './small-table.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

/** Icebird fetches by URL: this one answers from the store, ranges included. */
function fetchFrom(warehouse: ObjectStore): typeof fetch {
  return async (input, init) => {
    const key = String(input).slice(warehouse.rootUri.length + 1);
    if ((await warehouse.head(key)) === null) return new Response(null, { status: 404 });
    const { bytes } = await warehouse.get(key);
    const range = /bytes=(\d+)-(\d*)/.exec(new Headers(init?.headers).get('range') ?? '');
    const end = range?.[2] ? Number(range[2]) + 1 : bytes.length;
    const part = bytes.slice(range === null ? 0 : Number(range[1]), end);
    const headers = { 'content-length': String(part.length) };
    const isHead = init?.method === 'HEAD';
    return new Response(isHead ? null : part, { status: range === null ? 200 : 206, headers });
  };
}

it('icebird, a reader by other people, reads the rows of our tables after an append and a replacement', async () => {
  const context = memoryLake();
  const { warehouse } = context;
  const write = async (name: string, farm: string, day: number, means: number[]) => {
    const { bytes, facts } = encodeParquet(
      plots.columns,
      [
        { kind: 'constant', value: farm },
        { kind: 'constant', value: day },
        { kind: 'float64', values: Float64Array.from(means) },
      ],
      means.length,
    );
    const key = `tables/gold/plots/data/${name}.parquet`;
    await warehouse.put(key, bytes);
    return facts.dataFile(`${warehouse.rootUri}/${key}`, { farm_id: farm, day_day: day }, bytes.length);
  };
  const first = await write('a', 'knox', 20_600, [0.1, 0.2]);
  const second = await write('b', 'linn', -1, [0.3]);
  await publish(context, plots, change('first', { addFiles: [first, second] }));
  const third = await write('c', 'knox', 20_600, [0.4, Number.NaN]);
  await publish(context, plots, change('second', { addFiles: [third], removePaths: [first.path] }));

  vi.stubGlobal('fetch', fetchFrom(warehouse));
  const tableUrl = `${warehouse.rootUri}/tables/gold/plots`;
  const metadata = await icebergMetadata({ tableUrl, metadataFileName: 'v3.metadata.json' });
  const rows = await icebergRead({ tableUrl, metadata });
  const plain = rows.map((row) => [row['farm_id'], (row['day'] as Date).toISOString().slice(0, 10), row['mean']]);
  expect(plain.toSorted()).toEqual([
    ['knox', '2026-05-27', null],
    ['knox', '2026-05-27', 0.4],
    ['linn', '1969-12-31', 0.3],
  ]);
  const manifests = await icebergManifests(metadata);
  const entries = manifests.flatMap((manifest) => manifest.entries);
  const found = entries.map((entry) => [entry.status, entry.data_file.file_path.at(-9), entry.sequence_number]);
  expect(found.toSorted()).toEqual([
    [0, 'b', 1n],
    [1, 'c', 2n],
    [2, 'a', 1n],
  ]);
});
