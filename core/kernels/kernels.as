// The hot loops of one tile in AssemblyScript (TypeScript's syntax, WebAssembly's types); kernels-wasm.ts holds what
// `test/peers/kernels/check.sh --write` makes of it. All parameters called `...At` are addresses in the memory that JavaScript
// gives; alignment is not needed. Nothing here allocates.

const packedPerUnit: i32 = 10_000;
const noLevel: i32 = 65_536;

/**
 * packed = round((stored - offset) * gain), half away from zero, in float64, for unsigned counts of one row.
 *
 * @param storedAt uint16, `count` of them
 * @param offsetAt,gainAt float32 each; |result| below 2^31 for every 16-bit count
 * @param fillValue,saturationLevel whole numbers from 0 on; 65 536 for none
 * @param packedAt int16, not final where the row has a flaw
 * @returns 0 when no value is fill, saturated, below 0 or above 1; any other number otherwise
 */
export function calibratePlainRow(
  storedAt: usize,
  offsetAt: usize,
  gainAt: usize,
  count: i32,
  fillValue: i32,
  saturationLevel: i32,
  packedAt: usize,
): i32 {
  const fill = i16x8.splat(<i16>fillValue);
  const isFillKnown = i16x8.splat(fillValue < noLevel ? -1 : 0);
  const level = i16x8.splat(<i16>saturationLevel);
  const isLevelKnown = i16x8.splat(saturationLevel < noLevel ? -1 : 0);
  const one = i16x8.splat(<i16>packedPerUnit);
  let flaws = i16x8.splat(0);
  let index = 0;
  for (; index + 8 <= count; index += 8) {
    const stored = v128.load(storedAt);
    const low = i32x4.extend_low_i16x8_u(stored);
    const high = i32x4.extend_high_i16x8_u(stored);
    const packed = i16x8.narrow_i32x4_s(calibrateFour(low, offsetAt, gainAt), calibrateFour(high, offsetAt + 16, gainAt + 16));
    v128.store(packedAt, packed);
    // A sign bit says "below 0" or "above 1": what wraps in the difference is below 0 itself.
    flaws = v128.or(flaws, v128.or(packed, i16x8.sub(one, packed)));
    flaws = v128.or(flaws, v128.and(i16x8.eq(stored, fill), isFillKnown));
    flaws = v128.or(flaws, v128.and(i16x8.ge_u(stored, level), isLevelKnown));
    storedAt += 16;
    offsetAt += 32;
    gainAt += 32;
    packedAt += 16;
  }
  let isFlawed = i16x8.bitmask(flaws);
  for (; index < count; index++) {
    const stored = <i32>load<u16>(storedAt);
    const value = (<f64>stored - <f64>load<f32>(offsetAt)) * <f64>load<f32>(gainAt);
    const packed = <i32>(value + copysign<f64>(0.5, value));
    store<i16>(packedAt, <i16>packed);
    isFlawed |= i32(packed < 0) | i32(packed > packedPerUnit) | i32(stored == fillValue) | i32(stored >= saturationLevel);
    storedAt += 2;
    offsetAt += 4;
    gainAt += 4;
    packedAt += 2;
  }
  return isFlawed;
}

// @ts-ignore: decorator
@inline
function calibrateFour(stored: v128, offsetAt: usize, gainAt: usize): v128 {
  const first = calibrateTwo(stored, v128.load64_zero(offsetAt), v128.load64_zero(gainAt));
  const upper = v128.shuffle<i32>(stored, stored, 2, 3, 2, 3);
  const second = calibrateTwo(upper, v128.load64_zero(offsetAt + 8), v128.load64_zero(gainAt + 8));
  return v128.shuffle<i32>(first, second, 0, 1, 4, 5);
}

// @ts-ignore: decorator
@inline
function calibrateTwo(stored: v128, offset: v128, gain: v128): v128 {
  const difference = f64x2.sub(f64x2.convert_low_i32x4_s(stored), f64x2.promote_low_f32x4(offset));
  const value = f64x2.mul(difference, f64x2.promote_low_f32x4(gain));
  const half = v128.or(v128.and(value, f64x2.splat(-0.0)), f64x2.splat(0.5));
  return i32x4.trunc_sat_f64x2_s_zero(f64x2.add(value, half));
}

/** Sets the byte of each occurring value, by its 16 bits, to 255 and all others to 0. */
export function markSeen(valuesAt: usize, count: i32, seenAt: usize): void {
  memory.fill(seenAt, 0, 65_536);
  let index = 0;
  for (; index + 4 <= count; index += 4) {
    const four = load<u64>(valuesAt);
    store<u8>(seenAt + <usize>(four & 0xffff), 255);
    store<u8>(seenAt + <usize>((four >> 16) & 0xffff), 255);
    store<u8>(seenAt + <usize>((four >> 32) & 0xffff), 255);
    store<u8>(seenAt + <usize>(four >> 48), 255);
    valuesAt += 8;
  }
  for (; index < count; index++) {
    store<u8>(seenAt + <usize>load<u16>(valuesAt), 255);
    valuesAt += 2;
  }
}

/**
 * Numbers the values that `markSeen` saw from 0 on, ascending.
 *
 * @param codeOfAt uint16 by the value's 16 bits; only those of occurring values are written
 * @param floatsAt float32 of each value, value / 10 000
 * @returns how many there are
 */
export function numberDistinct(seenAt: usize, codeOfAt: usize, floatsAt: usize): i32 {
  let count = 0;
  // Negative values have the upper half of the bits and come first.
  for (let step = 0; step < 65_536; step += 16) {
    const start = (step + 32_768) & 0xffff;
    let mask = i8x16.bitmask(v128.load(seenAt + <usize>start));
    while (mask != 0) {
      const bits = start + ctz(mask);
      mask &= mask - 1;
      store<u16>(codeOfAt + (<usize>bits << 1), <u16>count);
      store<f32>(floatsAt + (<usize>count << 2), <f32>(<f64>(<i16>bits) / <f64>packedPerUnit));
      count++;
    }
  }
  return count;
}

/**
 * Codes of values, bit-packed with the least significant bits first; the last eight are filled up with 0.
 *
 * @param bitWidth 1..16; codes are below 2^bitWidth
 * @param outAt Has room for 16 bytes more than the codes take, which are written over.
 */
export function packCodes(valuesAt: usize, count: i32, codeOfAt: usize, bitWidth: i32, outAt: usize): void {
  const width = <u64>bitWidth;
  const fourBits = width * 4;
  let index = 0;
  for (; index + 8 <= count; index += 8) {
    const low = packFour(load<u64>(valuesAt), codeOfAt, width);
    const high = packFour(load<u64>(valuesAt, 8), codeOfAt, width);
    // Eight codes are `bitWidth` whole bytes. Shifted twice, because a shift by all 64 bits is none.
    store<u64>(outAt, low | ((high << (fourBits - 1)) << 1));
    store<u64>(outAt, high >> (64 - fourBits), 8);
    valuesAt += 16;
    outAt += bitWidth;
  }
  if (index == count) return;
  let low: u64 = 0;
  let high: u64 = 0;
  for (let place: u64 = 0; index < count; index++, place++) {
    const code = codeOf(<u64>load<u16>(valuesAt), codeOfAt);
    if (place < 4) low |= code << (place * width);
    else high |= code << ((place - 4) * width);
    valuesAt += 2;
  }
  store<u64>(outAt, low | ((high << (fourBits - 1)) << 1));
  store<u64>(outAt, high >> (64 - fourBits), 8);
}

// @ts-ignore: decorator
@inline
function packFour(four: u64, codeOfAt: usize, width: u64): u64 {
  const first = codeOf(four & 0xffff, codeOfAt) | (codeOf((four >> 16) & 0xffff, codeOfAt) << width);
  const second = codeOf((four >> 32) & 0xffff, codeOfAt) | (codeOf(four >> 48, codeOfAt) << width);
  return first | (second << (width * 2));
}

// @ts-ignore: decorator
@inline
function codeOf(bits: u64, codeOfAt: usize): u64 {
  return load<u16>(codeOfAt + (<usize>bits << 1));
}

/** Low bytes of int16 values to one place, high bytes to another. */
export function splitPairs(valuesAt: usize, count: i32, lowAt: usize, highAt: usize): void {
  let index = 0;
  for (; index + 16 <= count; index += 16) {
    const first = v128.load(valuesAt);
    const second = v128.load(valuesAt, 16);
    v128.store(lowAt, v128.shuffle<i8>(first, second, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30));
    v128.store(highAt, v128.shuffle<i8>(first, second, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31));
    valuesAt += 32;
    lowAt += 16;
    highAt += 16;
  }
  for (; index < count; index++) {
    store<u8>(lowAt++, load<u8>(valuesAt));
    store<u8>(highAt++, load<u8>(valuesAt, 1));
    valuesAt += 2;
  }
}

/**
 * value / 10 000 as float32, all first bytes, then all second bytes, ...: Parquet's BYTE_STREAM_SPLIT.
 * @param outAt 4 * `count` bytes
 */
export function splitFloats(valuesAt: usize, count: i32, outAt: usize): void {
  const second = outAt + <usize>count;
  const third = second + <usize>count;
  const fourth = third + <usize>count;
  let index: usize = 0;
  for (; index + 16 <= <usize>count; index += 16) {
    const eight = v128.load(valuesAt);
    const next = v128.load(valuesAt, 16);
    const a = floatsOf(i32x4.extend_low_i16x8_s(eight));
    const b = floatsOf(i32x4.extend_high_i16x8_s(eight));
    const c = floatsOf(i32x4.extend_low_i16x8_s(next));
    const d = floatsOf(i32x4.extend_high_i16x8_s(next));
    // Eight first bytes and eight second bytes, or third and fourth.
    const ab = v128.shuffle<i8>(a, b, 0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
    const cd = v128.shuffle<i8>(c, d, 0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
    const abUpper = v128.shuffle<i8>(a, b, 2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31);
    const cdUpper = v128.shuffle<i8>(c, d, 2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31);
    v128.store(outAt + index, v128.shuffle<i64>(ab, cd, 0, 2));
    v128.store(second + index, v128.shuffle<i64>(ab, cd, 1, 3));
    v128.store(third + index, v128.shuffle<i64>(abUpper, cdUpper, 0, 2));
    v128.store(fourth + index, v128.shuffle<i64>(abUpper, cdUpper, 1, 3));
    valuesAt += 32;
  }
  for (; index < <usize>count; index++) {
    const bits = reinterpret<u32>(<f32>(<f64>load<i16>(valuesAt) / <f64>packedPerUnit));
    store<u8>(outAt + index, <u8>bits);
    store<u8>(second + index, <u8>(bits >> 8));
    store<u8>(third + index, <u8>(bits >> 16));
    store<u8>(fourth + index, <u8>(bits >> 24));
    valuesAt += 2;
  }
}

// @ts-ignore: decorator
@inline
function floatsOf(packed: v128): v128 {
  const unit = f64x2.splat(<f64>packedPerUnit);
  const low = f32x4.demote_f64x2_zero(f64x2.div(f64x2.convert_low_i32x4_s(packed), unit));
  const upper = v128.shuffle<i32>(packed, packed, 2, 3, 2, 3);
  const high = f32x4.demote_f64x2_zero(f64x2.div(f64x2.convert_low_i32x4_s(upper), unit));
  return v128.shuffle<i32>(low, high, 0, 1, 4, 5);
}
