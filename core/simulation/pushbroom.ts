import { RandomStream } from './random-stream.ts';
import { sunlightPhotons } from './sunlight.ts';

/** A pushbroom camera: every (band, sample) is one detector element. All numbers chosen, of the order of a cooled CMOS camera. */
export const vnirCamera = {
  /** Highest count of a 14-bit converter. */
  saturationLevel: 16_383,
  /** Count without any light or time, and how far elements differ from it. */
  offset: 240,
  offsetSd: 6,
  /** Counts per millisecond without light, mean over elements. */
  darkCountsPerMs: 0.05,
  /** Counts of a perfectly white target in the best band, per millisecond: three fifths of the range in 12 ms. */
  whiteCountsPerMs: 820,
  /** Loss of light at the edge of the slit. */
  vignetting: 0.25,
  /** Differences of gain between elements. */
  gainSd: 0.02,
  electronsPerCount: 4,
  readNoiseCounts: 3,
} as const;

/** The detector behind one camera, the same on every date. */
export interface Detector {
  readonly bandCount: number;
  readonly sampleCount: number;
  /** Counts per millisecond for reflectance 1, shape [bands, samples]; 0 for a dead element. */
  readonly whiteCountsPerMs: Float64Array;
  /** Counts at time 0, and per millisecond, without light; shape [bands, samples]. */
  readonly offset: Float64Array;
  readonly darkCountsPerMs: Float64Array;
  /** 1 = dead: reads its dark count whatever the light. Shape [bands, samples]. */
  readonly deadElements: Uint8Array;
}

export function buildDetector(seed: number, wavelengthNm: Float64Array, sampleCount: number): Detector {
  const bandCount = wavelengthNm.length;
  const elementCount = bandCount * sampleCount;
  const random = new RandomStream(seed, 'detector');
  const offset = new Float64Array(elementCount);
  const gain = new Float64Array(elementCount);
  random.fillGaussian(offset);
  random.fillGaussian(gain);
  const darkCountsPerMs = new Float64Array(elementCount);
  for (let element = 0; element < elementCount; element++) {
    offset[element] = vnirCamera.offset + vnirCamera.offsetSd * offset[element]!;
    darkCountsPerMs[element] = vnirCamera.darkCountsPerMs * random.between(0.5, 1.5);
  }
  const deadElements = markDeadElements(random, bandCount, sampleCount);
  const response = Float64Array.from(wavelengthNm, (nm) => sunlightPhotons(nm) * quantumEfficiency(nm));
  const best = response.reduce((a, b) => Math.max(a, b), 0);
  for (let band = 0; band < bandCount; band++) {
    for (let sample = 0; sample < sampleCount; sample++) {
      const element = band * sampleCount + sample;
      const fromCentre = (2 * (sample + 0.5)) / sampleCount - 1;
      const slit = 1 - vnirCamera.vignetting * fromCentre * fromCentre;
      const light = (vnirCamera.whiteCountsPerMs * slit * response[band]!) / best;
      gain[element] = deadElements[element] === 1 ? 0 : light * (1 + vnirCamera.gainSd * gain[element]!);
    }
  }
  return { bandCount, sampleCount, whiteCountsPerMs: gain, offset, darkCountsPerMs, deadElements };
}

/** One column that is dead over a run of bands, and a few single elements: 0.03 % of the detector. */
function markDeadElements(random: RandomStream, bandCount: number, sampleCount: number): Uint8Array {
  const dead = new Uint8Array(bandCount * sampleCount);
  const column = random.index(sampleCount);
  const runLength = Math.min(bandCount, 8);
  const runStart = random.index(bandCount - runLength + 1);
  for (let band = runStart; band < runStart + runLength; band++) dead[band * sampleCount + column] = 1;
  const singleCount = Math.max(1, Math.round(1e-4 * dead.length));
  for (let single = 0; single < singleCount; single++) dead[random.index(dead.length)] = 1;
  return dead;
}

/** Share of photons that a silicon detector behind a grating counts: 0.65 near 600 nm, 0.13 at 1000, 0.3 at 400. Chosen. */
function quantumEfficiency(wavelengthNm: number): number {
  const distance = (wavelengthNm - 600) / (wavelengthNm < 600 ? 160 : 225);
  return 0.65 * Math.exp(-0.5 * distance * distance);
}

/**
 * Counts of one line: offset + dark current + light, with shot noise (of the electrons counted, as normal noise) and read
 * noise, rounded and held between 0 and the saturation level.
 *   counts = offset + dark * t + white * t * reflectance + noise
 *   noise variance = (dark * t + white * t * reflectance) / electronsPerCount + readNoise^2     (counts squared)
 *
 * @param reflectance       Shape [bands, samples]; 0 with the shutter closed.
 * @param noise             Room for bands * samples numbers.
 * @param out               Shape [bands, samples].
 * @source EMVA Standard 1288, release 4.0 linear, chapter 2.
 */
export function exposeLine(
  detector: Detector,
  integrationTimeMs: number,
  reflectance: Float32Array,
  random: RandomStream,
  noise: Float64Array,
  out: Uint16Array,
): void {
  random.fillGaussian(noise);
  const { whiteCountsPerMs, darkCountsPerMs, offset } = detector;
  const { saturationLevel, electronsPerCount } = vnirCamera;
  const readVariance = vnirCamera.readNoiseCounts * vnirCamera.readNoiseCounts;
  for (let element = 0; element < out.length; element++) {
    const light = integrationTimeMs * (darkCountsPerMs[element]! + whiteCountsPerMs[element]! * reflectance[element]!);
    const sd = Math.sqrt(light / electronsPerCount + readVariance);
    const counts = Math.round(offset[element]! + light + sd * noise[element]!);
    out[element] = counts < 0 ? 0 : counts > saturationLevel ? saturationLevel : counts;
  }
}
