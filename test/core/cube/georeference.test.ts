import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { coordinateSystemOfEpsg, transformer, wgs84 } from '#core/cube/coordinate-system.ts';
import type { AffineTransform, Georeference } from '#core/cube/cube.ts';
import { positionsOf } from '#core/cube/georeference.ts';
import { InvariantError } from '#core/errors.ts';

interface Grid {
  readonly name: string;
  readonly epsg: number;
  readonly transform: AffineTransform;
  /** line, sample, x, y, lon, lat */
  readonly positions: readonly (readonly [number, number, number, number, number, number])[];
}

/** By PROJ: test/fixtures/georeference/positions.py. */
const grids = JSON.parse(
  readFileSync(new URL('../../fixtures/georeference/positions.expected.json', import.meta.url), 'utf8'),
) as readonly Grid[];
const earthRadiusM = 6_371_000;
const radPerDeg = Math.PI / 180;

function affine({ epsg, transform }: Pick<Grid, 'epsg' | 'transform'>): Georeference {
  return { kind: 'affine', crs: coordinateSystemOfEpsg(epsg), transform };
}

/** Metres between two positions, good for small distances. */
function distanceM(lon: number, lat: number, otherLon: number, otherLat: number): number {
  const east = (lon - otherLon) * radPerDeg * Math.cos(lat * radPerDeg);
  const north = (lat - otherLat) * radPerDeg;
  return Math.hypot(east, north) * earthRadiusM;
}

describe('an affine grid', () => {
  test.each(grids)('lies where PROJ puts it: $name', (grid) => {
    const { x, y, lon, lat } = positionsOf(affine(grid), { lineStart: 0, lineEnd: 64, sampleCount: 100 }, null);
    const pixelM = Math.hypot(grid.transform[0], grid.transform[3]) * (grid.epsg === 4326 ? 111_000 : 1);
    for (const [line, sample, wantedX, wantedY, wantedLon, wantedLat] of grid.positions) {
      const pixel = line * 100 + sample;
      expect(x[pixel]).toBeCloseTo(wantedX, 8);
      expect(y[pixel]).toBeCloseTo(wantedY, 8);
      // A hundred-thousandth of a metre for two programs' projections, and the stated price of interpolation.
      const interpolationM =
        ((16 * pixelM) ** 2 / 8 / earthRadiusM) * (1 + 2 * Math.tan(Math.abs(wantedLat) * radPerDeg));
      expect(distanceM(lon[pixel]!, lat[pixel]!, wantedLon, wantedLat)).toBeLessThan(1e-5 + interpolationM);
    }
  });

  test.each(grids)('keeps the stated bound at every pixel: $name', (grid) => {
    const { x, y, lon, lat } = positionsOf(affine(grid), { lineStart: 5, lineEnd: 70, sampleCount: 90 }, null);
    const project = transformer(coordinateSystemOfEpsg(grid.epsg), wgs84);
    const pixelM = Math.hypot(grid.transform[0], grid.transform[3]) * (grid.epsg === 4326 ? 111_000 : 1);
    let worst = 0;
    for (let pixel = 0; pixel < x.length; pixel++) {
      const [wantedLon, wantedLat] = project(x[pixel]!, y[pixel]!);
      const boundM = ((16 * pixelM) ** 2 / 8 / earthRadiusM) * (1 + 2 * Math.tan(Math.abs(wantedLat) * radPerDeg));
      worst = Math.max(worst, distanceM(lon[pixel]!, lat[pixel]!, wantedLon, wantedLat) / (boundM + 1e-7));
    }
    expect(worst).toBeLessThan(1);
  });

  test('gives a pixel the same position in every window', () => {
    const grid = affine(grids[2]!);
    const whole = positionsOf(grid, { lineStart: 0, lineEnd: 60, sampleCount: 50 }, null);
    for (const [lineStart, lineEnd] of [
      [0, 1],
      [3, 29],
      [16, 32],
      [53, 60],
    ] as const) {
      const part = positionsOf(grid, { lineStart, lineEnd, sampleCount: 50 }, null);
      for (const name of ['x', 'y', 'lon', 'lat', 'cell'] as const) {
        expect(part[name]).toEqual(whole[name].slice(lineStart * 50, lineEnd * 50));
      }
      expect([...part.cellValid]).not.toContain(0);
    }
  });

  test('that crosses the antimeridian has no pixel in between', () => {
    // UTM zone 60 north, at its eastern edge on the equator: 180 degrees is at easting 833 978.6 m.
    const crossing: Georeference = {
      kind: 'affine',
      crs: coordinateSystemOfEpsg(32660),
      transform: [10, 0, 833_900, 0, -10, 1000],
    };
    const { lon, lat } = positionsOf(crossing, { lineStart: 0, lineEnd: 40, sampleCount: 40 }, null);
    const project = transformer(crossing.crs, wgs84);
    for (let pixel = 0; pixel < lon.length; pixel++) {
      const [wantedLon, wantedLat] = project(
        833_900 + 10 * ((pixel % 40) + 0.5),
        1000 - 10 * (Math.floor(pixel / 40) + 0.5),
      );
      expect(lon[pixel]).toBeCloseTo(wantedLon, 9);
      expect(lat[pixel]).toBeCloseTo(wantedLat, 9);
    }
    expect(Math.min(...lon)).toBeLessThan(-179.9);
    expect(Math.max(...lon)).toBeGreaterThan(179.9);
  });

  test('beyond what its projection maps has no longitude, latitude or cell', () => {
    const far: Georeference = {
      kind: 'affine',
      crs: coordinateSystemOfEpsg(32633),
      transform: [1, 0, 5e9, 0, -1, 5e9],
    };
    const { x, lon, lat, cellValid } = positionsOf(far, { lineStart: 0, lineEnd: 2, sampleCount: 3 }, null);
    expect(x[0]).toBe(5e9 + 0.5);
    expect([...lon, ...lat]).toEqual(new Array(12).fill(Number.NaN));
    expect([...cellValid]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('in WGS 84 has its own coordinates as longitude and latitude, bit for bit', () => {
    const { x, y, lon, lat } = positionsOf(affine(grids.at(-1)!), { lineStart: 7, lineEnd: 30, sampleCount: 33 }, null);
    expect(lon).toEqual(x);
    expect(lat).toEqual(y);
  });
});

describe('positions of each pixel', () => {
  const window = { lineStart: 0, lineEnd: 1, sampleCount: 3 };

  test('are projected one by one, unknown where they are unknown', () => {
    const crs = coordinateSystemOfEpsg(32633);
    const locations = { x: Float64Array.of(500_000, Number.NaN, 600_000), y: Float64Array.of(5.3e6, 5.3e6, 5.4e6) };
    const { x, lon, lat, cell, cellValid } = positionsOf({ kind: 'locations', crs }, window, locations);
    expect(x).toEqual(locations.x);
    // Easting 500 000 is the central meridian.
    expect(lon[0]).toBeCloseTo(15, 12);
    expect([lon[1], lat[1], cell[1]]).toEqual([Number.NaN, Number.NaN, 0n]);
    expect(transformer(wgs84, crs)(lon[2]!, lat[2]!)[0]).toBeCloseTo(600_000, 6);
    expect([...cellValid]).toEqual([1, 0, 1]);
  });

  test('do not share memory with the reader that gave them', () => {
    const locations = { x: Float64Array.of(1, 2, 3), y: Float64Array.of(4, 5, 6) };
    const positions = positionsOf({ kind: 'locations', crs: wgs84 }, window, locations);
    locations.x.fill(0);
    expect([...positions.x, ...positions.lon]).toEqual([1, 2, 3, 1, 2, 3]);
  });

  test('must be given', () => {
    expect(() => positionsOf({ kind: 'locations', crs: wgs84 }, window, null)).toThrow(InvariantError);
  });
});
