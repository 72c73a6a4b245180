// node bench/kernels.ts: nanoseconds per value of the hot loops of one tile, in WebAssembly and in JavaScript, as the least
// of several rounds on made-up counts. Prints, and keeps bench/results/kernels.json.
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { shufflePairs } from '#core/formats/blosc/byte-shuffle.ts';
import { writeBitPacked } from '#core/formats/parquet/bit-packing.ts';
import { encodePacked, packedScratch } from '#core/formats/parquet/encode-packed.ts';
import { ShardWriter } from '#core/formats/zarr/shard-writer.ts';
import { tileMemory } from '#core/pipeline/cube/tile-memory.ts';
import { calibrateTile } from '#core/radiometry/calibrate-tile.ts';
import { coefficientsFromScale } from '#core/radiometry/coefficients.ts';
import { plainRowsKernel } from '#core/radiometry/plain-rows.ts';

const roundCount = 8;
const grid = { bandCount: 224, sampleCount: 640, lineCount: 43, tileLineCount: 43 };
const { bandCount, sampleCount, lineCount } = grid;
const pixelCount = lineCount * sampleCount;
const valueCount = bandCount * pixelCount;

const memory = tileMemory(grid);
const counts = new Uint16Array(memory.buffer, memory.take(valueCount * 2), valueCount);
for (let at = 0; at < valueCount; at++) counts[at] = 600 + (Math.imul(at, 0x9e3779b1) >>> 20);
const planes = {
  packed: new Int16Array(memory.buffer, memory.take(valueCount * 2), valueCount),
  quality: new Uint8Array(valueCount),
  pixelQuality: new Uint8Array(pixelCount),
  bandQuality: new Uint8Array(bandCount),
};
const coefficients = coefficientsFromScale({
  ...grid,
  factor: 2e-4,
  offset: -0.06,
  goodBands: new Uint8Array(bandCount).fill(1),
  saturationLevel: 65_535,
  fillValue: null,
});
const window = { interleave: 'bil' as const, lineCount, bandCount, sampleCount, data: counts };
const kernel = plainRowsKernel(memory, coefficients, planes);
const shards = new ShardWriter(grid, memory);
const scratch = packedScratch(pixelCount, memory);
const streams = new Uint8Array(pixelCount * 2);
const codes = new Uint16Array(pixelCount).map((_, at) => at & 0x0fff);
const packedBits = new Uint8Array(pixelCount * 2 + 64);

const everyBand = (work: (start: number) => void): void => {
  for (let band = 0; band < bandCount; band++) work(band * pixelCount);
};
const loops: Readonly<Record<string, () => unknown>> = {
  'calibrate, JavaScript': () => calibrateTile(window, coefficients, planes),
  calibrate: () => kernel(window, planes),
  'encode one column of packed reflectance': () =>
    everyBand((start) => encodePacked(planes.packed.subarray(start, start + pixelCount), pixelCount, scratch)),
  'of it, packing 12 bits, JavaScript': () => everyBand(() => writeBitPacked(packedBits, 0, codes, pixelCount, 12)),
  'shuffle bytes, JavaScript': () =>
    everyBand((start) => shufflePairs(planes.packed, start, pixelCount, pixelCount, 0, streams, null)),
  'shard with Zstandard': () => shards.reflectance(planes.packed, pixelCount, () => false),
};

const nanosecondsPerValue = Object.fromEntries(Object.entries(loops).map(([name, work]) => [name, least(work)]));
const text = `${JSON.stringify({ machine: { cpu: cpus()[0]!.model, node: process.version }, nanosecondsPerValue }, null, 2)}\n`;
writeFileSync(join(import.meta.dirname, 'results/kernels.json'), text);
process.stdout.write(text);

function least(work: () => unknown): number {
  let seconds = Number.POSITIVE_INFINITY;
  for (let round = 0; round < roundCount; round++) {
    const start = performance.now();
    work();
    seconds = Math.min(seconds, (performance.now() - start) / 1000);
  }
  return Number(((seconds * 1e9) / valueCount).toFixed(2));
}
