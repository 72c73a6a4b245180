import { controlKeys } from '#schemas/object-keys.ts';
import { tableName } from '#schemas/table-definition.ts';
import { allTables } from '#schemas/tables.ts';
import { FormatError, NotFoundError } from '../errors.ts';
import { keyOf } from '../formats/iceberg/table-location.ts';
import { shortHash } from '../pipeline/granule-version.ts';
import { parseJson } from '../pipeline/ledger.ts';
import type { ObjectStore } from '../ports/object-store.ts';

/** What jobs have staged and no settlement has finished: a settlement may be at it now, or be repeated tomorrow. */
export interface PendingCommits {
  /** Keys of staged files. */
  readonly keys: ReadonlySet<string>;
  /** Commits that may be repeated: their snapshots must stay recognisable. */
  readonly commitIds: ReadonlySet<string>;
}

/** Reads the outcomes and plans of all manifests without a settlement. What they name counts, whatever field it stands in. */
export async function pendingCommits(warehouse: ObjectStore): Promise<PendingCommits> {
  const settled = new Set(await idsUnder(warehouse, 'control/settlements/'));
  const open = (await idsUnder(warehouse, controlKeys.manifestPrefix)).filter((id) => !settled.has(id));
  const keys = new Set<string>();
  const commitIds = new Set<string>();
  for (const manifestId of open) {
    for (const table of [...allTables.map(tableName), 'derived']) commitIds.add(shortHash(`${manifestId}:${table}`));
    const records = [controlKeys.settlementPlan(manifestId)];
    for await (const { key } of warehouse.list(controlKeys.outcomePrefix(manifestId))) records.push(key);
    for (const record of records) for (const uri of await textsIn(warehouse, record)) addKey(keys, warehouse, uri);
  }
  return { keys, commitIds };
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
