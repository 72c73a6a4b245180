import { describe, expect, it } from 'vitest';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { FormatError } from '#core/errors.ts';
import { readRows } from '#core/formats/parquet/read-rows.ts';
import type { Payload } from '#core/pipeline/payload.ts';
import { parseCsv } from '#core/pipeline/reference-tables/csv.ts';
import { plotsPayload } from '#core/pipeline/reference-tables/plots-payload.ts';
import { yieldsPayload } from '#core/pipeline/reference-tables/yields-payload.ts';
import { silentProgress } from '#core/ports/progress.ts';

async function rowsOf(
  payload: Payload,
  key: string,
  text: string,
  columns: readonly string[],
): Promise<Record<string, unknown>[]> {
  const raw = memoryObjectStore();
  const warehouse = memoryObjectStore();
  const { etag, sizeBytes } = await raw.put(key, Buffer.from(text));
  const granule = {
    payload: payload.name,
    granule_key: payload.granuleKeyOf(key)!,
    granule_version_id: '0'.repeat(32),
    parts: [{ key, etag, size_bytes: sizeBytes }],
  };
  const output = await payload.process(granule, {
    raw,
    warehouse,
    source: 'raw',
    progress: silentProgress,
    step: () => {},
  });
  const [file] = output.tables[0]!.data_files;
  return readRows(await warehouse.open(file!.path.slice(warehouse.rootUri.length + 1)), columns);
}

describe('plot sets', () => {
  it('become rows of ref.plots in WGS 84', async () => {
    const ring = [
      [600_000, 5_300_000],
      [600_010, 5_300_000],
      [600_010, 5_300_010],
      [600_000, 5_300_000],
    ];
    const text = JSON.stringify({
      type: 'FeatureCollection',
      crs: { type: 'name', properties: { name: 'EPSG:32632' } },
      features: [
        {
          type: 'Feature',
          properties: { plot_id: 'p1', germplasm: 'G' },
          geometry: { type: 'Polygon', coordinates: [ring] },
        },
      ],
    });
    const rows = await rowsOf(plotsPayload, 'plot_sets/eu/f/2026/07/01/s.geojson', text, [
      'farm_id',
      'plot_set_id',
      'plot_id',
      'germplasm',
      'lon',
      'trial_id',
    ]);
    expect(rows).toEqual([
      {
        farm_id: 'f',
        plot_set_id: 's',
        plot_id: 'p1',
        germplasm: 'G',
        lon: expect.closeTo(10.336680826342446, 9),
        trial_id: null,
      },
    ]);
  });
});

describe('yields', () => {
  const key = 'yields/eu/f/2026/09/01/harvest.csv';

  it('become rows of ref.yields, missing values NULL and zero kept', async () => {
    const text =
      '\uFEFFPlot_ID;Season;trait;value\r\np1;2026;grain_yield_t_ha;7.5\r\np2;2026;grain_yield_t_ha;NA\r\np3;;grain_yield_t_ha;0\r\n';
    const rows = await rowsOf(yieldsPayload, key, text, ['plot_id', 'season', 'trait', 'value', 'source_id']);
    expect(rows.map((row) => [row['plot_id'], row['season'], row['value'], row['source_id']])).toEqual([
      ['p1', '2026', 7.5, 'harvest'],
      ['p2', '2026', null, 'harvest'],
      ['p3', null, 0, 'harvest'],
    ]);
  });

  it.each([
    ['plot_id,value\np1,1\n', /columns plot_id, trait and value, got plot_id, value/],
    ['plot_id,trait,value\np1,y,seven\n', /a number, got "p1,y,seven" .*row 2/],
    ['plot_id,trait,value\np1,y\n', /3 cells in every row, got 2 .*row 2/],
    ['', /got none/],
  ])('are refused with the row that is wrong: %j', async (text, message) => {
    await expect(rowsOf(yieldsPayload, key, text, [])).rejects.toThrow(message);
  });
});

describe('parseCsv', () => {
  it('reads quotes, doubled quotes, line breaks in quotes and empty lines', () => {
    // Python: list(csv.reader(io.StringIO('a,"b ""c"""\r\n\r\n"d\ne",f\n'))) gives [['a', 'b "c"'], [], ['d\ne', 'f']]
    expect(parseCsv('a,"b ""c"""\r\n\r\n"d\ne",f\n', 'here')).toEqual([
      ['a', 'b "c"'],
      ['d\ne', 'f'],
    ]);
  });

  it('refuses a quote that never closes', () => {
    expect(() => parseCsv('a,"b', 'here')).toThrow(FormatError);
  });
});
