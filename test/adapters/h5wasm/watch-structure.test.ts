import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openHdf5 } from '#adapters/h5wasm/open-hdf5.ts';
import { watchStructure } from '#adapters/h5wasm/watch-structure.ts';
import { FormatError } from '#core/errors.ts';

// Inside HDF5 a global heap of a forged size, whose first object is free space, makes the reading of dimension scales loop
// without end: found by changing every eight bytes of emit.nc in turn.

const sound = readFileSync(join(import.meta.dirname, '../../fixtures/netcdf/emit.nc'));
const folder = mkdtempSync(join(tmpdir(), 'cubelake-watch-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(name: string, change: (bytes: Buffer) => void): string {
  const bytes = Buffer.from(sound);
  change(bytes);
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
}

describe('watchStructure', () => {
  it('ends with an error when a file keeps HDF5 busy for ever, and serves the next file', async () => {
    const heap = sound.indexOf('GCOL');
    const endless = fileOf('endless.nc', (bytes) => {
      bytes.writeUInt8(1, heap + 14);
      bytes.writeUInt16LE(0, heap + 16);
    });
    const watched = watchStructure(endless, 3000);
    await expect(watched).rejects.toThrow(FormatError);
    await expect(watched).rejects.toThrow('within 3000 ms, got no end');
    await watchStructure(fileOf('sound.nc', () => {}));
  });

  it('leaves it to the reader to say what else is wrong', async () => {
    const broken = fileOf('broken.nc', (bytes) => bytes.fill(0xff, 8, 300));
    await watchStructure(broken);
    await expect(openHdf5(broken)).rejects.toThrow(FormatError);
  });

  it('serves files that are opened at the same time', async () => {
    const paths = ['a', 'b', 'c'].map((name) => fileOf(`${name}.nc`, () => {}));
    const files = await Promise.all(paths.map(openHdf5));
    for (const file of files) {
      expect(file.kind('/reflectance')).toBe('dataset');
      file.close();
    }
  });
});
