import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mortonCells } from '#core/cube/morton-cell.ts';

function cellOf(lon: number, lat: number): bigint | null {
  const cell = new BigInt64Array(1);
  const cellValid = new Uint8Array(1);
  mortonCells(Float64Array.of(lon), Float64Array.of(lat), 1, cell, cellValid);
  return cellValid[0] === 1 ? cell[0]! : null;
}

/** Bit by bit in BigInt: longitude in the even bits, latitude in the odd ones. */
function interleave(column: number, row: number): bigint {
  let code = 0n;
  for (let bit = 0n; bit < 22n; bit++) {
    code |= ((BigInt(column) >> bit) & 1n) << (2n * bit);
    code |= ((BigInt(row) >> bit) & 1n) << (2n * bit + 1n);
  }
  return code;
}

test('interleaves the steps of longitude and latitude', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -180, max: 180, noNaN: true }),
      fc.double({ min: -90, max: 90, noNaN: true }),
      (lon, lat) => {
        const column = Math.min(2 ** 22 - 1, Math.floor(((lon + 180) / 360) * 2 ** 22));
        const row = Math.min(2 ** 22 - 1, Math.floor(((lat + 90) / 180) * 2 ** 22));
        expect(cellOf(lon, lat)).toBe(interleave(column, row));
      },
    ),
    { seed: 4, numRuns: 2000 },
  );
});

test('is 0 in the south-west corner and all ones in the north-east', () => {
  expect(cellOf(-180, -90)).toBe(0n);
  expect(cellOf(180, 90)).toBe(2n ** 44n - 1n);
  // Half way east and north: only the highest bit of each.
  expect(cellOf(0, 0)).toBe(2n ** 42n + 2n ** 43n);
});

test.each([
  [Number.NaN, 0],
  [0, Number.NaN],
  [180.1, 0],
  [0, -90.1],
  [Number.POSITIVE_INFINITY, 0],
])('of %s, %s is unknown', (lon, lat) => {
  expect(cellOf(lon, lat)).toBeNull();
});

test('clears what the buffers held where a position is unknown', () => {
  const cell = BigInt64Array.of(-1n, -1n, 77n);
  const cellValid = Uint8Array.of(1, 0, 1);
  mortonCells(Float64Array.of(Number.NaN, 0, 5), Float64Array.of(1, 0, 5), 2, cell, cellValid);
  expect([...cell]).toEqual([0n, 2n ** 42n + 2n ** 43n, 77n]);
  expect([...cellValid]).toEqual([0, 1, 1]);
});
