import type { Capture } from '#schemas/capture.ts';
import { enviHeader } from './envi-header.ts';
import { type Flight, keyOf, plotBufferM, sceneOf } from './flight.ts';
import type { SimulationOptions } from './options.ts';
import { panelCertificate, panelReflectance } from './panel.ts';
import { buildDetector, type Detector, exposeLine, vnirCamera } from './pushbroom.ts';
import { RandomStream } from './random-stream.ts';
import { renderLine } from './scene.ts';
import type { SimulationSink, WrittenFile } from './sink.ts';
import type { Trial } from './trial.ts';
import { PlotNdvi } from './truth.ts';

/** The panel is brighter than any crop: its cube is taken with a shorter time than the scene's. Chosen. */
const sceneTimeMs = 12;
const whiteTimeMs = 8;
const referenceLineCount = 24;
/** Lines handed to the sink at once. */
const blockLineCount = 16;
/** Reflectance of a glint: far beyond what the converter can say. */
const glintReflectance = 40;

export interface SimulatedCube {
  /** Reference cubes first, the main object last. */
  readonly files: readonly WrittenFile[];
  readonly capture: Capture;
  readonly ndvi: PlotNdvi;
}

/**
 * A cube of raw counts as ENVI BIL uint16, with its white and dark reference cubes.
 *
 * Cube and panel have integration times of their own, so each has a dark reference of its own: the dark signal grows with
 * the time.
 */
export async function writeRawCube(
  options: SimulationOptions,
  trial: Trial,
  flight: Flight,
  sink: SimulationSink,
): Promise<SimulatedCube> {
  const { sampleCount, lineCount } = flight.frame;
  const detector = buildDetector(options.seed, flight.bands.wavelengthNm, sampleCount);
  const reference = async (id: string, timeMs: number, reflectanceOf: (nm: number) => number) => {
    const line = uniformLine(flight.bands.wavelengthNm, sampleCount, reflectanceOf);
    const random = new RandomStream(options.seed, `noise/${id}`);
    const key = (extension: string) => keyOf(options, 'reference_cubes', flight.date, id, extension);
    const header = { description: `Simulated reference ${id}`, sampleCount, lineCount: referenceLineCount };
    const facts = { ...header, bands: flight.bands, acquiredAt: flight.acquiredAt, integrationTimeMs: timeMs };
    return [
      await writeText(sink, key('hdr'), enviHeader(facts)),
      await writeCounts(sink, key('bil'), detector, referenceLineCount, timeMs, random, () => line),
    ] as const;
  };
  const dark = await reference(`${flight.cubeId}-dark`, sceneTimeMs, () => 0);
  const whiteDark = await reference(`${flight.cubeId}-white-dark`, whiteTimeMs, () => 0);
  const white = await reference(`${flight.cubeId}-white`, whiteTimeMs, panelReflectance);

  const key = (extension: string) => keyOf(options, 'raw_cubes', flight.date, flight.cubeId, extension);
  const description = `Simulated trial ${options.trialId}`;
  const { frame, bands, acquiredAt } = flight;
  const facts = { description, lineCount, sampleCount, bands, acquiredAt, integrationTimeMs: sceneTimeMs, frame };
  const header = await writeText(sink, key('hdr'), enviHeader(facts));
  const ndvi = new PlotNdvi(bands.wavelengthNm, trial.plots.length);
  const random = new RandomStream(options.seed, `noise/${flight.cubeId}`);
  const lineOf = sceneLines(options, trial, flight, ndvi);
  const data = await writeCounts(sink, key('bil'), detector, lineCount, sceneTimeMs, random, lineOf);
  const capture: Capture = {
    quantity: 'counts',
    integration_time_ms: sceneTimeMs,
    saturation_level: vnirCamera.saturationLevel,
    dark: { key: dark[0].path, integration_time_ms: sceneTimeMs },
    white: {
      key: white[0].path,
      integration_time_ms: whiteTimeMs,
      panel: panelCertificate(),
      dark: { key: whiteDark[0].path, integration_time_ms: whiteTimeMs },
    },
  };
  return { files: [...dark, ...whiteDark, ...white, header, data], capture, ndvi };
}

/** True reflectance line by line, in order, with glints where asked; their truth is the canopy below. */
function sceneLines(
  options: SimulationOptions,
  trial: Trial,
  flight: Flight,
  ndvi: PlotNdvi,
): (line: number) => Float32Array {
  const scene = sceneOf(flight, trial, options.seed);
  const { sampleCount } = flight.frame;
  const reflectance = new Float32Array(scene.bandCount * sampleCount);
  const plotOfSample = new Int32Array(sampleCount);
  const glints = new RandomStream(options.seed, `glints/${flight.cubeId}`);
  return (line) => {
    renderLine(scene, line, plotBufferM, reflectance, sampleCount, 1, plotOfSample);
    ndvi.addLine(reflectance, sampleCount, 1, plotOfSample);
    if (options.saturatedFraction > 0) addGlints(reflectance, sampleCount, options.saturatedFraction, glints);
    return reflectance;
  };
}

function addGlints(reflectance: Float32Array, sampleCount: number, fraction: number, random: RandomStream): void {
  for (let sample = 0; sample < sampleCount; sample++) {
    if (random.uniform() >= fraction) continue;
    for (let element = sample; element < reflectance.length; element += sampleCount) {
      reflectance[element] = glintReflectance;
    }
  }
}

function uniformLine(wavelengthNm: Float64Array, sampleCount: number, of: (nm: number) => number): Float32Array {
  const line = new Float32Array(wavelengthNm.length * sampleCount);
  for (let band = 0; band < wavelengthNm.length; band++) {
    line.fill(of(wavelengthNm[band]!), band * sampleCount, (band + 1) * sampleCount);
  }
  return line;
}

/** Streams a cube of counts in blocks of lines; never holds more than one block. */
async function writeCounts(
  sink: SimulationSink,
  path: string,
  detector: Detector,
  lineCount: number,
  integrationTimeMs: number,
  random: RandomStream,
  lineOf: (line: number) => Float32Array,
): Promise<WrittenFile> {
  const elementCount = detector.bandCount * detector.sampleCount;
  const noise = new Float64Array(elementCount);
  const block = new Uint16Array(blockLineCount * elementCount);
  const file = await sink.create(path);
  for (let start = 0; start < lineCount; start += blockLineCount) {
    const count = Math.min(blockLineCount, lineCount - start);
    for (let line = 0; line < count; line++) {
      const out = block.subarray(line * elementCount, (line + 1) * elementCount);
      exposeLine(detector, integrationTimeMs, lineOf(start + line), random, noise, out);
    }
    await file.append(new Uint8Array(block.buffer, 0, count * elementCount * block.BYTES_PER_ELEMENT));
  }
  return file.close();
}

export async function writeText(sink: SimulationSink, path: string, text: string): Promise<WrittenFile> {
  const file = await sink.create(path);
  await file.append(new TextEncoder().encode(text));
  return file.close();
}
