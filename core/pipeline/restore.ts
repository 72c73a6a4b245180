import type { GranuleState } from '#schemas/granule-state.ts';
import { ArchivedObjectError } from '../errors.ts';
import { ledgerParallelCount } from '../limits.ts';
import type { Archive, ArchiveState, RestoreRequest, RestoreTier } from '../ports/archive.ts';
import type { ObjectFacts } from '../ports/object-store.ts';
import type { FlowContext } from './flow-context.ts';
import { inParallel } from './in-parallel.ts';
import { estimateRestore, type RestoreEstimate } from './restore-estimate.ts';

/** An object of raw, and whether it can be read. */
export interface RestorableObject {
  readonly key: string;
  readonly sizeBytes: number;
  readonly state: ArchiveState;
}

export interface RestorePlan {
  /** In the order of their keys. */
  readonly objects: readonly RestorableObject[];
  readonly counts: Readonly<Record<ArchiveState['kind'], number>>;
  /** For the objects that must still be asked for, cheapest first; only tiers that all of them have. */
  readonly estimates: readonly RestoreEstimate[];
  /** When the first of the readable copies goes away again; null when there are none. */
  readonly readableUntilMs: number | null;
}

/** Objects of raw under any of the prefixes, each once. A granule's key is a prefix too. */
export async function objectsUnder(
  { raw }: Pick<FlowContext, 'raw'>,
  prefixes: readonly string[],
): Promise<ObjectFacts[]> {
  const found = new Map<string, ObjectFacts>();
  for (const prefix of prefixes) for await (const facts of raw.list(prefix)) found.set(facts.key, facts);
  return [...found.values()];
}

/** Parts of settled granules, as keys and sizes. */
export function partsOf(states: readonly GranuleState[]): { readonly key: string; readonly sizeBytes: number }[] {
  return states.flatMap(({ parts }) => parts.map(({ key, size_bytes }) => ({ key, sizeBytes: size_bytes })));
}

const tiers: readonly RestoreTier[] = ['bulk', 'standard', 'expedited'];

/** Looks at each object and says what making all of them readable takes. Nothing is asked for; objects that are gone are left out. */
export async function planRestore(
  archive: Archive,
  candidates: readonly { readonly key: string; readonly sizeBytes: number }[],
  days: number,
): Promise<RestorePlan> {
  const examined = await inParallel(candidates, ledgerParallelCount, async ({ key, sizeBytes }) => {
    const state = await archive.stateOf(key);
    return state === null ? [] : [{ key, sizeBytes, state }];
  });
  const objects = examined.flat();
  const counts = { readable: 0, archived: 0, restoring: 0, restored: 0 };
  let readableUntilMs: number | null = null;
  for (const { state } of objects) {
    counts[state.kind]++;
    if (state.kind === 'restored' && state.untilMs !== null)
      readableUntilMs = Math.min(readableUntilMs ?? state.untilMs, state.untilMs);
  }
  const archived = objects.flatMap(({ state, sizeBytes }) =>
    state.kind === 'archived' ? [{ archive: state.archive, sizeBytes }] : [],
  );
  const estimates = tiers.map((tier) => estimateRestore(archived, tier, days)).filter((estimate) => estimate !== null);
  estimates.sort((left, right) => left.usd - right.usd);
  return { objects, counts, estimates: archived.length === 0 ? [] : estimates, readableUntilMs };
}

/**
 * Asks for every archived object of a plan. Killed in the middle, the same call goes on.
 * @returns How many were asked for now.
 */
export async function askForObjects(archive: Archive, plan: RestorePlan, request: RestoreRequest): Promise<number> {
  const archived = plan.objects.filter(({ state }) => state.kind === 'archived');
  const answers = await inParallel(archived, ledgerParallelCount, ({ key }) => archive.restore(key, request));
  return answers.filter((answer) => answer === 'asked').length;
}

const namedCountMax = 3;

/**
 * Before jobs are started that would fail: every part of these granules must be readable.
 * @throws ArchivedObjectError that names them. Disposition: quarantine.
 */
export async function requireReadable(archive: Archive, states: readonly GranuleState[]): Promise<void> {
  const unreadable = await inParallel(states, ledgerParallelCount, async (state) => {
    const found = await planRestore(archive, partsOf([state]), 1);
    return found.counts.archived + found.counts.restoring > 0 ? [state.granule_key] : [];
  });
  const keys = unreadable.flat();
  if (keys.length === 0) return;
  const named = keys.slice(0, namedCountMax).join(', ');
  const others = keys.length > namedCountMax ? ` and ${keys.length - namedCountMax} others` : '';
  throw new ArchivedObjectError(
    `Expected raw cubes that can be read, got ${keys.length} of ${states.length} in an archive (${named}${others}). Run "cubelake restore" for them, then the same command again.`,
    { count: keys.length },
  );
}
