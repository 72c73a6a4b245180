import { type Capture, captureSchema } from '#schemas/capture.ts';
import { type Progress, silentProgress } from '../ports/progress.ts';
import { writeEmitCube } from './emit-cube.ts';
import { type Flight, keyOf, planFlights, plotBufferM } from './flight.ts';
import { writeNeonCube } from './neon-cube.ts';
import { checkSimulation, type SimulationOptions } from './options.ts';
import { type SimulatedCube, writeRawCube, writeText } from './raw-cube.ts';
import type { SimulationSink, WrittenFile } from './sink.ts';
import { layTrial, type Trial } from './trial.ts';
import { plotsGeoJson, seasonOf, yieldsCsv } from './trial-files.ts';
import type { CubeTruth, SimulationTruth } from './truth.ts';

export interface SimulationReport {
  /** In an order to upload in: plots and yields, then of each cube its references, parts and capture sidecar; truth last. */
  readonly files: readonly WrittenFile[];
  readonly truth: SimulationTruth;
}

/**
 * Simulates one season of a replicated breeding trial: cubes with their references and capture sidecars, plot polygons,
 * yields, and `truth.json`. Every path but the last is the raw key of the object.
 * @throws ConfigurationError for options that cannot be simulated. Disposition: stop.
 */
export async function simulate(
  options: SimulationOptions,
  sink: SimulationSink,
  progress: Progress = silentProgress,
): Promise<SimulationReport> {
  checkSimulation(options);
  const trial = layTrial(options);
  const firstDate = options.dates[0]!;
  const plotsKey = keyOf(options, 'plot_sets', firstDate, `${options.trialId}-plots`, 'geojson');
  const yieldsKey = keyOf(options, 'yields', options.dates.at(-1)!, `${options.trialId}-yields`, 'csv');
  const files: WrittenFile[] = [
    await writeText(sink, plotsKey, plotsGeoJson(options, trial)),
    await writeText(sink, yieldsKey, yieldsCsv(options, trial)),
  ];
  const cubes: CubeTruth[] = [];
  for (const flight of planFlights(options, trial)) {
    const cube = await cubeWriters[flight.sensor](options, trial, flight, sink);
    files.push(...cube.files, await writeCapture(options, flight, cube, plotsKey, sink));
    cubes.push(truthOfCube(trial, flight, cube));
    progress.report('Cube:Simulate:Done', {
      cubeId: flight.cubeId,
      lineCount: flight.frame.lineCount,
      sampleCount: flight.frame.sampleCount,
      bandCount: flight.bands.wavelengthNm.length,
      sizeBytes: cube.files.reduce((sum, file) => sum + file.sizeBytes, 0),
    });
  }
  const truth = truthOfTrial(options, trial, cubes);
  files.push(await writeText(sink, 'truth.json', `${JSON.stringify(truth, null, 1)}\n`));
  return { files, truth };
}

const cubeWriters = { vnir: writeRawCube, 'vnir-swir': writeEmitCube, neon: writeNeonCube } as const;

async function writeCapture(
  options: SimulationOptions,
  flight: Flight,
  cube: SimulatedCube,
  plotsKey: string,
  sink: SimulationSink,
): Promise<WrittenFile> {
  const parts = cube.files.filter((file) => file.path.startsWith('raw_cubes/'));
  const capture: Capture = {
    sensor_id: flight.sensor,
    acquired_at: flight.acquiredAt,
    plots: plotsKey,
    plot_buffer_m: plotBufferM,
    ...cube.capture,
    sha256: Object.fromEntries(parts.map((file) => [file.path.slice(file.path.lastIndexOf('/') + 1), file.sha256])),
  };
  const key = keyOf(options, 'raw_cubes', flight.date, flight.cubeId, 'capture.json');
  return writeText(sink, key, `${JSON.stringify(captureSchema.parse(capture), null, 1)}\n`);
}

function truthOfCube(trial: Trial, flight: Flight, cube: SimulatedCube): CubeTruth {
  const { r800, r670 } = cube.ndvi.bands;
  return {
    cube_id: flight.cubeId,
    key: cube.files.at(-1)!.path,
    sensor_id: flight.sensor,
    date: flight.date,
    r800_nm: flight.bands.wavelengthNm[r800]!,
    r670_nm: flight.bands.wavelengthNm[r670]!,
    plots: cube.ndvi.byPlot(trial.plots.map((plot) => plot.plotId)),
  };
}

function truthOfTrial(options: SimulationOptions, trial: Trial, cubes: readonly CubeTruth[]): SimulationTruth {
  return {
    format_version: 1,
    seed: options.seed,
    trial_id: options.trialId,
    season: seasonOf(options),
    plot_buffer_m: plotBufferM,
    germplasm: trial.germplasm.map((line) => ({
      germplasm: line.name,
      entry_type: line.entryType,
      advantage_t_ha: Math.round(line.advantageTHa * 1e6) / 1e6,
      truth: line.truth,
    })),
    cubes,
  };
}
