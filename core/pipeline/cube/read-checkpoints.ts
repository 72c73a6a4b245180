import { type Checkpoint, checkpointSchema } from '#schemas/checkpoint.ts';
import type { ObjectVersion } from '#schemas/manifest.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { FormatError } from '../../errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { readRecord, writeRecord } from '../ledger.ts';
import type { TileSegment } from './tile-segments.ts';

/** Whether an earlier attempt on the same inputs has left a checkpoint, whatever it is worth. */
export async function hasCheckpoint(warehouse: ObjectStore, processingId: string): Promise<boolean> {
  return (await warehouse.head(controlKeys.checkpoint(processingId, 0))) !== null;
}

/**
 * Checkpoints of the first segments of a cube, as far as each fits the segments and every object that it names is there
 * at the size and version that it names. What follows a gap is done again.
 *
 * @param source What this attempt reads: one that writes bronze cannot go on from one that only read it.
 */
export async function readCheckpoints(
  warehouse: ObjectStore,
  processingId: string,
  segments: readonly TileSegment[],
  { source, bronzeRootKey }: { readonly source: Checkpoint['source']; readonly bronzeRootKey: string },
): Promise<Checkpoint[]> {
  const found: Checkpoint[] = [];
  let bronze: ReadonlyMap<string, ObjectVersion> | null = null;
  for (const { index, tileStart, tileEnd } of segments.slice(0, -1)) {
    const checkpoint = await readCheckpoint(warehouse, controlKeys.checkpoint(processingId, index));
    if (checkpoint === null) break;
    if (checkpoint.tile_start !== tileStart || checkpoint.tile_end !== tileEnd) break;
    if (checkpoint.source !== source && source === 'cube') break;
    bronze ??= await objectsUnder(warehouse, `${bronzeRootKey}/`);
    if (!checkpoint.bronze_objects.every((object) => isSame(object, bronze!.get(object.key) ?? null))) break;
    if (!(await isThere(warehouse, checkpoint.data_object))) break;
    if (!(await isThere(warehouse, checkpoint.plots_object))) break;
    found.push(checkpoint);
  }
  return found;
}

/** What another version of this program has left is worth nothing, and no reason to fail. */
async function readCheckpoint(warehouse: ObjectStore, key: string): Promise<Checkpoint | null> {
  try {
    return (await readRecord(warehouse, key, checkpointSchema))?.value ?? null;
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}

/** One listing instead of a request for each of thousands of shards. */
async function objectsUnder(warehouse: ObjectStore, prefix: string): Promise<Map<string, ObjectVersion>> {
  const objects = new Map<string, ObjectVersion>();
  for await (const { key, etag, sizeBytes } of warehouse.list(prefix))
    objects.set(key, { key, etag, size_bytes: sizeBytes });
  return objects;
}

async function isThere(warehouse: ObjectStore, object: ObjectVersion | null): Promise<boolean> {
  if (object === null) return true;
  const facts = await warehouse.head(object.key);
  return isSame(object, facts === null ? null : { key: facts.key, etag: facts.etag, size_bytes: facts.sizeBytes });
}

function isSame(expected: ObjectVersion, found: ObjectVersion | null): boolean {
  return found !== null && found.etag === expected.etag && found.size_bytes === expected.size_bytes;
}

/** Makes checkpoints young again: what they name is kept by maintenance as long as they are there, however old it is. */
export async function renewCheckpoints(
  warehouse: ObjectStore,
  processingId: string,
  checkpoints: readonly Checkpoint[],
): Promise<void> {
  for (const [index, checkpoint] of checkpoints.entries())
    await writeRecord(warehouse, controlKeys.checkpoint(processingId, index), checkpoint);
}

/** Removes what the attempts on a cube of so many segments have left; they are done. */
export async function removeCheckpoints(
  warehouse: ObjectStore,
  processingId: string,
  segmentCount: number,
): Promise<void> {
  // The first one last, because the next reader looks for it first.
  for (let index = segmentCount - 2; index >= 0; index--) {
    await warehouse.delete(controlKeys.checkpoint(processingId, index));
    await warehouse.delete(controlKeys.checkpointPlots(processingId, index));
  }
}
