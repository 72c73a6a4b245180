import type { LineRange } from '../../cube/cube.ts';
import { FormatError, NotFoundError } from '../../errors.ts';
import { type ByteSource, readBytes } from '../../ports/byte-source.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { crc32c } from './crc32c.ts';
import { absentChunk, indexBytes, type ShardLayout } from './shard-layout.ts';

/** Reads lines of chosen bands out of the shards of one array, and only the chunks that it needs. */
export class ShardReader<Plane extends Int16Array | Uint8Array> {
  readonly #store: ObjectStore;
  readonly #arrayKey: string;
  readonly #layout: ShardLayout;
  readonly #decode: (chunk: Uint8Array, where: string) => Plane;

  constructor(
    store: ObjectStore,
    arrayKey: string,
    layout: ShardLayout,
    decode: (chunk: Uint8Array, where: string) => Plane,
  ) {
    this.#store = store;
    this.#arrayKey = arrayKey;
    this.#layout = layout;
    this.#decode = decode;
  }

  /**
   * @param out Shape [bands, lines, samples], filled with the fill value beforehand: absent chunks and shards leave it.
   * @throws FormatError for a shard whose index or chunk is broken. Disposition: quarantine.
   */
  async readLines({ lineStart, lineEnd }: LineRange, bands: readonly number[], out: Plane): Promise<void> {
    const { tileLineCount, sampleCount } = this.#layout;
    const lineCount = lineEnd - lineStart;
    for (let tile = Math.floor(lineStart / tileLineCount); tile * tileLineCount < lineEnd; tile++) {
      const firstLine = tile * tileLineCount;
      const from = Math.max(lineStart, firstLine);
      const to = Math.min(lineEnd, firstLine + tileLineCount);
      await this.#eachPlane(tile, bands, (plane, position) => {
        const source = plane.subarray((from - firstLine) * sampleCount, (to - firstLine) * sampleCount);
        (out as { set(values: Plane, at: number): void }).set(
          source as Plane,
          (position * lineCount + from - lineStart) * sampleCount,
        );
      });
    }
  }

  async #eachPlane(
    tile: number,
    bands: readonly number[],
    use: (plane: Plane, position: number) => void,
  ): Promise<void> {
    const key = `${this.#arrayKey}/c/0/${tile}/0`;
    const source = await this.#open(key);
    if (source === null) return;
    try {
      const index = await readIndex(source, this.#layout);
      // Most bands wanted: one read of the whole shard; few: one small read each.
      const whole = bands.length * 2 > this.#layout.bandCount ? await readBytes(source, 0, source.sizeBytes) : null;
      for (const [position, band] of bands.entries()) {
        const [offset, length] = [index[band * 2]!, index[band * 2 + 1]!];
        if (offset === absentChunk && length === absentChunk) continue;
        if (offset + length > BigInt(source.sizeBytes)) {
          throw new FormatError(
            `Expected chunks inside a shard of ${source.sizeBytes} bytes, got ${offset} + ${length} (${key}).`,
            { key },
          );
        }
        const [start, size] = [Number(offset), Number(length)];
        const chunk = whole?.subarray(start, start + size) ?? (await readBytes(source, start, size));
        use(this.#decode(chunk, `${key}, band ${band}`), position);
      }
    } finally {
      await source.close();
    }
  }

  async #open(key: string): Promise<ByteSource | null> {
    try {
      return await this.#store.open(key);
    } catch (error) {
      if (error instanceof NotFoundError) return null;
      throw error;
    }
  }
}

async function readIndex(source: ByteSource, layout: ShardLayout): Promise<BigUint64Array> {
  const length = indexBytes(layout);
  if (source.sizeBytes < length) {
    throw new FormatError(
      `Expected a shard with an index of ${length} bytes, got ${source.sizeBytes} bytes (${source.name}).`,
      { key: source.name },
    );
  }
  const bytes = await readBytes(source, source.sizeBytes - length, length);
  const entries = bytes.slice(0, length - 4);
  const stored = new DataView(bytes.buffer).getUint32(length - 4, true);
  if (crc32c(entries) !== stored) {
    throw new FormatError(
      `Expected a shard index with CRC-32C ${stored}, got ${crc32c(entries)} (${source.name}). Process the cube again.`,
      { key: source.name },
    );
  }
  return new BigUint64Array(entries.buffer);
}
