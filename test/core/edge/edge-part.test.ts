import { zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { expect, it } from 'vitest';
import { allValid, intColumn } from '#core/edge/edge-mode.ts';
import { type EdgePart, PartWriter } from '#core/edge/edge-part.ts';

const partBytesMax = 4096;

function writeAll(blocks: readonly (readonly number[])[]): EdgePart[] {
  const parts: EdgePart[] = [];
  const writer = new PartWriter(
    {
      columns: [
        { column: intColumn(8, 'line', true), kind: 'repeated' },
        { column: intColumn(10_000, 'r1000', false), kind: 'split' },
        { column: { id: 15, name: 'plot_id', type: 'string', required: false, metrics: 'none' }, kind: 'plot' },
      ],
      plotIds: ['north', 'south'],
      keyValues: { 'cubelake.edge': '{"mode":"cells"}' },
      partBytesMax,
    },
    (part) => parts.push(part),
  );
  for (const block of blocks) {
    writer.add({
      rowCount: block.length,
      values: [
        allValid(Int32Array.from(block, (_, row) => row >> 3)),
        { values: Int32Array.from(block), validMask: Uint8Array.from(block, (value) => (value % 5 === 0 ? 0 : 1)) },
        allValid(Int32Array.from(block, (value) => (Math.abs(value) % 3) - 1)),
      ],
    });
  }
  writer.finish();
  return parts;
}

// The rows come back through hyparquet, which did not write them.
it('keeps every row once and in order, in parts that no message is too small for', async () => {
  const block = fc.array(fc.integer({ min: -32_768, max: 32_767 }), { maxLength: 1500 });
  await fc.assert(
    fc.asyncProperty(fc.array(block, { minLength: 1, maxLength: 4 }), async (blocks) => {
      const parts = writeAll(blocks);
      const rows: unknown[] = [];
      for (const { bytes, rowCount } of parts) {
        expect(bytes.length).toBeLessThanOrEqual(partBytesMax);
        const file = Uint8Array.from(bytes).buffer;
        const read = await parquetReadObjects({ file, compressors: { ZSTD: (input) => zstdDecompressSync(input) } });
        expect(read).toHaveLength(rowCount);
        rows.push(...read);
      }
      const wanted = blocks.flatMap((values) =>
        values.map((value, row) => ({
          line: row >> 3,
          r1000: value % 5 === 0 ? null : value,
          plot_id: [null, 'north', 'south'][Math.abs(value) % 3]!,
        })),
      );
      expect(rows.map((row) => ({ ...(row as object) }))).toEqual(
        wanted.map((row) =>
          expect.objectContaining(Object.fromEntries(Object.entries(row).filter(([, v]) => v !== null))),
        ),
      );
    }),
    { seed: 7, numRuns: 30 },
  );
});

it('names a part by its bytes and lets it speak for itself', () => {
  const [first] = writeAll([[1, 2, 3]]);
  const [again] = writeAll([[1, 2, 3]]);
  const [other] = writeAll([[1, 2, 4]]);
  expect(first!.contentId).toMatch(/^[0-9a-f]{64}$/);
  expect(again!.contentId).toBe(first!.contentId);
  expect(other!.contentId).not.toBe(first!.contentId);
  expect(parquetMetadata(Uint8Array.from(first!.bytes).buffer).key_value_metadata).toEqual([
    { key: 'cubelake.edge', value: '{"mode":"cells"}' },
  ]);
});

it('refuses a limit that its own description fills', () => {
  expect(
    () =>
      new PartWriter(
        { columns: [{ column: intColumn(1, 'a', true), kind: 'split' }], plotIds: [], keyValues: {}, partBytesMax: 64 },
        () => {},
      ),
  ).toThrow(/Expected parts of at least \d+ bytes .* Give a --part-kib of at least/);
});
