import { FormatError, NotFoundError } from '#core/errors.ts';
import { compareReplacement, largestDifference } from '#core/pipeline/replace/compare-replacement.ts';
import { planReplacement } from '#core/pipeline/replace/plan-replacement.ts';
import { publishReplacement } from '#core/pipeline/replace/publish-replacement.ts';
import { startReplacement } from '#core/pipeline/replace/stage-replacement.ts';
import { requireReadable } from '#core/pipeline/restore.ts';
import type { GranuleState } from '#schemas/granule-state.ts';
import type { Replacement } from '#schemas/replacement.ts';
import type { CommandIo } from './command.ts';
import { type Flow, finishManifests } from './open-flow.ts';
import { comparisonText, planText } from './replacement-text.ts';

export interface ReplaceRequest {
  readonly source: 'raw' | 'bronze';
  readonly isDryRun: boolean;
  /** Stop before publishing. */
  readonly isStaged: boolean;
  /** Stop before publishing where a mean difference is larger. */
  readonly tolerance: number | null;
  readonly isJson: boolean;
}

/**
 * Makes settled cubes again on a branch, compares, and publishes in one snapshot per table.
 *
 * @throws NotFoundError for no cubes, ArchivedObjectError for those that cannot be read, FormatError for too large a
 *   difference (quarantine).
 */
export async function replaceCubes(
  flow: Flow,
  states: readonly GranuleState[],
  request: ReplaceRequest,
  io: CommandIo,
): Promise<void> {
  const say = (answer: unknown, text: string): void => io.print(request.isJson ? JSON.stringify(answer) : text);
  const plan = await planReplacement(flow, states, request.source);
  const { replacement } = plan;
  if (replacement.granules.length === 0)
    throw new NotFoundError('Expected settled cubes of this selection, found none. See "cubelake status".');
  if (request.isDryRun) return say(plan, planText(plan));
  if (!request.isJson) io.print(planText(plan));
  const fromRaw = new Set(plan.costs.flatMap((cost) => (cost.source === 'raw' ? [cost.granuleKey] : [])));
  const wantedRaw = states.filter((state) => fromRaw.has(state.granule_key));
  await requireReadable(flow.archive, wantedRaw);
  await startReplacement(flow, replacement);
  await finishManifests(flow, replacement.manifest_ids, io.progress);
  const comparison = await compareReplacement(flow, replacement);
  const largest = largestDifference(comparison);
  const isTooFar = largest !== null && request.tolerance !== null && largest > request.tolerance;
  const isStaged = request.isStaged || isTooFar;
  const settlement = isStaged ? null : await publishReplacement(flow, replacement.replacement_id);
  const state = settlement === null ? 'staged' : 'published';
  say(
    { replacementId: replacement.replacement_id, state, plan, comparison, snapshots: settlement?.snapshots ?? {} },
    comparisonText(comparison, state),
  );
  if (isTooFar && !request.isStaged) throw tooFar(replacement, largest, request.tolerance);
}

function tooFar({ replacement_id: id, branch }: Replacement, difference: number, tolerance: number): FormatError {
  return new FormatError(
    `Expected mean differences of at most ${tolerance}, got ${difference}. Nothing was published: the new rows are on branch ${branch}. Run "cubelake reprocess --publish ${id}" or "--discard ${id}".`,
  );
}
