import { describe, expect, it } from 'vitest';
import { panelCertificate, panelReflectance } from '#core/simulation/panel.ts';
import { buildDetector, exposeLine, vnirCamera } from '#core/simulation/pushbroom.ts';
import { RandomStream } from '#core/simulation/random-stream.ts';
import { nearestBand, sensorBands } from '#core/simulation/sensor.ts';

const bands = sensorBands('vnir', 31);
const sampleCount = 40;
const detector = buildDetector(1, bands.wavelengthNm, sampleCount);
const elementCount = 31 * sampleCount;

/** Mean and variance of each element over many exposures of the same light. */
function expose(reflectance: number, timeMs: number, count: number): { mean: Float64Array; variance: Float64Array } {
  const line = new Float32Array(elementCount).fill(reflectance);
  const random = new RandomStream(1, `exposure/${reflectance}/${timeMs}`);
  const noise = new Float64Array(elementCount);
  const counts = new Uint16Array(elementCount);
  const sum = new Float64Array(elementCount);
  const squares = new Float64Array(elementCount);
  for (let exposure = 0; exposure < count; exposure++) {
    exposeLine(detector, timeMs, line, random, noise, counts);
    for (let element = 0; element < elementCount; element++) {
      sum[element]! += counts[element]!;
      squares[element]! += counts[element]! ** 2;
    }
  }
  const mean = sum.map((value) => value / count);
  return { mean, variance: squares.map((value, element) => value / count - mean[element]! ** 2) };
}

describe('the pushbroom camera', () => {
  it('is linear in light and time above its dark level', () => {
    const dark = expose(0, 12, 400).mean;
    const darkShort = expose(0, 6, 400).mean;
    const bright = expose(0.4, 12, 400).mean;
    const half = expose(0.2, 12, 400).mean;
    const short = expose(0.4, 6, 400).mean;
    for (let element = 0; element < elementCount; element++) {
      const light = bright[element]! - dark[element]!;
      // Means of 400 exposures: five standard errors of at most 30 counts / 20.
      expect(Math.abs(half[element]! - dark[element]! - light / 2)).toBeLessThan(12);
      expect(Math.abs(short[element]! - darkShort[element]! - light / 2)).toBeLessThan(12);
    }
  });

  it('makes shot noise that grows with the light and read noise in the dark', () => {
    const { mean, variance } = expose(0.5, 12, 600);
    const dark = expose(0, 12, 600);
    const average = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
    // Variance: signal / electronsPerCount + readNoise^2 + 1/12 for rounding.
    const signal = average(mean) - vnirCamera.offset;
    expect(average(variance)).toBeCloseTo(signal / vnirCamera.electronsPerCount + 9 + 1 / 12, -1.5);
    expect(average(dark.variance)).toBeGreaterThan(8.5);
    expect(average(dark.variance)).toBeLessThan(10);
  });

  it('stops at its saturation level', () => {
    const { mean } = expose(40, 12, 2);
    for (let element = 0; element < elementCount; element++) {
      if (detector.deadElements[element] === 0) expect(mean[element]).toBe(vnirCamera.saturationLevel);
    }
  });

  it('has a few dead elements that see no light: a run of bands of one column, and single ones', () => {
    const deadCount = detector.deadElements.reduce((sum, dead) => sum + dead, 0);
    expect(deadCount).toBeGreaterThanOrEqual(8);
    expect(deadCount).toBeLessThan(0.01 * elementCount);
    const bright = expose(0.9, 12, 100).mean;
    for (let element = 0; element < elementCount; element++) {
      const light = bright[element]! - detector.offset[element]!;
      if (detector.deadElements[element] === 1) expect(light).toBeLessThan(4);
      else expect(light).toBeGreaterThan(20);
    }
  });

  it('sees less at the edge of the slit and outside the middle of its range', () => {
    const at = (nm: number, sample: number) => {
      const band = nearestBand(bands.wavelengthNm, nm);
      return detector.whiteCountsPerMs[band * sampleCount + sample]!;
    };
    const meanOf = (nm: number, samples: number[]) => samples.reduce((sum, sample) => sum + at(nm, sample), 0);
    expect(meanOf(600, [0, 1, 38, 39])).toBeLessThan(0.85 * meanOf(600, [18, 19, 20, 21]));
    expect(at(1000, 20)).toBeLessThan(0.4 * at(600, 20));
    expect(at(400, 20)).toBeLessThan(0.6 * at(600, 20));
  });

  it('never saturates on a white panel with the times that it flies with', () => {
    expect(Math.max(...expose(1, 12, 20).mean)).toBeLessThan(0.8 * vnirCamera.saturationLevel);
  });
});

describe('the white panel', () => {
  it('reflects 0.97 to 0.99 and follows its certificate in straight lines', () => {
    const certificate = panelCertificate();
    for (const [position, nm] of certificate.wavelength_nm.entries()) {
      expect(panelReflectance(nm)).toBeCloseTo(certificate.reflectance[position]!, 12);
      expect(certificate.reflectance[position]).toBeGreaterThanOrEqual(0.97);
      expect(certificate.reflectance[position]).toBeLessThanOrEqual(0.99);
    }
    const middle = (certificate.reflectance[3]! + certificate.reflectance[4]!) / 2;
    expect(panelReflectance(575)).toBeCloseTo(middle, 12);
  });
});

describe('the bands of a sensor', () => {
  // 2100 nm / 284 = 7.394: bands 126-139 and 186-211. 2128.3 nm / 425 = 5.008: bands 188-209 and 277-315.
  it.each([
    ['vnir', 270, 400, 1000, 0],
    ['vnir-swir', 285, 400, 2500, 40],
    ['neon', 426, 383.9, 2512.2, 61],
  ] as const)('of %s are %i from %f to %f nm, %i of them behind water vapour', (sensor, count, first, last, bad) => {
    const { wavelengthNm, fwhmNm, goodBands } = sensorBands(sensor);
    expect([wavelengthNm.length, wavelengthNm[0], wavelengthNm.at(-1)]).toEqual([count, first, last]);
    expect(fwhmNm[0]).toBeGreaterThan(wavelengthNm[1]! - wavelengthNm[0]!);
    expect(goodBands.filter((good) => good === 0)).toHaveLength(bad);
  });
});
