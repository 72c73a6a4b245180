import { describe, expect, it } from 'vitest';
import { GeometryError } from '#core/errors.ts';
import { parsePlotSet } from '#core/plots/plot-set.ts';

const ring = [
  [11, 48],
  [11.1, 48],
  [11.1, 48.1],
  [11, 48],
];

function collection(features: unknown[], crs?: unknown): string {
  return JSON.stringify({ type: 'FeatureCollection', features, ...(crs === undefined ? {} : { crs }) });
}

function plot(properties: unknown, geometry: unknown = { type: 'Polygon', coordinates: [ring] }): unknown {
  return { type: 'Feature', properties, geometry };
}

describe('parsePlotSet', () => {
  it('reads what a plot is and what grows in it', () => {
    const set = parsePlotSet(
      collection([
        plot({
          plot_id: 'p1',
          trial_id: 't',
          crop: 'wheat',
          crop_row: '3',
          germplasm: 'G 7',
          replicate: 2,
          entry_type: 'CHECK',
        }),
      ]),
      'f',
    );
    expect(set.crs.epsg).toBe(4326);
    expect(set.plots[0]).toMatchObject({
      plotId: 'p1',
      cropRow: 3,
      germplasm: 'G 7',
      replicate: '2',
      block: null,
      entryType: 'check',
    });
  });

  it.each([
    [{ PlotID: 7 }, '7'],
    [{ plot: 'A' }, 'A'],
    [{ fid: 0 }, '0'],
  ])('takes the id from %j', (properties, expected) => {
    expect(parsePlotSet(collection([plot(properties)]), 'f').plots[0]!.plotId).toBe(expected);
  });

  it('takes the older crs member', () => {
    const crs = { type: 'name', properties: { name: 'urn:ogc:def:crs:EPSG::32632' } };
    expect(parsePlotSet(collection([plot({ id: 1 })], crs), 'f').crs.epsg).toBe(32_632);
  });

  it.each([
    ['a plot twice', collection([plot({ id: 1 }), plot({ id: 1 })]), /plot 1 twice/],
    ['no id', collection([plot({})]), /property plot_id/],
    ['a point', collection([plot({ id: 1 }, { type: 'Point', coordinates: [1, 2] })]), /got Point/],
    [
      'an open ring',
      collection([plot({ id: 1 }, { type: 'Polygon', coordinates: [[[1, 2]]] })]),
      /four finite positions/,
    ],
    ['an unknown CRS', collection([plot({ id: 1 })], { properties: { name: 'EPSG:2000' } }), /got 2000/],
    [
      'metres without a CRS',
      collection([
        plot(
          { id: 1 },
          {
            type: 'Polygon',
            coordinates: [
              [
                [600000, 5300000],
                [600001, 5300000],
                [600001, 5300001],
                [600000, 5300000],
              ],
            ],
          },
        ),
      ]),
      /Expected longitudes and latitudes in degrees, got 600000, 5300000/,
    ],
    ['a nameless CRS', collection([plot({ id: 1 })], { properties: {} }), /EPSG:<code>/],
    ['no plots', collection([]), /at least one plot/],
  ])('refuses %s with a sentence', (_, text, message) => {
    expect(() => parsePlotSet(text, 'f')).toThrow(GeometryError);
    expect(() => parsePlotSet(text, 'f')).toThrow(message);
  });

  it.each(['', '{', '[]', '{"type":"Feature"}'])('refuses %j as GeoJSON', (text) => {
    expect(() => parsePlotSet(text, 'plots.geojson')).toThrow(/plots\.geojson/);
  });
});
