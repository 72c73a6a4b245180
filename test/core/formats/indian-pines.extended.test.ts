import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as h5wasm from 'h5wasm/node';
import { describe, expect, it } from 'vitest';
import { fileByteSource } from '#adapters/file/file-byte-source.ts';
import { openHdf5 } from '#adapters/h5wasm/open-hdf5.ts';
import { memoryByteSource } from '#adapters/memory/memory-byte-source.ts';
import type { CubeReader, Interleave } from '#core/cube/cube.ts';
import { openCube } from '#core/formats/open-cube.ts';
import { asPixels } from './pixels.ts';

// AVIRIS Indian Pines, 145 x 145 x 200 uint16 as numpy saved it, written in every layout and read back whole.

const path = join(
  process.env['CUBELAKE_SHARED'] ?? '../shared',
  'data/tensorly-indian-pines/Indian_pines_corrected.npy',
);
const [lineCount, sampleCount, bandCount] = [145, 145, 200];
const shape = {
  bsq: [bandCount, lineCount, sampleCount],
  bil: [lineCount, bandCount, sampleCount],
  bip: [lineCount, sampleCount, bandCount],
};

/** Numbers of the .npy, whose first axis runs fastest, in the order [lines, samples, bands]. */
function readPixels(): Uint16Array {
  const bytes = readFileSync(path);
  const headerBytes = 10 + bytes.readUInt16LE(8);
  const description = bytes.toString('latin1', 10, headerBytes);
  expect(description).toMatch(/'descr': '<u2', 'fortran_order': True, 'shape': \(145, 145, 200\)/);
  const pixels = new Uint16Array(lineCount * sampleCount * bandCount);
  let at = headerBytes;
  for (let band = 0; band < bandCount; band++) {
    for (let sample = 0; sample < sampleCount; sample++) {
      for (let line = 0; line < lineCount; line++, at += 2) {
        pixels[(line * sampleCount + sample) * bandCount + band] = bytes.readUInt16LE(at);
      }
    }
  }
  return pixels;
}

function arranged(pixels: Uint16Array, interleave: Interleave): Uint16Array {
  const out = new Uint16Array(pixels.length);
  let from = 0;
  for (let line = 0; line < lineCount; line++) {
    for (let sample = 0; sample < sampleCount; sample++) {
      for (let band = 0; band < bandCount; band++) {
        const bsq = (band * lineCount + line) * sampleCount + sample;
        const bil = (line * bandCount + band) * sampleCount + sample;
        out[interleave === 'bsq' ? bsq : interleave === 'bil' ? bil : from] = pixels[from]!;
        from++;
      }
    }
  }
  return out;
}

async function expectWhole(reader: CubeReader, pixels: Uint16Array): Promise<void> {
  for (let lineStart = 0; lineStart < lineCount; lineStart += 29) {
    const window = await reader.readLines({ lineStart, lineEnd: lineStart + 29 });
    const expected = pixels.subarray(lineStart * sampleCount * bandCount, (lineStart + 29) * sampleCount * bandCount);
    expect(Buffer.from(Uint16Array.from(asPixels(window)).buffer).equals(Buffer.from(expected.slice().buffer))).toBe(
      true,
    );
  }
  await reader.close();
}

if (!existsSync(path)) {
  it(`did not read Indian Pines: ${path} is absent`, () => {
    console.warn(`Indian Pines was not read: ${path} is absent.`);
    expect(existsSync(path)).toBe(false);
  });
} else {
  describe('Indian Pines', () => {
    const pixels = readPixels();
    const interleaves = ['bsq', 'bil', 'bip'] as const;

    it.each(interleaves.flatMap((interleave) => [0, 1].map((order) => [interleave, order] as const)))(
      'is the same from ENVI in %s and byte order %i',
      async (interleave, order) => {
        const data = Buffer.from(arranged(pixels, interleave).buffer);
        if (order === 1) data.swap16();
        const header = `ENVI\nlines = 145\nsamples = 145\nbands = 200\ndata type = 12\ninterleave = ${interleave}\nbyte order = ${order}\n`;
        const parts = [memoryByteSource('a.hdr', Buffer.from(header)), memoryByteSource('a.img', data)];
        await expectWhole(await openCube(parts, { openHdf5 }), pixels);
      },
    );

    it.each(interleaves)('is the same from compressed HDF5 in %s', async (interleave) => {
      await h5wasm.ready;
      const folder = mkdtempSync(join(tmpdir(), 'cubelake-pines-'));
      const file = new h5wasm.File(join(folder, 'a.h5'), 'w');
      const chunks = shape[interleave].map((length) => Math.min(length, 40));
      const data = arranged(pixels, interleave);
      file.create_dataset({ name: 'cube', data, shape: shape[interleave], chunks, compression: 4 });
      file.create_dataset({
        name: 'wavelength',
        data: Float32Array.from({ length: 200 }, (_, band) => 400 + band * 10),
      });
      file.close();
      const reader = await openCube([await fileByteSource(join(folder, 'a.h5'))], { openHdf5 });
      expect(reader.header.interleave).toBe(interleave);
      await expectWhole(reader, pixels);
      rmSync(folder, { recursive: true });
    });
  });
}
