import { describe, expect, it } from 'vitest';
import { FormatError } from '#core/errors.ts';
import { packedScratch } from '#core/formats/parquet/encode-packed.ts';
import { ShardWriter } from '#core/formats/zarr/shard-writer.ts';
import { tileMemory, tileValuesBytes } from '#core/pipeline/cube/tile-memory.ts';
import { tileGridOf } from '#core/pipeline/cube/tile-setup.ts';
import { coefficientsFromScale } from '#core/radiometry/coefficients.ts';
import { PlainRows } from '#core/radiometry/plain-rows.ts';

describe('tileMemory', () => {
  it.each([
    [1, 1, 1],
    [3, 7, 5],
    [2000, 640, 224],
    [64, 1023, 3],
    [5, 20_001, 400],
  ])('has room for all that a cube of %i lines x %i samples x %i bands needs', (lineCount, sampleCount, bandCount) => {
    const grid = tileGridOf({ lineCount, sampleCount, bandCount });
    const memory = tileMemory(grid);
    const coefficients = coefficientsFromScale({
      ...grid,
      factor: 1,
      offset: 0,
      goodBands: new Uint8Array(bandCount),
      saturationLevel: null,
      fillValue: null,
    });
    const bytes = tileValuesBytes(grid);
    const packed = new Int16Array(memory.buffer, memory.take(bytes), bytes / 2);
    const target = memory.bytes(bytes);
    new PlainRows(memory, coefficients, packed);
    new ShardWriter(grid, memory);
    const scratch = packedScratch(grid.tileLineCount * sampleCount, memory);
    expect(target.byteOffset).toBeGreaterThanOrEqual(bytes);
    expect(scratch.split.byteOffset + scratch.split.byteLength).toBeLessThanOrEqual(memory.buffer.byteLength);
    // What is left is less than a page and the ends of the regions: the sizes are those that are taken.
    expect(() => memory.take(70_000)).toThrow(/room in the kernels memory/);
  });

  it('refuses a cube of which one line is more than a reader may hold', () => {
    const grid = tileGridOf({ lineCount: 10, sampleCount: 200_000, bandCount: 10_000 });
    expect(() => tileMemory(grid)).toThrow(FormatError);
  });
});
