import { z } from 'zod';
import type { Capture } from '#schemas/capture.ts';
import type { Provenance } from '#schemas/granule-state.ts';
import type { Granule } from '#schemas/manifest.ts';
import { textFileBytesMax } from '../../limits.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { parseJson } from '../ledger.ts';
import type { ProcessContext, ProcessingEstimate } from '../payload.ts';
import { cubeParts, type NamedInput, readCapture, resolveInputs } from './cube-inputs.ts';
import { type ProcessingIds, processingIdsOf } from './processing-ids.ts';

/** What went into one cube's numbers, for those who ask later which cubes a faulty reference has spoiled. */
export function provenanceOf(
  { capture, inputs, ids }: { capture: Capture; inputs: readonly NamedInput[]; ids: ProcessingIds },
  method: string | null,
  sensorId: string | null,
): Provenance {
  const { sha256, plots, dark, ...facts } = capture;
  return {
    calibration_id: ids.calibrationId,
    method,
    sensor_id: sensorId,
    references: inputs.flatMap(({ role, parts }) => parts.map(({ key, etag }) => ({ role, key, etag }))),
    bronze: ids.bronzeRootKey,
    facts,
  };
}

const rootSchema = z.object({ attributes: z.object({ 'cubelake:provenance': z.object({ method: z.string() }) }) });

/** How the cube of a bronze group was calibrated; null where the group does not say. */
export async function bronzeMethod(warehouse: ObjectStore, rootKey: string): Promise<string | null> {
  const { bytes } = await warehouse.get(`${rootKey}/zarr.json`, { sizeBytesMax: textFileBytesMax });
  const root = rootSchema.safeParse(parseJson(Buffer.from(bytes).toString('utf8')));
  return root.success ? root.data.attributes['cubelake:provenance'].method : null;
}

/** Bytes of all objects of a bronze group. */
export async function bronzeBytes(warehouse: ObjectStore, rootKey: string): Promise<number> {
  let sum = 0;
  for await (const { sizeBytes } of warehouse.list(`${rootKey}/`)) sum += sizeBytes;
  return sum;
}

/** Bytes of the cube's own files. */
export function rawBytes(granule: Granule): number {
  return cubeParts(granule).reduce((sum, part) => sum + part.size_bytes, 0);
}

/**
 * What a cube would be made from now: its bronze, where that is complete for the references as they are at present, or
 * its raw files.
 * @throws NotFoundError for a reference that is gone. Disposition: quarantine.
 */
export async function estimateCube(
  granule: Granule,
  { raw, warehouse }: Pick<ProcessContext, 'raw' | 'warehouse'>,
): Promise<ProcessingEstimate> {
  const capture = await readCapture(raw, granule);
  const { bronzeRootKey, processingId } = processingIdsOf(granule, capture, await resolveInputs(raw, capture));
  const hasBronze = (await warehouse.head(`${bronzeRootKey}/zarr.json`)) !== null;
  return hasBronze
    ? { processingId, source: 'bronze', bytesToRead: await bronzeBytes(warehouse, bronzeRootKey) }
    : { processingId, source: 'raw', bytesToRead: rawBytes(granule) };
}
