import { cellColumnOf, cellLevelBits, cellRowOf } from './morton-cell.ts';

/** A box in WGS 84 degrees; all sides belong to it. Infinite sides are open. */
export interface DegreeBox {
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
}

/** Cells from `first` to `last`, both included. */
export interface CellRange {
  readonly first: bigint;
  readonly last: bigint;
}

/** A square of 4^(cellLevelBits - level) cells, by its position among the squares of its level. */
interface Square {
  readonly level: number;
  readonly column: number;
  readonly row: number;
}

/**
 * Ranges of cells (morton-cell.ts) that together hold every cell with a point of the box, few rather than tight.
 *
 * @param rangeCountMax Squares are divided while there are at most so many.
 * @returns ascending, apart from each other; none when the box lies outside the earth or is empty.
 */
export function cellRanges(box: DegreeBox, rangeCountMax = 16): CellRange[] {
  const west = Math.max(box.west, -180);
  const east = Math.min(box.east, 180);
  const south = Math.max(box.south, -90);
  const north = Math.min(box.north, 90);
  if (!(west <= east && south <= north)) return [];
  const columns = [cellColumnOf(west), cellColumnOf(east)] as const;
  const rows = [cellRowOf(south), cellRowOf(north)] as const;
  const whole: Square[] = [];
  let partial: Square[] = [{ level: 0, column: 0, row: 0 }];
  for (let level = 0; level < cellLevelBits && partial.length > 0; level++) {
    const next: Square[] = [];
    const inside: Square[] = [];
    for (const square of partial.flatMap(quarters)) {
      const cover = Math.min(coverOf(square, square.column, columns), coverOf(square, square.row, rows));
      if (cover === 2) inside.push(square);
      else if (cover === 1) next.push(square);
    }
    if (whole.length + inside.length + next.length > rangeCountMax) break;
    whole.push(...inside);
    partial = next;
  }
  return merged([...whole, ...partial].map(rangeOf));
}

function quarters({ level, column, row }: Square): Square[] {
  return [0, 1, 2, 3].map((part) => ({
    level: level + 1,
    column: column * 2 + (part & 1),
    row: row * 2 + (part >> 1),
  }));
}

/** 2 = the square lies within the bounds in this direction, 1 = partly, 0 = not at all. */
function coverOf({ level }: Square, position: number, [from, to]: readonly [number, number]): 0 | 1 | 2 {
  const size = 2 ** (cellLevelBits - level);
  const first = position * size;
  const last = first + size - 1;
  if (last < from || first > to) return 0;
  return first >= from && last <= to ? 2 : 1;
}

function rangeOf({ level, column, row }: Square): CellRange {
  let code = 0n;
  for (let bit = level - 1; bit >= 0; bit--) {
    const pair = (((row >>> bit) & 1) << 1) | ((column >>> bit) & 1);
    code = (code << 2n) | BigInt(pair);
  }
  const restBits = BigInt(2 * (cellLevelBits - level));
  return { first: code << restBits, last: ((code + 1n) << restBits) - 1n };
}

function merged(ranges: readonly CellRange[]): CellRange[] {
  const out: CellRange[] = [];
  for (const range of ranges.toSorted((a, b) => (a.first < b.first ? -1 : 1))) {
    const before = out.at(-1);
    if (before !== undefined && before.last + 1n === range.first) out[out.length - 1] = { ...before, last: range.last };
    else out.push(range);
  }
  return out;
}
