// node bench/gpu-kernel.ts: milliseconds of one tile on the CPU and on this machine's GPU, for calibration of several types of
// counts and for a spectral transform; the bytes of both are compared first. Prints, and keeps bench/results/gpu-kernel.json.
// With a number of lines, tiles have so many instead of 43: a GPU in software takes seconds for a full one.
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { openGpu } from '#adapters/gpu/open-gpu.ts';
import type { Interleave, SampleArray } from '#core/cube/cube.ts';
import { tileMemory, tileValuesBytes } from '#core/pipeline/cube/tile-memory.ts';
import { tilePlanes } from '#core/pipeline/cube/tile-source.ts';
import { coefficientsFromScale } from '#core/radiometry/coefficients.ts';
import { plainRowsKernel } from '#core/radiometry/plain-rows.ts';
import { resamplingTransform, transformSpectra } from '#core/radiometry/spectral-transform.ts';

const roundCount = 5;
/** No further round after this. */
const measuredMsMax = 2000;
const inFlightCount = 3;
const lineCount = Number(process.argv[2] ?? 43);
const grid = { bandCount: 224, sampleCount: 640, lineCount, tileLineCount: lineCount };
const { bandCount, sampleCount } = grid;
const pixelCount = lineCount * sampleCount;
const valueCount = bandCount * pixelCount;
const goodBands = new Uint8Array(bandCount).fill(1);

const gpu = await openGpu();
const milliseconds: Record<string, { cpu: number; gpu: number }> = {};
for (const [name, interleave, stored, saturationLevel] of [
  ['calibrate uint16 by line', 'bil', new Uint16Array(valueCount), 65_535],
  ['calibrate uint16 by line, a tenth saturated', 'bil', new Uint16Array(valueCount), 4320],
  ['calibrate uint16 by pixel', 'bip', new Uint16Array(valueCount), 65_535],
  ['calibrate float32 by line', 'bil', new Float32Array(valueCount), 65_535],
] as const) {
  milliseconds[name] = await calibration(interleave, stored, saturationLevel);
}
milliseconds['resample 224 bands to 60'] = await resampling();
gpu.close();

const machine = { cpu: cpus()[0]!.model, gpu: gpu.name, node: process.version };
const text = `${JSON.stringify({ machine, tile: grid, inFlightCount, milliseconds }, null, 2)}\n`;
writeFileSync(join(import.meta.dirname, 'results/gpu-kernel.json'), text);
process.stdout.write(text);

async function calibration(interleave: Interleave, stored: SampleArray, saturationLevel: number) {
  const memory = tileMemory(grid);
  const planes = tilePlanes(grid, memory);
  const isCounts = stored instanceof Uint16Array;
  const data = isCounts ? new Uint16Array(memory.buffer, memory.take(tileValuesBytes(grid)), valueCount) : stored;
  fill(data);
  const window = { interleave, lineCount, bandCount, sampleCount, data };
  const facts = { ...grid, factor: 2e-4, offset: -0.06, goodBands, saturationLevel, fillValue: null };
  const coefficients = coefficientsFromScale(facts);
  const onCpu = plainRowsKernel(memory, coefficients, planes);
  const onGpu = await gpu.openCalibration(coefficients);
  await onGpu.calibrate(window, planes);
  const fromGpu = [planes.packed.slice(), planes.quality.slice()] as const;
  onCpu(window, planes);
  requireEqual(fromGpu[0], planes.packed);
  requireEqual(fromGpu[1], planes.quality);
  const times = {
    cpu: await leastMs(1, () => onCpu(window, planes)),
    gpu: await leastMs(inFlightCount, () => onGpu.calibrate(window, planes)),
  };
  onGpu.close();
  return times;
}

async function resampling() {
  const bandsOf = (count: number) => ({
    wavelengthNm: Float64Array.from({ length: count }, (_, band) => 400 + (600 * band) / (count - 1)),
    fwhmNm: new Float64Array(count).fill(900 / count),
  });
  const transform = resamplingTransform(bandsOf(bandCount), bandsOf(60), goodBands);
  const packed = new Int16Array(valueCount);
  fill(packed);
  const outs = Array.from({ length: inFlightCount }, () => new Float32Array(transform.outputCount * pixelCount));
  const onGpu = await gpu.openTransform(transform);
  const times = {
    cpu: await leastMs(1, () => transformSpectra(transform, packed, pixelCount, outs[0]!)),
    gpu: await leastMs(inFlightCount, (index) => onGpu.apply(packed, pixelCount, outs[index]!)),
  };
  onGpu.close();
  return times;
}

/** Made-up counts from 600 to 4695. */
function fill(data: SampleArray): void {
  for (let at = 0; at < data.length; at++) data[at] = 600 + (Math.imul(at, 0x9e3779b1) >>> 20);
}

/** Per tile, of several at once, as the least of some rounds. */
async function leastMs(count: number, work: (index: number) => void | Promise<void>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  const first = performance.now();
  for (let round = 0; round < roundCount && performance.now() - first < measuredMsMax; round++) {
    const start = performance.now();
    await Promise.all(Array.from({ length: count }, (_, index) => work(index)));
    least = Math.min(least, (performance.now() - start) / count);
  }
  return Number(least.toFixed(2));
}

function requireEqual(a: Int16Array | Uint8Array, b: Int16Array | Uint8Array): void {
  const at = a.findIndex((value, index) => value !== b[index]);
  if (at !== -1) throw new Error(`Expected equal bytes of CPU and GPU, got ${a[at]} and ${b[at]} at value ${at}.`);
}
