import type { Capture } from '#schemas/capture.ts';
import type { CubeHeader } from '../../cube/cube.ts';
import type { Hdf5Opener } from '../../ports/hdf5-file.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { type Calibration, planCalibration } from './calibration-plan.ts';
import { type NamedInput, openReferences, readPlotSet } from './cube-inputs.ts';
import { type CubePlots, placeCubePlots } from './cube-plots.ts';

/** A cube's capture, and the objects that it names: the same for a job of the cloud and for a field machine. */
export interface CubeFacts {
  readonly raw: ObjectStore;
  readonly capture: Capture;
  readonly inputs: readonly NamedInput[];
  readonly granuleKey: string;
}

/** @throws as `openReferences` and `planCalibration` */
export async function calibrationOfCube(
  header: CubeHeader,
  { raw, capture, inputs, granuleKey }: CubeFacts,
  openHdf5: Hdf5Opener,
): Promise<Calibration> {
  const references = await openReferences(raw, capture, inputs, openHdf5);
  try {
    return await planCalibration(header, capture, references, granuleKey);
  } finally {
    for (const reference of Object.values(references ?? {})) await reference?.close();
  }
}

/** @returns null for a capture without plots. @throws as `readPlotSet` and `placeCubePlots` */
export async function plotsOfCube(
  header: CubeHeader,
  { raw, capture, inputs, granuleKey }: CubeFacts,
): Promise<CubePlots | null> {
  const plotSet = await readPlotSet(raw, inputs);
  return plotSet && placeCubePlots(header, plotSet, capture.plot_buffer_m ?? 0, granuleKey);
}
