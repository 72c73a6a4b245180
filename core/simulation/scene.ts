import { canopyOptics } from './canopy.ts';
import type { Frame } from './frame.ts';
import { soilWaterOn, standOn } from './growth.ts';
import type { RandomStream } from './random-stream.ts';
import { soilReflectance } from './soil.ts';
import { plotIndexAt, type Trial } from './trial.ts';

/** Standard deviations from pixel to pixel: of ln(leaf area index) in a plot, and of the soil's brightness. Chosen. */
const leafAreaTexture = 0.12;
const soilTexture = 0.05;

/** Everything that the true reflectance of one cube's pixels follows from. */
export interface Scene {
  readonly trial: Trial;
  readonly frame: Frame;
  readonly bandCount: number;
  /** Bare soil of average brightness, shape [bands]. */
  readonly soil: Float64Array;
  /** Shape [plots, bands]. */
  readonly denseReflectance: Float64Array;
  readonly extinction: Float64Array;
  /** Shape [plots]. */
  readonly leafAreaIndex: Float64Array;
  /** What differs from pixel to pixel; read line by line, in order. */
  readonly texture: RandomStream;
}

export function sceneOn(
  trial: Trial,
  frame: Frame,
  wavelengthNm: Float64Array,
  daysAfterEmergence: number,
  texture: RandomStream,
): Scene {
  const bandCount = wavelengthNm.length;
  const soilWater = soilWaterOn(daysAfterEmergence);
  const soil = Float64Array.from(wavelengthNm, (nm) => soilReflectance(nm, soilWater));
  const denseReflectance = new Float64Array(trial.plots.length * bandCount);
  const extinction = new Float64Array(trial.plots.length * bandCount);
  const leafAreaIndex = new Float64Array(trial.plots.length);
  for (const [plotIndex, plot] of trial.plots.entries()) {
    const stand = standOn(plot, daysAfterEmergence);
    const optics = canopyOptics(stand.leaf, wavelengthNm);
    leafAreaIndex[plotIndex] = stand.leafAreaIndex;
    denseReflectance.set(optics.denseReflectance, plotIndex * bandCount);
    extinction.set(optics.extinction, plotIndex * bandCount);
  }
  return { trial, frame, bandCount, soil, denseReflectance, extinction, leafAreaIndex, texture };
}

/**
 * True reflectance of the next line, without any noise of a sensor.
 *
 * @param out          Shape [bands, samples] when `bandStride` is the sample count and `sampleStride` 1; [samples, bands]
 *                     the other way round. float32, 0..1, no fill.
 * @param plotOfSample Receives the plot under each pixel centre after leaving off `bufferM`, -1 elsewhere. Shape [samples].
 */
export function renderLine(
  scene: Scene,
  line: number,
  bufferM: number,
  out: Float32Array,
  bandStride: number,
  sampleStride: number,
  plotOfSample: Int32Array,
): void {
  const [a, b, c, d, e, f] = scene.frame.transform;
  const noise = new Float64Array(scene.frame.sampleCount);
  scene.texture.fillGaussian(noise);
  for (let sample = 0; sample < scene.frame.sampleCount; sample++) {
    const eastM = a * (sample + 0.5) + b * (line + 0.5) + c;
    const northM = d * (sample + 0.5) + e * (line + 0.5) + f;
    const plotIndex = plotIndexAt(scene.trial, eastM, northM, 0);
    plotOfSample[sample] = plotIndex < 0 ? -1 : plotIndexAt(scene.trial, eastM, northM, bufferM);
    const start = sample * sampleStride;
    if (plotIndex < 0) renderSoil(scene, 1 + soilTexture * noise[sample]!, out, start, bandStride);
    else renderCanopy(scene, plotIndex, Math.exp(leafAreaTexture * noise[sample]!), out, start, bandStride);
  }
}

function renderSoil(scene: Scene, brightness: number, out: Float32Array, start: number, bandStride: number): void {
  const kept = Math.max(0.5, brightness);
  for (let band = 0; band < scene.bandCount; band++) out[start + band * bandStride] = scene.soil[band]! * kept;
}

/** `canopyReflectance` of every band, written out: this loop makes every value of every cube. */
function renderCanopy(
  scene: Scene,
  plotIndex: number,
  leafAreaFactor: number,
  out: Float32Array,
  start: number,
  bandStride: number,
): void {
  const twiceLeafArea = 2 * scene.leafAreaIndex[plotIndex]! * leafAreaFactor;
  const first = plotIndex * scene.bandCount;
  for (let band = 0; band < scene.bandCount; band++) {
    const dense = scene.denseReflectance[first + band]!;
    const soil = scene.soil[band]!;
    const returned = ((soil - dense) / (1 - dense * soil)) * Math.exp(-twiceLeafArea * scene.extinction[first + band]!);
    out[start + band * bandStride] = (dense + returned) / (1 + dense * returned);
  }
}
