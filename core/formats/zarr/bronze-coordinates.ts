import type { LineRange } from '../../cube/cube.ts';
import { lineWindow } from '../../cube/line-window.ts';
import { FormatError, NotFoundError } from '../../errors.ts';
import { tileBytesMax } from '../../limits.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { BronzeMetadata } from './bronze-header.ts';
import { locationKey } from './location-chunks.ts';
import type { StoredArray } from './read-array-metadata.ts';
import { chunkPixelCount } from './shard-layout.ts';

/** Arrays along the bands. */
export type BandCoordinate = 'wavelength' | 'fwhm' | 'good_band';

/** One axis of the positions of some lines, shape [lines, samples]; NaN where nothing is stored. */
export async function readLocationAxis(
  store: ObjectStore,
  rootKey: string,
  name: string,
  { layout, lineCount, coordinate }: BronzeMetadata,
  { lineStart, lineEnd }: LineRange,
): Promise<Float64Array> {
  const { tileLineCount, sampleCount } = layout;
  lineWindow({ lineStart, lineEnd }, { lineCount, bandCount: layout.bandCount });
  const array = coordinate(name, [lineCount, sampleCount])!;
  if (array.dataType !== 'float64' || `${array.objectShape}` !== `${[tileLineCount, sampleCount]}`) {
    throw new FormatError(
      `Expected ${name} as float64 with a chunk per tile of lines, got ${array.dataType} in chunks of [${array.objectShape}] (${rootKey}).`,
      { key: rootKey },
    );
  }
  const out = new Float64Array((lineEnd - lineStart) * sampleCount).fill(Number.NaN);
  for (let tile = Math.floor(lineStart / tileLineCount); tile * tileLineCount < lineEnd; tile++) {
    const values = await readFloats(store, locationKey(rootKey, name, tile), array, chunkPixelCount(layout));
    if (values === null) continue;
    const firstLine = tile * tileLineCount;
    const from = Math.max(lineStart, firstLine);
    const to = Math.min(lineEnd, firstLine + tileLineCount);
    const lines = values.subarray((from - firstLine) * sampleCount, (to - firstLine) * sampleCount);
    out.set(lines, (from - lineStart) * sampleCount);
  }
  return out;
}

/** A coordinate along the bands; null where the group has none. */
export async function readPerBand(
  store: ObjectStore,
  rootKey: string,
  name: BandCoordinate,
  { layout, coordinate }: BronzeMetadata,
): Promise<Float64Array | Uint8Array | null> {
  const { bandCount } = layout;
  const array = coordinate(name, [bandCount]);
  if (array === null) return null;
  const dataType = name === 'good_band' ? 'uint8' : 'float64';
  if (array.dataType !== dataType || array.chunkShape !== null || array.objectShape[0] !== bandCount) {
    throw new FormatError(
      `Expected ${name} as ${dataType} in one chunk, got ${array.dataType} in chunks of [${array.objectShape}] (${rootKey}).`,
      { key: rootKey },
    );
  }
  const key = `${rootKey}/${name}/c/0`;
  if (dataType === 'float64') {
    return (await readFloats(store, key, array, bandCount)) ?? new Float64Array(bandCount).fill(Number.NaN);
  }
  const bytes = await readChunk(store, key, array, bandCount);
  return bytes === null ? new Uint8Array(bandCount) : new Uint8Array(bytes);
}

async function readFloats(
  store: ObjectStore,
  key: string,
  array: StoredArray,
  count: number,
): Promise<Float64Array | null> {
  const bytes = await readChunk(store, key, array, count * 8);
  if (bytes === null) return null;
  const { buffer, byteOffset } = aligned(bytes, 8);
  return new Float64Array(buffer, byteOffset, count);
}

/** A chunk that is an object of its own; null where it is not stored and so holds the fill value. */
async function readChunk(
  store: ObjectStore,
  key: string,
  array: StoredArray,
  decodedBytes: number,
): Promise<Uint8Array | null> {
  try {
    const { bytes } = await store.get(key, { sizeBytesMax: Math.max(tileBytesMax, decodedBytes + 1024) });
    return array.decode(bytes, decodedBytes, key);
  } catch (error) {
    if (error instanceof NotFoundError) return null;
    throw error;
  }
}

/** The same bytes where an element may begin at their start: a view of a larger read may lie at any byte. */
export function aligned(bytes: Uint8Array, elementBytes: number): Uint8Array {
  return bytes.byteOffset % elementBytes === 0 ? bytes : new Uint8Array(bytes);
}
