import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openFile } from '#adapters/h5wasm/read-file.ts';
import { watchStructure } from '#adapters/h5wasm/watch-structure.ts';
import { memoryByteSource } from '#adapters/memory/memory-byte-source.ts';
import { CubelakeError } from '#core/errors.ts';
import { openCube } from '#core/formats/open-cube.ts';
import type { Hdf5Opener } from '#core/ports/hdf5-file.ts';

// The sweep of open-hdf5.test.ts over a file of each layout. Each refused file leaves a handle inside the library, so the
// sweep takes every 29th byte instead of all.

const fixtures = join(import.meta.dirname, '../../fixtures');
const folder = mkdtempSync(join(tmpdir(), 'cubelake-sweep-'));
afterAll(() => rmSync(folder, { recursive: true }));
let fileCount = 0;

/** openHdf5 with less patience: some of these files never end. */
const openHdf5: Hdf5Opener = async (localPath) => {
  await watchStructure(localPath, 3000);
  return openFile(localPath);
};

async function outcome(bytes: Uint8Array, dataset: string | undefined): Promise<'read' | 'refused'> {
  const path = join(folder, `${fileCount++}.h5`);
  writeFileSync(path, bytes);
  try {
    const reader = await openCube([{ ...memoryByteSource(path, bytes), localPath: async () => path }], {
      openHdf5,
      overrides: dataset === undefined ? {} : { dataset },
    });
    const range = { lineStart: 0, lineEnd: reader.header.lineCount };
    await reader
      .readLines(range)
      .then(() => reader.readLocations(range))
      .finally(() => reader.close());
    return 'read';
  } catch (error) {
    if (error instanceof CubelakeError && error.disposition === 'quarantine') return 'refused';
    throw error;
  } finally {
    rmSync(path);
  }
}

const files = [
  ['hdf5/bands-between.h5', undefined],
  ['hdf5/neon.h5', undefined],
  ['netcdf/emit.nc', undefined],
  ['netcdf/grid.nc', undefined],
  ['netcdf/planes.nc', '/measurements/Oa01_radiance'],
] as const;

describe.each(files)('a hostile copy of %s', (name, dataset) => {
  const sound = readFileSync(join(fixtures, name));

  it('cut at any byte is refused', async () => {
    for (let end = 0; end < sound.length; end += 101)
      expect(await outcome(sound.subarray(0, end), dataset)).toBe('refused');
  });

  it('with a byte changed is refused or read', async () => {
    for (let at = 0; at < sound.length; at += 29) {
      const bytes = Buffer.from(sound);
      bytes[at] = bytes[at]! ^ 0xff;
      await outcome(bytes, dataset);
    }
  });

  it('with extreme lengths is refused or read', async () => {
    const extreme = fc.constantFrom(
      0n,
      1n,
      0x7fffffffn,
      0xffffffffn,
      0x100000000n,
      0x1fffffffffffffn,
      0xffffffffffffffffn,
    );
    const place = fc.nat(Math.floor(sound.length / 8) - 1);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(place, extreme), { minLength: 1, maxLength: 3 }), async (changes) => {
        const bytes = Buffer.from(sound);
        for (const [at, value] of changes) bytes.writeBigUInt64LE(value, at * 8);
        await outcome(bytes, dataset);
      }),
      { seed: 22, numRuns: 150 },
    );
  });
});
