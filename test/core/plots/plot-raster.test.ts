import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { coordinateSystemOfEpsg } from '#core/cube/coordinate-system.ts';
import { assignPlots, placePlots } from '#core/plots/plot-raster.ts';
import { parsePlotSet } from '#core/plots/plot-set.ts';

// Made by shapely and pyproj: test/fixtures/plots/place_plots.py
const fixture = JSON.parse(
  readFileSync(new URL('../../fixtures/plots/place-plots.expected.json', import.meta.url), 'utf8'),
);

describe('assignPlots', () => {
  it('finds the plot that shapely finds, holes, concave plots and edge buffer included', () => {
    const placed = placePlots(
      parsePlotSet(JSON.stringify(fixture.geojson), 'fixture'),
      coordinateSystemOfEpsg(32632),
      fixture.bufferM,
      'fixture',
    );
    const out = new Int32Array(fixture.x.length);
    assignPlots(placed, Float64Array.from(fixture.x), Float64Array.from(fixture.y), out.length, out);
    expect([...out]).toEqual(fixture.plot);
    expect(new Set(out).size).toBe(5);
  });

  it('puts a position that is not known in no plot', () => {
    const placed = placePlots(
      parsePlotSet(JSON.stringify(fixture.geojson), 'fixture'),
      coordinateSystemOfEpsg(32632),
      0,
      'fixture',
    );
    const out = Int32Array.of(7);
    assignPlots(placed, Float64Array.of(Number.NaN), Float64Array.of(Number.NaN), 1, out);
    expect([...out]).toEqual([-1]);
  });
});
