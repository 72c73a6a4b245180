import type { RandomTile } from './random-tiles.ts';

/** One value: (stored - offset) * gain, each a float32. */
export interface HardValue {
  readonly stored: number;
  readonly offset: number;
  readonly gain: number;
}

/**
 * Values of which float64's own rounding decides to which side of a half they fall: a kernel that calculates more precisely,
 * or rounds ties another way, gives another integer for many of them.
 */
export function hardTile(): RandomTile {
  const values = [...besideHalves(), ...tiesOfProducts(), ...roundedDifferences()];
  return {
    window: {
      interleave: 'bil',
      lineCount: 1,
      bandCount: 1,
      sampleCount: values.length,
      data: Float32Array.from(values, (value) => value.stored),
    },
    coefficients: {
      bandCount: 1,
      sampleCount: values.length,
      offset: Float32Array.from(values, (value) => value.offset),
      gain: Float32Array.from(values, (value) => value.gain),
      columnQuality: new Uint8Array(values.length),
      goodBands: Uint8Array.of(1),
      plainBands: Uint8Array.of(0),
      saturationLevel: Number.POSITIVE_INFINITY,
      fillValue: Number.NaN,
    },
  };
}

/** Quotients of a half and a gain, as near as two float32 can say them: their products lie within an ulp or some of the half. */
function besideHalves(): HardValue[] {
  const next = seededWords(1);
  return Array.from({ length: 20_000 }, () => {
    const half = (next() % 32_767) + 0.5;
    const gain = Math.fround(2 ** -12 * (1 + next() / 2 ** 32));
    return split(half / gain, gain);
  });
}

/** Products of exactly 54 bits, one below a half: the tie goes up to the half. Found as factors of (2n + 1) * 2^38 - 1. */
function tiesOfProducts(): HardValue[] {
  const found: HardValue[] = [];
  for (let factor = 2 ** 23 + 1; found.length < 200; factor += 2) {
    const odd = inverseOfPower(38, factor);
    if (odd % 2 === 0 || odd >= 65_536) continue;
    const other = (BigInt(odd) * 2n ** 38n - 1n) / BigInt(factor);
    if (other >= 2n ** 30n && other < 2n ** 32n) found.push(split(Number(other) * 2 ** -16, factor * 2 ** -23));
  }
  return found;
}

/** Odd counts at half a step each, less an offset near the last bit of the difference; both signs. */
function roundedDifferences(): HardValue[] {
  const next = seededWords(2);
  const values: HardValue[] = [];
  for (let bit = -60; bit <= -46; bit++) {
    for (let round = 0; round < 200; round++) {
      const stored = round === 0 ? 1 : (next() % 60_000) | 1;
      const offset = 2 ** (Math.floor(Math.log2(stored)) + bit) * (round % 3 === 0 ? 1 : 1 + (next() % 4) * 2 ** -23);
      for (const sign of [1, -1]) values.push({ stored, offset: offset * sign, gain: 0.5 });
    }
  }
  return values;
}

/** A difference of up to 48 bits as two float32. */
function split(difference: number, gain: number): HardValue {
  const stored = Math.fround(difference);
  return { stored, offset: Math.fround(stored - difference), gain };
}

/** x with 2^power * x = 1 modulo an odd number. */
function inverseOfPower(power: number, modulus: number): number {
  let inverse = 1;
  // Halving modulo an odd number.
  for (let step = 0; step < power; step++) inverse = inverse % 2 === 0 ? inverse / 2 : (inverse + modulus) / 2;
  return inverse;
}

/** The nearest integer of the exact result, halves away from zero. */
export function exactlyRounded({ stored, offset, gain }: HardValue): number {
  const scale = 200;
  const product = (scaled(stored, scale) - scaled(offset, scale)) * scaled(gain, scale);
  const unit = 1n << BigInt(2 * scale);
  const magnitude = product < 0n ? -product : product;
  const rounded = Number((magnitude + unit / 2n) / unit);
  return product < 0n ? -rounded : rounded;
}

/** value * 2^power of a float32 above 2^-149, as a whole number. */
function scaled(value: number, power: number): bigint {
  return BigInt(value * 2 ** 170) << BigInt(power - 170);
}

/** Words of xorshift32. */
function seededWords(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
