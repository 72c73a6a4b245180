import { controlKeys } from '#schemas/object-keys.ts';
import { replacementSchema } from '#schemas/replacement.ts';
import { tableName } from '#schemas/table-definition.ts';
import { allTables } from '#schemas/tables.ts';
import { FormatError, NotFoundError } from '../errors.ts';
import { keyOf } from '../formats/iceberg/table-location.ts';
import { shortHash } from '../pipeline/granule-version.ts';
import { parseJson, readRecord } from '../pipeline/ledger.ts';
import { publicationOf } from '../pipeline/replace/publication-of.ts';
import type { ObjectStore } from '../ports/object-store.ts';

/** What jobs have staged and no settlement has finished: a settlement may be at it now, or be repeated tomorrow. */
export interface PendingCommits {
  /** Keys of staged files. */
  readonly keys: ReadonlySet<string>;
  /** Commits that may be repeated: their snapshots must stay recognisable. */
  readonly commitIds: ReadonlySet<string>;
}

/**
 * Reads the outcomes and plans of all manifests without a settlement, and those of replacements that may still be published:
 * their jobs are settled on a branch, which somebody may drop before. What they name counts, whatever field it stands in.
 */
export async function pendingCommits(warehouse: ObjectStore): Promise<PendingCommits> {
  const settled = new Set(await idsUnder(warehouse, 'control/settlements/'));
  const unsettled = (await idsUnder(warehouse, controlKeys.manifestPrefix)).filter((id) => !settled.has(id));
  const open = new Set([...unsettled, ...(await manifestsOfReplacements(warehouse))]);
  const keys = new Set<string>();
  const commitIds = new Set<string>();
  for (const manifestId of open) {
    for (const table of [...allTables.map(tableName), 'derived']) commitIds.add(shortHash(`${manifestId}:${table}`));
    const records = [controlKeys.settlementPlan(manifestId)];
    for await (const { key } of warehouse.list(controlKeys.outcomePrefix(manifestId))) records.push(key);
    for (const record of records) for (const uri of await textsIn(warehouse, record)) addKey(keys, warehouse, uri);
  }
  // A job may go on where another one died, and then stage what that one has written.
  for await (const { key } of warehouse.list(controlKeys.checkpointPrefix)) {
    if (key.endsWith('.json')) for (const uri of await textsIn(warehouse, key)) addKey(keys, warehouse, uri);
  }
  return { keys, commitIds };
}

/** Manifests that make granules of open replacements, and those that will publish them. */
async function manifestsOfReplacements(warehouse: ObjectStore): Promise<string[]> {
  const manifestIds: string[] = [];
  for await (const { key } of warehouse.list(controlKeys.replacementPrefix)) {
    const replacement = (await readRecord(warehouse, key, replacementSchema))?.value;
    if (replacement?.state !== 'open' && replacement?.state !== 'publishing') continue;
    manifestIds.push(...replacement.manifest_ids, publicationOf(replacement).manifest_id);
  }
  return manifestIds;
}

async function idsUnder(warehouse: ObjectStore, prefix: string): Promise<string[]> {
  const facts = await Array.fromAsync(warehouse.list(prefix));
  return facts.map(({ key }) => key.slice(prefix.length).replace(/\.json$/, ''));
}

async function textsIn(warehouse: ObjectStore, key: string): Promise<string[]> {
  try {
    const { bytes } = await warehouse.get(key);
    const texts: string[] = [];
    collectTexts(parseJson(Buffer.from(bytes).toString('utf8')), texts);
    return texts;
  } catch (error) {
    if (error instanceof NotFoundError) return [];
    throw error;
  }
}

function collectTexts(value: unknown, texts: string[]): void {
  if (typeof value === 'string') texts.push(value);
  else if (typeof value === 'object' && value !== null)
    for (const each of Object.values(value)) collectTexts(each, texts);
}

function addKey(keys: Set<string>, warehouse: ObjectStore, text: string): void {
  if (!/^[a-z][a-z0-9]*:/.test(text)) return;
  try {
    keys.add(keyOf(warehouse, text));
  } catch (error) {
    // A place that is not ours, or text that only looks like one.
    if (!(error instanceof FormatError)) throw error;
  }
}
