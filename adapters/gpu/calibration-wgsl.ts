/**
 * Calibration of one piece of a tile, four values per invocation, in whole numbers only: float64 as the CPU has it is
 * calculated from 32-bit words, so that every device gives the same bits, whatever its floats do with rounding, fused
 * multiplication, denormals or NaN.
 *
 * (stored - offset) and its product with the gain are each rounded to 53 bits, to nearest and ties to even, as IEEE 754 says
 * of binary64; halves are then rounded away from zero. No intermediate of 32-bit sources leaves binary64's range of exponents.
 */
export const calibrationWgsl = /* wgsl */ `
override sampleType: u32;
const uint8 = 0u; const int8 = 1u; const uint16 = 2u; const int16 = 3u; const uint32 = 4u; const int32 = 5u;

struct Piece {
  lineCount: u32, bandCount: u32, sampleCount: u32,
  lineStride: u32, bandStride: u32, sampleStride: u32,
  firstColumn: u32, columnsPerBand: u32,
  // Words of the results where quality starts, words of the marks where those of bands start.
  qualityAt: u32, bandMarksAt: u32,
  isFillKnown: u32, fillKey: u32, isLevelKnown: u32, levelKey: u32,
}

@group(0) @binding(0) var<uniform> piece: Piece;
@group(0) @binding(1) var<storage, read> stored: array<u32>;
@group(0) @binding(2) var<storage, read> offsets: array<u32>;
@group(0) @binding(3) var<storage, read> gains: array<u32>;
@group(0) @binding(4) var<storage, read> columns: array<u32>;
@group(0) @binding(5) var<storage, read_write> results: array<u32>;
@group(0) @binding(6) var<storage, read_write> marks: array<atomic<u32>>;

const noData = 1u; const saturated = 2u; const outOfRange = 16u;
const packedFill = 0x8000u;
const packedPerUnit = 10000;
const signBit = 0x80000000u;

// m * 2^e, m from 2^31 on; 0 is m = 0. A number that is not finite has e = notFinite, and m = 0 for infinity.
struct Number { isNegative: bool, m: u32, e: i32 }
const notFinite = 0x7fff;

// (high * 2^32 + low) * 2^e with 53 bits, the highest of them set, or 0.
struct Wide { isNegative: bool, high: u32, low: u32, e: i32 }

fn storedAt(index: u32) -> u32 {
  if (sampleType == uint8 || sampleType == int8) {
    let bits = (stored[index >> 2u] >> ((index & 3u) * 8u)) & 0xffu;
    return select(bits, bitcast<u32>(bitcast<i32>(bits << 24u) >> 24u), sampleType == int8);
  }
  if (sampleType == uint16 || sampleType == int16) {
    let bits = (stored[index >> 1u] >> ((index & 1u) * 16u)) & 0xffffu;
    return select(bits, bitcast<u32>(bitcast<i32>(bits << 16u) >> 16u), sampleType == int16);
  }
  return stored[index];
}

fn isSigned() -> bool { return sampleType == int8 || sampleType == int16 || sampleType == int32; }
fn isInteger() -> bool { return sampleType <= int32; }

// Stored bits such that their order as u32 is the order of the values; both zeros are one.
fn keyOf(bits: u32) -> u32 {
  if (isSigned()) { return bits ^ signBit; }
  if (isInteger()) { return bits; }
  if ((bits << 1u) == 0u) { return signBit; }
  return select(bits | signBit, ~bits, (bits & signBit) != 0u);
}

fn normalized(isNegative: bool, magnitude: u32, e: i32) -> Number {
  let shift = countLeadingZeros(magnitude) & 31u;
  return Number(isNegative, magnitude << shift, e - i32(shift));
}

fn fromFloat(bits: u32) -> Number {
  let isNegative = (bits & signBit) != 0u;
  let exponent = (bits >> 23u) & 0xffu;
  let fraction = bits & 0x7fffffu;
  if (exponent == 255u) { return Number(isNegative, fraction, notFinite); }
  if (exponent == 0u) { return normalized(isNegative, fraction, -149); }
  return Number(isNegative, (fraction | 0x800000u) << 8u, i32(exponent) - 158);
}

fn fromStored(bits: u32) -> Number {
  if (!isInteger()) { return fromFloat(bits); }
  let isNegative = isSigned() && (bits & signBit) != 0u;
  return normalized(isNegative, select(bits, 0u - bits, isNegative), 0);
}

// a - b of finite numbers.
fn difference(a: Number, b: Number) -> Wide {
  if (b.m == 0u) { return Wide(a.isNegative, a.m >> 11u, a.m << 21u, a.e - 21); }
  if (a.m == 0u) { return Wide(!b.isNegative, b.m >> 11u, b.m << 21u, b.e - 21); }
  var large = a;
  var small = Number(!b.isNegative, b.m, b.e);
  if (small.e > large.e || (small.e == large.e && small.m > large.m)) {
    large = small;
    small = a;
  }
  // Bits 62 to 31 of 64; what the small one loses to the right is kept as "something" in its lowest bit.
  let largeHigh = large.m >> 1u;
  let largeLow = large.m << 31u;
  var high = small.m >> 1u;
  var low = small.m << 31u;
  let distance = u32(large.e - small.e);
  if (distance >= 64u) {
    high = 0u;
    low = 1u;
  } else if (distance >= 32u) {
    var lost = low;
    low = high;
    high = 0u;
    let rest = distance - 32u;
    if (rest > 0u) {
      lost |= low << (32u - rest);
      low >>= rest;
    }
    low |= select(0u, 1u, lost != 0u);
  } else if (distance > 0u) {
    let lost = low << (32u - distance);
    low = (low >> distance) | (high << (32u - distance));
    high >>= distance;
    low |= select(0u, 1u, lost != 0u);
  }
  if (large.isNegative == small.isNegative) {
    let sum = largeLow + low;
    high = largeHigh + high + select(0u, 1u, sum < low);
    low = sum;
  } else {
    high = largeHigh - high - select(0u, 1u, largeLow < low);
    low = largeLow - low;
  }
  if ((high | low) == 0u) { return Wide(false, 0u, 0u, 0); }
  var shift = countLeadingZeros(high);
  if (high == 0u) {
    shift = 32u + countLeadingZeros(low);
    high = low << (shift - 32u);
    low = 0u;
  } else if (shift > 0u) {
    high = (high << shift) | (low >> (32u - shift));
    low <<= shift;
  }
  return rounded53(large.isNegative, high, low, large.e - 31 - i32(shift));
}

// 64 bits, the highest of them set, to 53.
fn rounded53(isNegative: bool, high: u32, low: u32, e: i32) -> Wide {
  var q = vec2<u32>(high >> 11u, (low >> 11u) | (high << 21u));
  var exponent = e + 11;
  let rest = low & 0x7ffu;
  if (rest > 0x400u || (rest == 0x400u && (q.y & 1u) == 1u)) { q = plusOne(q); }
  if (q.x == 0x200000u) {
    q = vec2<u32>(0x100000u, 0u);
    exponent += 1;
  }
  return Wide(isNegative, q.x, q.y, exponent);
}

fn plusOne(q: vec2<u32>) -> vec2<u32> {
  let low = q.y + 1u;
  return vec2<u32>(q.x + select(0u, 1u, low == 0u), low);
}

// |d * gain| as the nearest whole number, halves up; 32 768 when it is that or more. d and gain are finite.
fn roundedProduct(d: Wide, gain: Number) -> u32 {
  if ((d.high | d.low) == 0u || gain.m == 0u) { return 0u; }
  // 53 bits times 24, in limbs of 16.
  let g0 = (gain.m >> 8u) & 0xffffu;
  let g1 = gain.m >> 24u;
  let d0 = d.low & 0xffffu;
  let d1 = d.low >> 16u;
  let d2 = d.high & 0xffffu;
  let d3 = d.high >> 16u;
  let t0 = d0 * g0;
  let t1 = d1 * g0 + (t0 >> 16u);
  let t2 = d2 * g0 + (t1 >> 16u);
  let t3 = d3 * g0 + (t2 >> 16u);
  let r1 = d0 * g1 + (t1 & 0xffffu);
  let r2 = d1 * g1 + (t2 & 0xffffu) + (r1 >> 16u);
  let r3 = d2 * g1 + (t3 & 0xffffu) + (r2 >> 16u);
  let w2 = d3 * g1 + (t3 >> 16u) + (r3 >> 16u);
  let w1 = (r2 & 0xffffu) | (r3 << 16u);
  let w0 = (t0 & 0xffffu) | (r1 << 16u);
  // The product has 76 or 77 bits: 23 or 24 too many.
  let drop = select(23u, 24u, w2 >= 0x1000u);
  var q = vec2<u32>((w1 >> drop) | (w2 << (32u - drop)), (w0 >> drop) | (w1 << (32u - drop)));
  let rest = w0 & ((1u << drop) - 1u);
  let half = 1u << (drop - 1u);
  if (rest > half || (rest == half && (q.y & 1u) == 1u)) { q = plusOne(q); }
  // The value is q / 2^below, q from 2^52 to 2^53.
  let below = -(d.e + gain.e + 8 + i32(drop));
  if (below < 38) { return 32768u; }
  if (below > 54) { return 0u; }
  // 0.5 - 2^-54 plus a half is no binary64: it becomes 1.
  if (below == 54) { return select(0u, 1u, q.x >= 0x200000u || (q.x == 0x1fffffu && q.y == 0xffffffffu)); }
  return min((q.x + (1u << u32(below - 33))) >> u32(below - 32), 32768u);
}

// Packed value in the low 16 bits, quality above them.
fn calibrated(bits: u32, column: u32) -> u32 {
  let key = keyOf(bits);
  let quality = (columns[column] & 0xffu) << 16u;
  if (piece.isFillKnown == 1u && key == piece.fillKey) { return packedFill | quality | (noData << 16u); }
  let value = fromStored(bits);
  let offset = fromFloat(offsets[column]);
  let gain = fromFloat(gains[column]);
  let isNan = (value.e == notFinite && value.m != 0u) || (offset.e == notFinite && offset.m != 0u)
    || (gain.e == notFinite && gain.m != 0u);
  if (isNan) { return packedFill | quality | (noData << 16u); }
  let isInfinite = value.e == notFinite || offset.e == notFinite;
  if (isInfinite || gain.e == notFinite) {
    var isUndefined = value.e == notFinite && offset.e == notFinite && value.isNegative == offset.isNegative;
    if (isInfinite) {
      isUndefined = isUndefined || (gain.m == 0u && gain.e != notFinite);
    } else {
      let d = difference(value, offset);
      isUndefined = (d.high | d.low) == 0u;
    }
    return packedFill | quality | select((noData | outOfRange) << 16u, noData << 16u, isUndefined);
  }
  let d = difference(value, offset);
  let magnitude = roundedProduct(d, gain);
  if (magnitude > 32767u) { return packedFill | quality | ((noData | outOfRange) << 16u); }
  let packed = select(i32(magnitude), -i32(magnitude), d.isNegative != gain.isNegative);
  var occurring = select(0u, outOfRange, packed < 0 || packed > packedPerUnit);
  if (piece.isLevelKnown == 1u && key >= piece.levelKey) { occurring |= saturated; }
  return (bitcast<u32>(packed) & 0xffffu) | quality | (occurring << 16u);
}

fn mark(word: u32, bits: u32) {
  if ((atomicLoad(&marks[word]) & bits) != bits) { atomicOr(&marks[word], bits); }
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) invocation: u32,
) {
  let four = (workgroup.y * workgroups.x + workgroup.x) * 64u + invocation;
  let planeCount = piece.lineCount * piece.sampleCount;
  let valueCount = planeCount * piece.bandCount;
  var packed = vec4<u32>();
  var qualities = 0u;
  for (var place = 0u; place < 4u; place++) {
    let at = four * 4u + place;
    if (at >= valueCount) { break; }
    let band = at / planeCount;
    let pixel = at - band * planeCount;
    let line = pixel / piece.sampleCount;
    let sample = pixel - line * piece.sampleCount;
    let column = piece.firstColumn + band * piece.columnsPerBand + sample;
    let bits = storedAt(line * piece.lineStride + band * piece.bandStride + sample * piece.sampleStride);
    let result = calibrated(bits, column);
    packed[place] = result & 0xffffu;
    let quality = result >> 16u;
    qualities |= quality << (place * 8u);
    if (quality != 0u) {
      mark(piece.bandMarksAt + band, quality);
      // Bit 8 of a column: its band is good.
      if ((columns[column] & 0x100u) != 0u) { mark(pixel >> 2u, quality << ((pixel & 3u) * 8u)); }
    }
  }
  if (four * 4u >= valueCount) { return; }
  results[four * 2u] = packed.x | (packed.y << 16u);
  results[four * 2u + 1u] = packed.z | (packed.w << 16u);
  results[piece.qualityAt + four] = qualities;
}
`;
