import { type Flight, plotBufferM, sceneOf } from './flight.ts';
import { RandomStream } from './random-stream.ts';
import { renderLine } from './scene.ts';
import type { Trial } from './trial.ts';
import type { PlotNdvi } from './truth.ts';

/** Standard deviation of a reflectance product's noise, in good bands and where water vapour leaves no light. Chosen. */
const goodBandNoise = 0.003;
const vapourBandNoise = 0.3;

/** Corner of the frame that the flight missed: no value there. Well inside the margin around the field. */
const missedCornerM = 0.6;

/**
 * Lines of a reflectance product, in order: the true reflectance with noise, and the fill value in the corner that the
 * flight missed.
 * @returns For each line, reflectance of shape [samples, bands]. The array is used again for the next line.
 */
export function reflectanceLines(
  flight: Flight,
  trial: Trial,
  seed: number,
  fillValue: number,
  ndvi: PlotNdvi,
): (line: number) => Float32Array {
  const scene = sceneOf(flight, trial, seed);
  const { sampleCount, pixelM } = flight.frame;
  const { bandCount } = scene;
  const reflectance = new Float32Array(sampleCount * bandCount);
  const noise = new Float64Array(sampleCount * bandCount);
  const plotOfSample = new Int32Array(sampleCount);
  const random = new RandomStream(seed, `noise/${flight.cubeId}`);
  return (line) => {
    renderLine(scene, line, plotBufferM, reflectance, 1, bandCount, plotOfSample);
    ndvi.addLine(reflectance, 1, bandCount, plotOfSample);
    random.fillGaussian(noise);
    addNoise(reflectance, noise, flight.bands.goodBands);
    for (let sample = 0; sample < sampleCount && (sample + line + 1) * pixelM < missedCornerM; sample++) {
      reflectance.fill(fillValue, sample * bandCount, (sample + 1) * bandCount);
    }
    return reflectance;
  };
}

function addNoise(reflectance: Float32Array, noise: Float64Array, goodBands: Uint8Array): void {
  for (let start = 0; start < reflectance.length; start += goodBands.length) {
    for (let band = 0; band < goodBands.length; band++) {
      reflectance[start + band]! += (goodBands[band] === 1 ? goodBandNoise : vapourBandNoise) * noise[start + band]!;
    }
  }
}
