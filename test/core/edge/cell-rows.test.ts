import { describe, expect, it } from 'vitest';
import { bandMeans, indexMeans } from '#core/edge/cell-means.ts';
import { cellRows } from '#core/edge/cell-rows.ts';
import { packedFill, quality } from '#core/radiometry/quality.ts';
import { smallTile } from './small-tile.ts';

// Four lines of three samples, cells of two: the cells of the last column are one sample wide.
const red = [100, 200, 300, 300, 400, 500, 10, 20, 30, 30, 40, 50];
const nearInfrared = red.map((value) => value + 4000);

describe('cellRows', () => {
  it('makes a row of every cell, with what is left of it at the edge of the cube', () => {
    const rows = cellRows(smallTile({ sampleCount: 3, red, nearInfrared, lineStart: 8 }), 2, null);
    expect([...rows.line]).toEqual([8, 8, 10, 10]);
    expect([...rows.sample]).toEqual([0, 2, 0, 2]);
    expect([...rows.pixelCount]).toEqual([4, 2, 4, 2]);
    expect([...rows.rowOfPixel]).toEqual([0, 0, 1, 0, 0, 1, 2, 2, 3, 2, 2, 3]);
  });

  it('never mixes two plots in a row', () => {
    const plots = [5, 5, -1, 5, 7, -1, 7, 7, -1, 7, 7, -1];
    const rows = cellRows(smallTile({ sampleCount: 3, red, nearInfrared, plots }), 2, null);
    expect([...rows.plot]).toEqual([5, -1, 7, 7, -1]);
    expect([...rows.pixelCount]).toEqual([3, 2, 1, 4, 2]);
  });

  it('leaves out pixels without any value, and says that a row has flaws', () => {
    const tile = smallTile({
      sampleCount: 3,
      red: red.map((value, pixel) => (pixel === 0 ? packedFill : value)),
      nearInfrared: nearInfrared.map((value, pixel) => (pixel === 0 ? packedFill : value)),
      quality: [quality.noData, 0, 0, quality.saturated, ...new Array<number>(8).fill(0)],
    });
    const rows = cellRows(tile, 2, null);
    expect(rows.rowOfPixel[0]).toBe(-1);
    expect([...rows.pixelCount]).toEqual([3, 2, 4, 2]);
    expect([...rows.quality]).toEqual([quality.saturated, 0, 0, 0]);
  });

  it('keeps only the pixels asked for', () => {
    const rows = cellRows(
      smallTile({ sampleCount: 3, red, nearInfrared }),
      2,
      Uint8Array.of(1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0),
    );
    expect([...rows.pixelCount]).toEqual([1, 2]);
  });
});

describe('means of cells', () => {
  const tile = smallTile({
    sampleCount: 3,
    red,
    nearInfrared,
    quality: [0, 0, 0, quality.saturated, ...new Array<number>(8).fill(0)],
  });
  const rows = cellRows(tile, 2, null);

  it('average usable values only, in whole steps', () => {
    // (100 + 200 + 400) / 3 = 233.3; a saturated value does not count.
    expect([...bandMeans(tile, rows, 0, 1).values]).toEqual([233, 400, 25, 40]);
    // In steps of ten: 23.3, 40, 2.5 (up), 4.
    expect([...bandMeans(tile, rows, 0, 10).values]).toEqual([23, 40, 3, 4]);
  });

  it('give a cell without a usable value no value', () => {
    const spoiled = smallTile({ sampleCount: 2, red: [1, 2, 3, 4], nearInfrared: [5, 6, 7, 8], quality: [2, 2, 2, 2] });
    const all = cellRows(spoiled, 2, null);
    expect([...bandMeans(spoiled, all, 0, 1).validMask]).toEqual([0]);
    expect([...indexMeans(spoiled.indexPlanes[0]!, all).mean]).toEqual([Number.NaN]);
  });

  it('keep the mean and spread of an index at full resolution', () => {
    const { validCount, mean, sd } = indexMeans(tile.indexPlanes[0]!, rows);
    expect([...validCount]).toEqual([3, 2, 4, 2]);
    // Second row: 4000 / 4600 and 4000 / 5000.
    expect(mean[1]).toBeCloseTo((4000 / 4600 + 4000 / 5000) / 2, 12);
    expect(sd[1]).toBeCloseTo((4000 / 4600 - 4000 / 5000) / Math.SQRT2, 12);
  });
});
