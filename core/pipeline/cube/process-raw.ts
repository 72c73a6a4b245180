import type { Capture } from '#schemas/capture.ts';
import type { Granule } from '#schemas/manifest.ts';
import { bronzeKey } from '#schemas/object-keys.ts';
import type { CubeReader } from '../../cube/cube.ts';
import { openCube } from '../../formats/open-cube.ts';
import { bronzeGroup } from '../../formats/zarr/bronze-group.ts';
import { contentHash } from '../content-hash.ts';
import type { GranuleOutput, ProcessContext } from '../payload.ts';
import { type Calibration, goodBandsOf, planCalibration } from './calibration-plan.ts';
import { overridesOf } from './capture-file.ts';
import { cubeIdentity } from './cube-granule.ts';
import {
  cubeParts,
  type NamedInput,
  openParts,
  openReferences,
  readCapture,
  readPlotSet,
  resolveInputs,
  verifyChecksums,
} from './cube-inputs.ts';
import type { CubeDependencies } from './cube-payload.ts';
import { placeCubePlots } from './cube-plots.ts';
import { flattenTiles } from './flatten-tiles.ts';
import type { CubeSource } from './tile-setup.ts';

/** Changes whenever the numbers change: it is part of every processing id, so that results of two versions never share a name. */
export const calibrationVersion = 'calibration-1';

/** Raw cube to bronze, silver and gold, in one pass over its tiles. */
export async function processRawGranule(
  granule: Granule,
  context: ProcessContext,
  { openHdf5, tilePool }: CubeDependencies,
): Promise<GranuleOutput> {
  const capture = await readCapture(context.raw, granule);
  const inputs = await resolveInputs(context.raw, capture);
  const sources = await openParts(context.raw, cubeParts(granule));
  await verifyChecksums(capture, sources);
  context.step('read');
  const reader = await openCube(sources, { overrides: overridesOf(capture), openHdf5 });
  try {
    const calibration = await calibrationOf(reader, capture, inputs, context, openHdf5, granule.granule_key);
    const processingId = contentHash({
      version: calibrationVersion,
      parts: granule.parts.map((part) => [part.key, part.etag]),
      inputs: inputs.map((input) => [input.role, input.parts.map((part) => [part.key, part.etag])]),
    });
    const bronzeRootKey = bronzeKey(granule.granule_key, processingId);
    const source: CubeSource = {
      kind: 'cube',
      parts: cubeParts(granule).map(({ key, etag }) => ({ key, etag })),
      overrides: overridesOf(capture),
      coefficients: calibration.coefficients,
      bronzeRootKey,
    };
    const plotSet = await readPlotSet(context.raw, inputs);
    const plots = plotSet && placeCubePlots(reader.header, plotSet, capture.plot_buffer_m ?? 0, granule.granule_key);
    const output = await flattenTiles({
      granule,
      context,
      tilePool,
      header: reader.header,
      goodBands: goodBandsOf(reader.header),
      source,
      plots,
      processingId,
      acquiredAt: reader.header.acquiredAt,
    });
    context.step('bronze metadata');
    await writeBronzeGroup(context, reader, calibration, granule, bronzeRootKey, processingId, inputs);
    const warnings = [...reader.header.warnings, ...calibration.warnings];
    return { ...output, report: { ...output.report, method: calibration.method, bronze: bronzeRootKey, warnings } };
  } finally {
    await reader.close();
  }
}

async function calibrationOf(
  reader: CubeReader,
  capture: Capture,
  inputs: readonly NamedInput[],
  context: ProcessContext,
  openHdf5: CubeDependencies['openHdf5'],
  where: string,
): Promise<Calibration> {
  const references = await openReferences(context.raw, capture, inputs, openHdf5);
  try {
    return await planCalibration(reader.header, capture, references, where);
  } finally {
    for (const reference of Object.values(references ?? {})) await reference?.close();
  }
}
