import type { CubeWindow, SampleArray } from '#core/cube/cube.ts';
import type { CalibratedTile } from '#core/ports/calibration-kernel.ts';

type WindowShape = Omit<CubeWindow, 'data'>;
const arrayTypes = {
  Int8Array,
  Uint8Array,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
} as const;

/**
 * A tile that two threads see: stored values, then room for the packed planes, quality, pixel quality and band quality. One
 * thread at a time touches it: a message hands it over.
 */
export interface DeviceTile extends WindowShape {
  readonly arrayType: keyof typeof arrayTypes;
  readonly memory: SharedArrayBuffer;
}

const valueBytesMax = 8;

/** The least memory for a window, whatever its type. */
export function deviceTileBytes({ bandCount, lineCount, sampleCount }: WindowShape, valueBytes: number): number {
  const pixelCount = lineCount * sampleCount;
  return planesAt(bandCount * pixelCount, valueBytes) + bandCount * pixelCount * 3 + pixelCount + bandCount;
}

/** Copies a window into the memory. */
export function putWindow(window: CubeWindow, memory: SharedArrayBuffer): DeviceTile {
  const { interleave, lineCount, bandCount, sampleCount } = window;
  const arrayType = window.data.constructor.name as keyof typeof arrayTypes;
  const tile = { interleave, lineCount, bandCount, sampleCount, arrayType, memory };
  dataOf(tile).set(window.data);
  return tile;
}

export function windowOf(tile: DeviceTile): CubeWindow {
  return { ...tile, data: dataOf(tile) };
}

export function planesOf(tile: DeviceTile): CalibratedTile {
  const { memory, bandCount, lineCount, sampleCount } = tile;
  const pixelCount = lineCount * sampleCount;
  const valueCount = bandCount * pixelCount;
  const packedAt = planesAt(valueCount, arrayTypes[tile.arrayType].BYTES_PER_ELEMENT);
  const qualityAt = packedAt + valueCount * 2;
  return {
    packed: new Int16Array(memory, packedAt, valueCount),
    quality: new Uint8Array(memory, qualityAt, valueCount),
    pixelQuality: new Uint8Array(memory, qualityAt + valueCount, pixelCount),
    bandQuality: new Uint8Array(memory, qualityAt + valueCount + pixelCount, bandCount),
  };
}

function dataOf({ arrayType, memory, bandCount, lineCount, sampleCount }: DeviceTile): SampleArray {
  // Arrays over shared memory work alike; only their types differ.
  return new arrayTypes[arrayType](memory as unknown as ArrayBuffer, 0, bandCount * lineCount * sampleCount);
}

function planesAt(valueCount: number, valueBytes: number): number {
  return Math.ceil((valueCount * valueBytes) / valueBytesMax) * valueBytesMax;
}
