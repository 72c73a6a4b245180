import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { memoryByteSource } from '#adapters/memory/memory-byte-source.ts';
import { openEnvi } from '#core/formats/envi/open-envi.ts';
import type { ByteSource } from '#core/ports/byte-source.ts';
import { asPixels, expectedPixels, windowsOf } from '../pixels.ts';

// Cubes and values come from Spectral Python: test/fixtures/envi/write_envi.py.

interface Case {
  readonly name: string;
  readonly type: string;
  readonly interleave: string;
  readonly header: string;
  readonly data: string;
  /** Shape [lines, samples, bands]. */
  readonly values: readonly number[];
}

const fixture = join(import.meta.dirname, '../../../fixtures/envi/cubes.expected.json');
const cases = JSON.parse(readFileSync(fixture, 'utf8')) as Case[];
const [sampleCount, bandCount] = [4, 6];

function sources(example: Case): [ByteSource, ByteSource] {
  const header = memoryByteSource(`${example.name}.hdr`, Buffer.from(example.header));
  return [header, memoryByteSource(`${example.name}.img`, Buffer.from(example.data, 'base64'))];
}

function countReads(source: ByteSource): { source: ByteSource; reads: number[] } {
  const reads: number[] = [];
  const readInto: ByteSource['readInto'] = (offsetBytes, target) => {
    reads.push(target.byteLength);
    return source.readInto(offsetBytes, target);
  };
  return { source: { ...source, readInto }, reads };
}

describe('an ENVI cube', () => {
  it('is there in every type, interleave and byte order', () => {
    expect(cases).toHaveLength(9 * 3 * 2);
  });

  it.each(cases.map((example) => [example.name, example] as const))(
    '%s reads as Spectral Python reads it',
    async (_, example) => {
      const reader = await openEnvi(...sources(example), {});
      expect(reader.header).toMatchObject({ lineCount: 5, sampleCount, bandCount, interleave: example.interleave });
      for (const { lines, bands } of windowsOf(reader)) {
        const expected = expectedPixels(reader, example.values, lines, bands);
        const [lineStart, lineEnd] = lines;
        expect(asPixels(await reader.readLines({ lineStart, lineEnd, bands }))).toEqual(expected);
      }
      expect(asPixels(await reader.readLines({ lineStart: 0, lineEnd: 5 }))).toEqual(example.values);
    },
  );

  it('reads a window with one read where its bytes lie together, and nothing twice', async () => {
    const bytesOf = async (name: string, bands?: number[]) => {
      const [header, data] = sources(cases.find((example) => example.name === name)!);
      const { source, reads } = countReads(data);
      const reader = await openEnvi(header, source, {});
      await reader.readLines({ lineStart: 1, lineEnd: 3, ...(bands && { bands }) });
      return reads;
    };
    // uint16, 2 of 5 lines, 4 samples, 6 bands: 96 bytes.
    expect(await bytesOf('uint16-bil-0')).toEqual([96]);
    expect(await bytesOf('uint16-bip-0')).toEqual([96]);
    expect(await bytesOf('uint16-bsq-0')).toEqual([16, 16, 16, 16, 16, 16]);
    expect(await bytesOf('uint16-bsq-0', [1, 4])).toEqual([16, 16]);
    expect(await bytesOf('uint16-bil-0', [1, 2, 4])).toEqual([16, 8, 16, 8]);
    expect(await bytesOf('uint16-bip-0', [1, 2, 4])).toEqual([48, 48]);
  });

  it('gives windows of one memory, valid until the next read', async () => {
    const reader = await openEnvi(...sources(cases[0]!), {});
    const first = await reader.readLines({ lineStart: 0, lineEnd: 2 });
    const second = await reader.readLines({ lineStart: 2, lineEnd: 4 });
    expect(second.data.buffer).toBe(first.data.buffer);
  });

  it('skips the header offset', async () => {
    const example = cases.find(({ name }) => name === 'int16-bil-1')!;
    const header = Buffer.from(example.header.replace('header offset = 0', 'header offset = 7'));
    const data = Buffer.concat([Buffer.alloc(7, 0xaa), Buffer.from(example.data, 'base64')]);
    const reader = await openEnvi(memoryByteSource('a.hdr', header), memoryByteSource('a.img', data), {});
    const window = await reader.readLines({ lineStart: 0, lineEnd: 5 });
    expect(asPixels(window)).toEqual(example.values);
  });
});
