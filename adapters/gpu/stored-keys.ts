import type { SampleArray } from '#core/cube/cube.ts';

/** Types that the kernel takes, by the number that its code has for each. */
export const sampleTypes = [
  { array: Uint8Array, min: 0, max: 0xff },
  { array: Int8Array, min: -0x80, max: 0x7f },
  { array: Uint16Array, min: 0, max: 0xffff },
  { array: Int16Array, min: -0x8000, max: 0x7fff },
  { array: Uint32Array, min: 0, max: 0xffff_ffff },
  { array: Int32Array, min: -0x8000_0000, max: 0x7fff_ffff },
  { array: Float32Array, min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY },
] as const;
const float32Type = 6;

/** Number of a window's type in the kernel's code, or -1. */
export function sampleTypeOf(data: SampleArray): number {
  return sampleTypes.findIndex(({ array }) => data instanceof array);
}

/** Key of the stored value that means "no value": keys are equal where the values are; null when no stored value is equal. */
export function fillKeyOf(fillValue: number, sampleType: number): number | null {
  const { min, max } = sampleTypes[sampleType]!;
  const isStorable = sampleType === float32Type ? Math.fround(fillValue) === fillValue : Number.isInteger(fillValue);
  return isStorable && fillValue >= min && fillValue <= max ? keyOf(fillValue, sampleType) : null;
}

/** Key of the least stored value that is saturated: keys have the order of the values; null when none is. */
export function levelKeyOf(saturationLevel: number, sampleType: number): number | null {
  const { min, max } = sampleTypes[sampleType]!;
  const least = sampleType === float32Type ? float32From(saturationLevel) : Math.ceil(saturationLevel);
  if (Number.isNaN(least) || least === Number.POSITIVE_INFINITY || least > max) return null;
  return keyOf(Math.max(least, min), sampleType);
}

/** As `keyOf` of the kernel's code. */
function keyOf(value: number, sampleType: number): number {
  if (sampleType !== float32Type) return sampleTypes[sampleType]!.min < 0 ? value + 0x8000_0000 : value;
  const bits = bitsOf(value === 0 ? 0 : value);
  return (bits >>> 31 === 1 ? ~bits : bits | 0x8000_0000) >>> 0;
}

/** The least float32 that is not below a number. */
function float32From(value: number): number {
  const near = Math.fround(value);
  if (!(near < value)) return near;
  if (near === 0) return 2 ** -149;
  const bits = bitsOf(near);
  return new Float32Array(new Uint32Array([near > 0 ? bits + 1 : bits - 1]).buffer)[0]!;
}

function bitsOf(value: number): number {
  return new Uint32Array(new Float32Array([value]).buffer)[0]!;
}
