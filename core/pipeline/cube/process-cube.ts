import type { Capture } from '#schemas/capture.ts';
import type { Granule } from '#schemas/manifest.ts';
import type { CubeReader } from '../../cube/cube.ts';
import { NotFoundError } from '../../errors.ts';
import { openCube } from '../../formats/open-cube.ts';
import { openBronze } from '../../formats/zarr/bronze-reader.ts';
import type { GranuleOutput, ProcessContext } from '../payload.ts';
import { goodBandsOf } from './calibration-plan.ts';
import { overridesOf } from './capture-file.ts';
import { cubeParts, type NamedInput, openParts, readCapture, resolveInputs, verifyChecksums } from './cube-inputs.ts';
import type { CubeDependencies } from './cube-payload.ts';
import { bronzeBytes, bronzeMethod, provenanceOf, rawBytes } from './cube-provenance.ts';
import { flattenTiles } from './flatten-tiles.ts';
import { type CubeFacts, calibrationOfCube, plotsOfCube } from './plan-cube.ts';
import { type ProcessingIds, processingIdsOf } from './processing-ids.ts';
import { hasCheckpoint } from './read-checkpoints.ts';
import { type BronzeSource, type CubeSource, tileCountOf, tileGridOf } from './tile-setup.ts';
import { writeBronzeGroup } from './write-bronze-group.ts';

/** What the two ways to a granule's rows have in common. */
interface CubeRequest extends CubeDependencies {
  readonly granule: Granule;
  readonly context: ProcessContext;
  readonly capture: Capture;
  readonly inputs: readonly NamedInput[];
  readonly ids: ProcessingIds;
}

/**
 * Stages bronze, silver and gold of one cube. A cube whose bronze is complete already, because an earlier attempt got
 * that far or only its plots have changed, is flattened from there; the rows are the same either way.
 */
export async function processCube(
  granule: Granule,
  context: ProcessContext,
  dependencies: CubeDependencies,
): Promise<GranuleOutput> {
  const capture = await readCapture(context.raw, granule);
  const inputs = await resolveInputs(context.raw, capture);
  const ids = processingIdsOf(granule, capture, inputs);
  const request: CubeRequest = { ...dependencies, granule, context, capture, inputs, ids };
  const hasBronze = (await context.warehouse.head(`${ids.bronzeRootKey}/zarr.json`)) !== null;
  if (hasBronze) return processBronze(request);
  if (context.source === 'raw') return processRaw(request);
  throw new NotFoundError(
    `Expected the bronze of ${granule.granule_key}, found none at ${ids.bronzeRootKey}. Reprocess it from raw.`,
    { key: ids.bronzeRootKey },
  );
}

async function processRaw(request: CubeRequest): Promise<GranuleOutput> {
  const { granule, context, capture, ids, openHdf5 } = request;
  const sources = await openParts(context.raw, cubeParts(granule));
  // The attempt that left a checkpoint has read these versions to their ends already.
  if (!(await hasCheckpoint(context.warehouse, ids.processingId))) await verifyChecksums(capture, sources);
  context.step('read');
  const reader = await openCube(sources, { overrides: overridesOf(capture), openHdf5 });
  try {
    request.tilePool.prepare(tileCountOf(tileGridOf(reader.header)));
    const calibration = await calibrationOfCube(reader.header, factsOf(request), openHdf5);
    context.step('references');
    const source: CubeSource = {
      kind: 'cube',
      parts: cubeParts(granule).map(({ key, etag }) => ({ key, etag })),
      overrides: overridesOf(capture),
      coefficients: calibration.coefficients,
      bronzeRootKey: ids.bronzeRootKey,
    };
    const output = await flatten(request, reader, source);
    context.step('bronze metadata');
    await writeBronzeGroup({
      warehouse: context.warehouse,
      rootKey: ids.bronzeRootKey,
      header: reader.header,
      calibration,
      inputs: {
        granule_key: granule.granule_key,
        parts: granule.parts,
        references: request.inputs.filter((input) => input.role !== 'plots'),
      },
    });
    const warnings = [...reader.header.warnings, ...calibration.warnings];
    const provenance = provenanceOf(request, calibration.method, reader.header.sensorId);
    const facts = { method: calibration.method, warnings, provenance, bytes_read: rawBytes(granule) };
    return { ...output, report: { ...output.report, ...facts } };
  } finally {
    await reader.close();
  }
}

async function processBronze(request: CubeRequest): Promise<GranuleOutput> {
  const { context, ids } = request;
  context.step('read');
  const reader = await openBronze(context.warehouse, ids.bronzeRootKey);
  try {
    const output = await flatten(request, reader, { kind: 'bronze', bronzeRootKey: ids.bronzeRootKey });
    const method = await bronzeMethod(context.warehouse, ids.bronzeRootKey);
    const provenance = provenanceOf(request, method, reader.header.sensorId);
    const bytesRead = await bronzeBytes(context.warehouse, ids.bronzeRootKey);
    const facts = { method: 'bronze', warnings: reader.header.warnings, provenance, bytes_read: bytesRead };
    return { ...output, report: { ...output.report, ...facts } };
  } finally {
    await reader.close();
  }
}

async function flatten(
  request: CubeRequest,
  reader: CubeReader,
  source: CubeSource | BronzeSource,
): Promise<GranuleOutput> {
  const { granule, context, ids, tilePool, segmentBytesTarget } = request;
  const { header } = reader;
  const plots = await plotsOfCube(header, factsOf(request));
  const output = await flattenTiles({
    granule,
    context,
    tilePool,
    header,
    goodBands: goodBandsOf(header),
    source,
    plots,
    processingId: ids.processingId,
    ...(segmentBytesTarget === undefined ? {} : { segmentBytesTarget }),
  });
  return { ...output, report: { ...output.report, bronze: ids.bronzeRootKey } };
}

function factsOf({ context, capture, inputs, granule }: CubeRequest): CubeFacts {
  return { raw: context.raw, capture, inputs, granuleKey: granule.granule_key };
}
