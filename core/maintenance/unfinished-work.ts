import { checkpointSchema } from '#schemas/checkpoint.ts';
import { bronzePrefix, controlKeys } from '#schemas/object-keys.ts';
import { FormatError } from '../errors.ts';
import { orphanAgeMsDefault } from '../limits.ts';
import { readRecord } from '../pipeline/ledger.ts';
import type { Clock } from '../ports/clock.ts';
import type { ObjectFacts, ObjectStore } from '../ports/object-store.ts';
import { type RemovableObject, removable, removalAgeMs, removeObjects } from './maintained-table.ts';
import type { OrphanOptions } from './remove-orphans.ts';

export interface UnfinishedContext {
  readonly warehouse: ObjectStore;
  readonly clock: Clock;
}

/**
 * What jobs that never came to an end have left beside the tables: their checkpoints, and bronze groups without the root
 * that makes them exist. A group stays while a checkpoint names it or any of its objects is young: a job may go on there.
 * So the bronze goes one run after its checkpoints.
 */
export async function planUnfinishedRemoval(
  { warehouse, clock }: UnfinishedContext,
  options: OrphanOptions = {},
): Promise<RemovableObject[]> {
  const modifiedMsMax = clock.nowMs() - removalAgeMs(options.minAgeMs ?? orphanAgeMsDefault, options.isForced === true);
  const isOld = ({ lastModifiedMs }: ObjectFacts): boolean => lastModifiedMs <= modifiedMsMax;
  const found: RemovableObject[] = [];
  const namedRoots = new Set<string>();
  for await (const facts of warehouse.list(controlKeys.checkpointPrefix)) {
    if (facts.key.endsWith('.json')) for (const root of await rootsNamedBy(warehouse, facts.key)) namedRoots.add(root);
    if (isOld(facts)) found.push(removable(facts));
  }
  for await (const { rootKey, objects } of bronzeGroups(warehouse)) {
    const isUnfinished = !objects.some(({ key }) => key === `${rootKey}/zarr.json`);
    if (isUnfinished && !namedRoots.has(rootKey) && objects.every(isOld)) found.push(...objects.map(removable));
  }
  return found;
}

/** Removes what a plan found, where it has not changed since. @returns Keys that were removed. */
export function removeUnfinished(
  { warehouse }: UnfinishedContext,
  plan: readonly RemovableObject[],
): Promise<string[]> {
  return removeObjects(warehouse, plan);
}

/** No job goes on from a checkpoint that is not understood, so it names nothing. */
async function rootsNamedBy(warehouse: ObjectStore, key: string): Promise<string[]> {
  try {
    const checkpoint = await readRecord(warehouse, key, checkpointSchema);
    return (checkpoint?.value.bronze_objects ?? []).map((object) => rootOf(object.key) ?? object.key);
  } catch (error) {
    if (error instanceof FormatError) return [];
    throw error;
  }
}

/** Groups one after the other: a listing is in the order of keys, so that only one is held at a time. */
async function* bronzeGroups(
  warehouse: ObjectStore,
): AsyncGenerator<{ readonly rootKey: string; readonly objects: readonly ObjectFacts[] }> {
  let rootKey: string | null = null;
  let objects: ObjectFacts[] = [];
  for await (const facts of warehouse.list(bronzePrefix)) {
    const root = rootOf(facts.key);
    if (root === null) continue;
    if (root !== rootKey) {
      if (rootKey !== null) yield { rootKey, objects };
      rootKey = root;
      objects = [];
    }
    objects.push(facts);
  }
  if (rootKey !== null) yield { rootKey, objects };
}

/** Root of the group that an object lies in; null for what lies in none and is not ours to judge. */
function rootOf(key: string): string | null {
  const end = key.indexOf('.zarr/');
  return end < 0 ? null : key.slice(0, end + '.zarr'.length);
}
