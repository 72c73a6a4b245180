import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openHdf5 } from '#adapters/h5wasm/open-hdf5.ts';
import { memoryByteSource } from '#adapters/memory/memory-byte-source.ts';
import { CubelakeError, FormatError, NotFoundError, TruncatedInputError } from '#core/errors.ts';
import { openCube } from '#core/formats/open-cube.ts';
import type { Hdf5File } from '#core/ports/hdf5-file.ts';

// Files: test/fixtures/hdf5/write_hdf5.py (h5py).

const fixtures = join(import.meta.dirname, '../../fixtures/hdf5');
const folder = mkdtempSync(join(tmpdir(), 'cubelake-hdf5-'));
afterAll(() => rmSync(folder, { recursive: true }));

const types = () => openHdf5(join(fixtures, 'types.h5'));

describe('openHdf5', () => {
  it.each([
    ['i1', 'int8', [-128, 0, 1, 127]],
    ['u1', 'uint8', [0, 0, 1, 255]],
    ['<i2', 'int16', [-32768, 0, 1, 32767]],
    ['>i2', 'int16', [-32768, 0, 1, 32767]],
    ['<u2', 'uint16', [0, 0, 1, 65535]],
    ['<i4', 'int32', [-2147483648, 0, 1, 2147483647]],
    ['>u4', 'uint32', [0, 0, 1, 4294967295]],
    ['<i8', 'int64', [-(2 ** 63), 0, 1, 2 ** 63]],
    ['>u8', 'uint64', [0, 0, 1, 2 ** 64]],
    ['<f4', 'float32', [-3.4028234663852886e38, 0, 1, 3.4028234663852886e38]],
    ['>f4', 'float32', [-3.4028234663852886e38, 0, 1, 3.4028234663852886e38]],
    ['<f8', 'float64', [-Number.MAX_VALUE, 0, 1, Number.MAX_VALUE]],
    ['>f8', 'float64', [-Number.MAX_VALUE, 0, 1, Number.MAX_VALUE]],
  ])('reads %s as %s', async (name, type, values) => {
    const file = await types();
    expect(file.describe(`/${name}`)).toEqual({ type, shape: [4], chunkShape: null });
    expect([...file.readSlice(`/${name}`, [[0, 4]])]).toEqual(values);
    expect([...file.readSlice(`/${name}`, [[1, 3]])]).toEqual([0, 1]);
    file.close();
  });

  it('gives attributes that are numbers or texts, one-element lists as scalars', async () => {
    const file = await types();
    const attributes = file.attributes('/words');
    expect(Object.fromEntries(attributes)).toEqual({
      text: 'nm',
      texts: ['a', 'b'],
      one: 1.5,
      wide: BigInt64Array.of(0n, 1n, 2n),
      flag: 1,
    });
    expect(file.readText('/words')).toBe('höhe');
    expect(file.readText('/fixed')).toBe('ab\nc');
    file.close();
  });

  it('tells groups, datasets and what is not there, and follows no link to another file', async () => {
    const file = await types();
    const kinds = ['/', '/words', '/nowhere', '/outside', '/none', '/none/deeper'].map((path) => file.kind(path));
    expect(kinds).toEqual(['group', 'dataset', null, null, null, null]);
    expect(file.members('/none')).toEqual([]);
    expect(() => file.describe('/none')).toThrow(NotFoundError);
    expect(() => file.readText('/<i2')).toThrow('Expected text, got int16');
    file.close();
  });

  it('opens no file but the one that it was given', async () => {
    const path = join(fixtures, 'elsewhere.h5');
    const file = await openHdf5(path);
    expect(['/link', '/through'].map((link) => file.kind(link))).toEqual([null, null]);
    expect(() => file.describe('/virtual')).toThrow(/got a view of neon\.h5/);
    const ranges = [[0, 1] as const, [0, 4] as const, [0, 6] as const];
    expect(() => file.readSlice('/external', ranges)).toThrow(/unable to open external raw data file/);
    file.close();
  });

  it('names a filter that HDF5 does not have', async () => {
    const file = await types();
    const read = () =>
      file.readSlice('/lzf', [
        [0, 1],
        [0, 20],
      ]);
    expect(read).toThrow(/got "lzf" .*h5repack -f GZIP=4/);
    file.close();
  });

  it('refuses ranges outside the dataset', async () => {
    const file = await types();
    for (const range of [
      [0, 5],
      [-1, 2],
      [2, 2],
    ] as const) {
      expect(() => file.readSlice('/u1', [range])).toThrow(FormatError);
    }
    expect(() => file.readSlice('/u1', [])).toThrow(FormatError);
    file.close();
  });

  it('refuses a file that is not there, cut off, or no HDF5', async () => {
    await expect(openHdf5(join(folder, 'none.h5'))).rejects.toThrow(NotFoundError);
    const bytes = readFileSync(join(fixtures, 'neon.h5'));
    writeFileSync(join(folder, 'cut.h5'), bytes.subarray(0, 9000));
    await expect(openHdf5(join(folder, 'cut.h5'))).rejects.toThrow(TruncatedInputError);
    await expect(openHdf5(join(folder, 'cut.h5'))).rejects.toThrow(`Expected ${bytes.length} bytes, got 9000`);
    writeFileSync(join(folder, 'text.h5'), 'hello');
    await expect(openHdf5(join(folder, 'text.h5'))).rejects.toThrow(FormatError);
  });
});

describe('a hostile HDF5 file', () => {
  const sound = readFileSync(join(fixtures, 'bands-between.h5'));
  let fileCount = 0;

  /** Reads everything that a cube reader would read. */
  async function outcome(bytes: Uint8Array, path = `hostile-${fileCount++}.h5`): Promise<'read' | 'refused'> {
    const hostile = join(folder, path);
    writeFileSync(hostile, bytes);
    const source = { ...memoryByteSource(hostile, bytes), localPath: async () => hostile };
    try {
      const reader = await openCube([source], { openHdf5 });
      await reader.readLines({ lineStart: 0, lineEnd: 1 }).finally(() => reader.close());
      return 'read';
    } catch (error) {
      if (error instanceof CubelakeError && error.disposition === 'quarantine') return 'refused';
      throw error;
    }
  }

  async function staysUsable(): Promise<void> {
    const file: Hdf5File = await types();
    expect([...file.readSlice('/u1', [[0, 4]])]).toEqual([0, 0, 1, 255]);
    file.close();
  }

  it('does not answer for the sound file that replaces it', async () => {
    // HDF5 knows open files by their inode, and a failed call leaves one open: the sound bytes would never be seen.
    const broken = Buffer.from(sound);
    // Inside the symbol table message of the root group.
    broken[130] = broken[130]! ^ 0xff;
    expect([await outcome(broken, 'same.h5'), await outcome(sound, 'same.h5')]).toEqual(['refused', 'read']);
  });

  it('cut at any byte is refused', async () => {
    for (let end = 0; end < sound.length; end += 61) expect(await outcome(sound.subarray(0, end))).toBe('refused');
    expect(await outcome(sound)).toBe('read');
    await staysUsable();
  });

  it('with any byte changed is refused or read, and the library stays usable', async () => {
    const outcomes = { read: 0, refused: 0 };
    for (let at = 0; at < sound.length; at += 13) {
      const bytes = Buffer.from(sound);
      bytes[at] = bytes[at]! ^ 0xff;
      outcomes[await outcome(bytes)]++;
    }
    expect(outcomes.read).toBeGreaterThan(20);
    expect(outcomes.refused).toBeGreaterThan(20);
    await staysUsable();
  });

  it('with several bytes changed is refused or read', async () => {
    const change = fc.record({ at: fc.nat(sound.length - 1), byte: fc.constantFrom(0, 1, 0x7f, 0x80, 0xff) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), async (changes) => {
        const bytes = Buffer.from(sound);
        for (const { at, byte } of changes) bytes[at] = byte;
        await outcome(bytes);
      }),
      { seed: 21, numRuns: 150 },
    );
    await staysUsable();
  });
});
