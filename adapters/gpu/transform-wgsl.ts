/**
 * out = bias + matrix * packed for 64 pixels and eight outputs per workgroup. Sums of sixteen bands are added to a sum of
 * sums, which keeps float32's error below (16 + bands / 16) * 2^-24 of the sum of all magnitudes.
 */
export const transformWgsl = /* wgsl */ `
struct Shape { bandCount: u32, outputCount: u32, pixelCount: u32 }

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> packed: array<u32>;
// Reflectance per packed step, shape [outputs, bands].
@group(0) @binding(2) var<storage, read> matrix: array<f32>;
// Bits of float32 here and in the results: a NaN may be read and stored as bits, but not calculated with.
@group(0) @binding(3) var<storage, read> bias: array<u32>;
@group(0) @binding(4) var<storage, read_write> results: array<u32>;

const bandsPerBlock = 16u;
const outputsPerGroup = 8u;
const packedFill = -32768;
const nanBits = 0x7fc00000u;

var<workgroup> weights: array<f32, 128>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) invocation: u32,
) {
  let pixel = (workgroup.z * workgroups.x + workgroup.x) * 64u + invocation;
  let firstOutput = workgroup.y * outputsPerGroup;
  let isInside = pixel < shape.pixelCount;
  var sums: array<f32, 8>;
  // Set to 0 by hand: of a variable inside the loop SwiftShader keeps the values of the last block.
  var blockSums: array<f32, 8>;
  var missing = 0u;
  for (var firstBand = 0u; firstBand < shape.bandCount; firstBand += bandsPerBlock) {
    workgroupBarrier();
    for (var at = invocation; at < 128u; at += 64u) {
      let output = firstOutput + at / bandsPerBlock;
      let band = firstBand + at % bandsPerBlock;
      let isWeight = output < shape.outputCount && band < shape.bandCount;
      weights[at] = 0.0;
      if (isWeight) { weights[at] = matrix[output * shape.bandCount + band]; }
    }
    workgroupBarrier();
    let bandEnd = min(bandsPerBlock, shape.bandCount - firstBand);
    for (var band = 0u; isInside && band < bandEnd; band++) {
      let at = (firstBand + band) * shape.pixelCount + pixel;
      let value = bitcast<i32>(packed[at >> 1u] << select(16u, 0u, (at & 1u) == 1u)) >> 16u;
      for (var output = 0u; output < outputsPerGroup; output++) {
        let weight = weights[output * bandsPerBlock + band];
        blockSums[output] += weight * f32(value);
        if (value == packedFill && weight != 0.0) { missing |= 1u << output; }
      }
    }
    for (var output = 0u; output < outputsPerGroup; output++) {
      sums[output] += blockSums[output];
      blockSums[output] = 0.0;
    }
  }
  if (!isInside) { return; }
  for (var output = 0u; output < outputsPerGroup; output++) {
    if (firstOutput + output >= shape.outputCount) { break; }
    let biasBits = bias[firstOutput + output];
    let isMissing = (missing & (1u << output)) != 0u || (biasBits << 1u) > 0xff000000u;
    let sum = sums[output] + bitcast<f32>(select(biasBits, 0u, isMissing));
    results[(firstOutput + output) * shape.pixelCount + pixel] = select(bitcast<u32>(sum), nanBits, isMissing);
  }
}
`;
