import type { LineRange } from '../../cube/cube.ts';
import { FormatError, NotFoundError } from '../../errors.ts';
import { type ByteSource, readBytes } from '../../ports/byte-source.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { withoutChecksum } from './chunk-codecs.ts';
import { absentChunk, indexBytes, type ShardLayout } from './shard-layout.ts';

/** Decodes the plane of one band of one tile. */
export type PlaneDecoder<Plane> = (chunk: Uint8Array, where: string) => Plane;

/** Where one wanted chunk lies, and the place of its plane in the output. */
interface ChunkPlace {
  readonly band: number;
  readonly position: number;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** A chunk may be this much larger than its values: headers of frames and checksums, with room for other writers. */
const chunkOverheadBytesMax = 1024;

/** Reads lines of chosen bands out of the shards of one array, and only the chunks that it needs. */
export class ShardReader<Plane extends Int16Array | Uint8Array> {
  readonly #store: ObjectStore;
  readonly #arrayKey: string;
  readonly #layout: ShardLayout;
  readonly #shardBytesMax: number;
  readonly #decode: PlaneDecoder<Plane>;

  /** @param planeBytes Bytes of one decoded plane. */
  constructor(
    store: ObjectStore,
    arrayKey: string,
    layout: ShardLayout,
    planeBytes: number,
    decode: PlaneDecoder<Plane>,
  ) {
    this.#store = store;
    this.#arrayKey = arrayKey;
    this.#layout = layout;
    this.#shardBytesMax = layout.bandCount * (planeBytes + chunkOverheadBytesMax) + indexBytes(layout);
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
        const lines = plane.subarray((from - firstLine) * sampleCount, (to - firstLine) * sampleCount);
        out.set(lines, (position * lineCount + from - lineStart) * sampleCount);
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
      if (source.sizeBytes > this.#shardBytesMax) {
        throw new FormatError(
          `Expected a shard of at most ${this.#shardBytesMax} bytes, got ${source.sizeBytes} (${key}).`,
          { key },
        );
      }
      const index = await readIndex(source, this.#layout);
      const places = chunkPlaces(index, bands, source.sizeBytes - indexBytes(this.#layout), key);
      const decode = (chunk: Uint8Array, place: ChunkPlace): void =>
        use(this.#decode(chunk, `${key}, band ${place.band}`), place.position);
      if (places.length * 2 > this.#layout.bandCount) await readWhole(source, places, decode);
      else await readEach(source, places, decode);
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

/** Most chunks wanted: one request, whatever lies between them comes along. */
async function readWhole(
  source: ByteSource,
  places: readonly ChunkPlace[],
  decode: (chunk: Uint8Array, place: ChunkPlace) => void,
): Promise<void> {
  const start = Math.min(...places.map((place) => place.offset));
  const end = Math.max(...places.map((place) => place.offset + place.sizeBytes));
  const bytes = await readBytes(source, start, end - start);
  for (const place of places) {
    decode(bytes.subarray(place.offset - start, place.offset - start + place.sizeBytes), place);
  }
}

/** A few chunks wanted: their requests run side by side, since each waits for the store far longer than it reads. */
async function readEach(
  source: ByteSource,
  places: readonly ChunkPlace[],
  decode: (chunk: Uint8Array, place: ChunkPlace) => void,
): Promise<void> {
  const chunks = await Promise.all(places.map((place) => readBytes(source, place.offset, place.sizeBytes)));
  chunks.forEach((chunk, at) => {
    decode(chunk, places[at]!);
  });
}

async function readIndex(source: ByteSource, layout: ShardLayout): Promise<BigUint64Array> {
  const sizeBytes = indexBytes(layout);
  if (source.sizeBytes < sizeBytes) {
    throw new FormatError(
      `Expected a shard with an index of ${sizeBytes} bytes, got ${source.sizeBytes} bytes (${source.name}).`,
      { key: source.name },
    );
  }
  const bytes = await readBytes(source, source.sizeBytes - sizeBytes, sizeBytes);
  return new BigUint64Array(withoutChecksum(bytes, `${source.name}, index`).slice().buffer);
}

/**
 * Chunks that are stored, of the bands wanted.
 * @param dataBytes Bytes before the index: no chunk reaches beyond, and together the chunks have no more.
 */
function chunkPlaces(
  index: BigUint64Array,
  bands: readonly number[],
  dataBytes: number,
  key: string,
): readonly ChunkPlace[] {
  const places: ChunkPlace[] = [];
  let usedBytes = 0n;
  for (const [position, band] of bands.entries()) {
    const offset = index[band * 2]!;
    const sizeBytes = index[band * 2 + 1]!;
    if (offset === absentChunk && sizeBytes === absentChunk) continue;
    usedBytes += sizeBytes;
    if (offset + sizeBytes > BigInt(dataBytes) || usedBytes > BigInt(dataBytes)) {
      throw new FormatError(
        `Expected chunks side by side in the ${dataBytes} bytes of a shard, got ${sizeBytes} at ${offset} (${key}, band ${band}).`,
        { key, band },
      );
    }
    places.push({ band, position, offset: Number(offset), sizeBytes: Number(sizeBytes) });
  }
  return places;
}
