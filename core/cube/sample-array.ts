import type { SampleArray, SampleType } from './cube.ts';

export const sampleBytes: Readonly<Record<SampleType, number>> = {
  uint8: 1,
  int8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  float32: 4,
  float64: 8,
};

/** A view of `length` numbers over bytes that exist; `offsetBytes` is a multiple of the type's size. */
export function samplesOver(type: SampleType, buffer: ArrayBuffer, offsetBytes: number, length: number): SampleArray {
  switch (type) {
    case 'uint8':
      return new Uint8Array(buffer, offsetBytes, length);
    case 'int8':
      return new Int8Array(buffer, offsetBytes, length);
    case 'int16':
      return new Int16Array(buffer, offsetBytes, length);
    case 'uint16':
      return new Uint16Array(buffer, offsetBytes, length);
    case 'int32':
      return new Int32Array(buffer, offsetBytes, length);
    case 'uint32':
      return new Uint32Array(buffer, offsetBytes, length);
    case 'float32':
      return new Float32Array(buffer, offsetBytes, length);
    case 'float64':
      return new Float64Array(buffer, offsetBytes, length);
  }
}

export function isFloat(type: SampleType): boolean {
  return type === 'float32' || type === 'float64';
}
