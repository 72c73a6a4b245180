import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { memoryByteSource } from '#adapters/memory/memory-byte-source.ts';
import { FormatError, MissingFactError } from '#core/errors.ts';
import { openCube } from '#core/formats/open-cube.ts';
import type { ByteSource } from '#core/ports/byte-source.ts';
import type { Hdf5Opener } from '#core/ports/hdf5-file.ts';

const openHdf5: Hdf5Opener = () => Promise.reject(new Error('no HDF5 file is expected here'));

const header = 'ENVI\nsamples = 2\nlines = 1\nbands = 1\ndata type = 1\ninterleave = bsq\nbyte order = 0\n';
const text = (name: string, content: string) => memoryByteSource(name, Buffer.from(content));
const open = (...parts: ByteSource[]) => openCube(parts, { openHdf5 });

describe('openCube', () => {
  it('takes header and data of ENVI in any order', async () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const parts = [text('a/x.hdr', header), memoryByteSource('a/x.img', Uint8Array.of(7, 8))];
      const reader = await open(...order.map((index) => parts[index]!));
      expect([...(await reader.readLines({ lineStart: 0, lineEnd: 1 })).data]).toEqual([7, 8]);
    }
  });

  it('finds the data among further files, even when it begins like a header', async () => {
    const data = text('x.raw', 'ENVI\n and so on');
    const reader = await open(data, memoryByteSource('x.png', Uint8Array.of(1)), text('x.hdr', header));
    expect([...(await reader.readLines({ lineStart: 0, lineEnd: 1 })).data]).toEqual([0x45, 0x4e]);
  });

  it('names what would fit when the data file is missing', async () => {
    await expect(open(text('a/x.hdr', header))).rejects.toThrow(MissingFactError);
    await expect(open(text('a/x.hdr', header))).rejects.toThrow(/as one of: x, x\.img, x\.dat, x\.bil/);
  });

  it.each([
    ['NetCDF-3 classic', readFileSync(join(import.meta.dirname, '../../fixtures/netcdf/classic.nc')), /nccopy -k nc4/],
    ['an empty file', Buffer.alloc(0), /Copy it again/],
    ['a PNG image', Buffer.from([0x89, 0x50, 0x4e, 0x47, 1]), /Give the cube itself/],
    ['an Esri header', Buffer.from('BYTEORDER I\nLAYOUT BIL\n'), /ENVI header/],
    ['text that begins "hello"', Buffer.from('hello'), /first line/],
    ['text that begins "# Title Words"', Buffer.from('# Title\n\nWords\n'), /first line/],
    ['bytes without a known signature', Buffer.from([1, 2, 3, 0xff]), /give its \.hdr file too/],
  ])('names %s when that is what it was given', async (found, bytes, remedy) => {
    const failed = open(memoryByteSource('a/x', bytes));
    await expect(failed).rejects.toThrow(FormatError);
    await expect(open(memoryByteSource('a/x', bytes))).rejects.toThrow(`got ${found} (a/x)`);
    await expect(open(memoryByteSource('a/x', bytes))).rejects.toThrow(remedy);
  });

  it('refuses no file, and several files without a header', async () => {
    await expect(open()).rejects.toThrow('Expected at least one file of a cube, got none.');
    await expect(open(text('a.txt', 'x'), memoryByteSource('b', new Uint8Array(9)))).rejects.toThrow(
      /got 2 files \(a\.txt: text that begins "x"; b: bytes without a known signature\)/,
    );
  });

  it('closes its sources when it refuses them', async () => {
    let closeCount = 0;
    const source = { ...text('x', 'hello'), close: async () => void closeCount++ };
    await expect(open(source)).rejects.toThrow(FormatError);
    expect(closeCount).toBe(1);
  });
});
