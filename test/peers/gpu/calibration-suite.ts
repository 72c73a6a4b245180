import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Gpu, openGpu } from '#adapters/gpu/open-gpu.ts';
import { calibrateTile } from '#core/radiometry/calibrate-tile.ts';
import { exactlyRounded, hardTile } from './hard-roundings.ts';
import { type RandomTile, randomTile, usedPlanes } from './random-tiles.ts';

/** Bytes per binding: everything in one piece, and so few that tiles go in pieces of each kind. */
const bindings = [Number.POSITIVE_INFINITY, 2048] as const;

describe.each(bindings)('the kernel of the GPU with %d bytes per binding', (bindingBytesMax) => {
  let gpu: Gpu;
  beforeAll(async () => {
    gpu = await openGpu({ bindingBytesMax });
  });
  afterAll(() => gpu.close());

  it('gives the bytes of the CPU for random tiles of all types', async () => {
    await fc.assert(
      fc.asyncProperty(randomTile, async (tile) => {
        expect(await onGpu(gpu, tile)).toEqual(onCpu(tile));
      }),
      { seed: 20_261_123, numRuns: 150 },
    );
  });
});

describe('the kernel of the GPU', () => {
  it('rounds as float64 does where that decides', async () => {
    const tile = hardTile();
    const out = onCpu(tile);
    const { offset, gain } = tile.coefficients;
    const decided = Array.from(tile.window.data, (stored, at) => ({ stored, offset: offset[at]!, gain: gain[at]! }))
      .map((value, at) => exactlyRounded(value) !== out.packed[at])
      .filter(Boolean).length;
    // Else this would show nothing.
    expect(decided).toBeGreaterThan(500);
    const gpu = await openGpu();
    expect(await onGpu(gpu, tile)).toEqual(out);
    gpu.close();
  });
});

async function onGpu(gpu: Gpu, { window, coefficients }: RandomTile) {
  const out = usedPlanes(window);
  const kernel = await gpu.openCalibration(coefficients);
  await kernel.calibrate(window, out);
  kernel.close();
  return out;
}

function onCpu({ window, coefficients }: RandomTile) {
  const out = usedPlanes(window);
  calibrateTile(window, coefficients, out);
  return out;
}
