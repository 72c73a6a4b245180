import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellRanges } from '#core/cube/cell-ranges.ts';
import { mortonCells } from '#core/cube/morton-cell.ts';

function cellOf(lon: number, lat: number): bigint {
  const cell = new BigInt64Array(1);
  mortonCells(Float64Array.of(lon), Float64Array.of(lat), 1, cell, new Uint8Array(1));
  return cell[0]!;
}

const isIn = (cell: bigint, box: Parameters<typeof cellRanges>[0], rangeCountMax?: number) =>
  cellRanges(box, rangeCountMax).some(({ first, last }) => first <= cell && cell <= last);

describe('ranges of cells for a box', () => {
  it('hold the cell of every point of the box', () => {
    const box = fc
      .tuple(
        fc.double({ min: -180, max: 180, noNaN: true }),
        fc.double({ min: -90, max: 90, noNaN: true }),
        fc.double({ min: 0, max: 2, noNaN: true }),
        fc.double({ min: 0, max: 2, noNaN: true }),
      )
      .map(([west, south, width, height]) => ({
        west,
        south,
        east: Math.min(180, west + width),
        north: Math.min(90, south + height),
      }));
    const part = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(box, part, part, fc.constantFrom(1, 4, 16, 64), (found, right, up, rangeCountMax) => {
        const lon = Math.min(found.east, found.west + right * (found.east - found.west));
        const lat = Math.min(found.north, found.south + up * (found.north - found.south));
        expect(isIn(cellOf(lon, lat), found, rangeCountMax)).toBe(true);
        for (const corner of [cellOf(found.west, found.south), cellOf(found.east, found.north)])
          expect(isIn(corner, found, rangeCountMax)).toBe(true);
      }),
      { seed: 20261123, numRuns: 500 },
    );
  });

  it('are few, ascending and apart, and leave out what is far away', () => {
    // A field of about 300 m near Bonn, on both sides of a boundary between large squares or not.
    const box = { west: 7.1, south: 50.7, east: 7.104, north: 50.703 };
    const ranges = cellRanges(box);
    expect(ranges.length).toBeGreaterThan(1);
    expect(ranges.length).toBeLessThanOrEqual(16);
    for (const [index, { first, last }] of ranges.entries()) {
      expect(first <= last).toBe(true);
      if (index > 0) expect(first > ranges[index - 1]!.last + 1n).toBe(true);
    }
    const held = ranges.reduce((sum, { first, last }) => sum + Number(last - first + 1n), 0);
    // The box covers (0.004 / 360 * 2^22) * (0.003 / 180 * 2^22) = 46.6 * 69.9 cells.
    expect(held).toBeGreaterThanOrEqual(47 * 70);
    expect(held).toBeLessThan(4 * 48 * 71);
    expect(isIn(cellOf(7.2, 50.7), box)).toBe(false);
    expect(isIn(cellOf(-7.1, 50.7), box)).toBe(false);
  });

  it('of one point are one cell; of the earth one range; of no place none', () => {
    const cell = cellOf(8.25, 49.5);
    expect(cellRanges({ west: 8.25, south: 49.5, east: 8.25, north: 49.5 })).toEqual([{ first: cell, last: cell }]);
    expect(cellRanges({ west: -500, south: -500, east: 500, north: 500 })).toEqual([
      { first: 0n, last: 2n ** 44n - 1n },
    ]);
    expect(cellRanges({ west: 2, south: 0, east: 1, north: 1 })).toEqual([]);
    expect(cellRanges({ west: 190, south: 0, east: 200, north: 1 })).toEqual([]);
    expect(cellRanges({ west: Number.NaN, south: 0, east: 1, north: 1 })).toEqual([]);
  });
});
