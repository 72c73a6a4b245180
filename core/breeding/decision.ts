import type { BreedingRule } from '#schemas/breeding-rule.ts';
import { type CheckComparison, type CheckReference, checkReference, compareWithChecks } from './check-comparison.ts';
import { discardedForData, failReason, passReason, shareReason } from './decision-reason.ts';
import type { SelectionIndex } from './selection-index.ts';
import type { LineEstimate } from './trait-analysis.ts';

export interface LineDecision {
  readonly germplasm: string;
  readonly decision: 'Advance' | 'Discard';
  /** From 1; lines without a mean come last. */
  readonly rank: number;
  /** `null` for a line of which no plot is usable. */
  readonly estimate: LineEstimate | null;
  readonly comparison: CheckComparison | null;
  readonly reason: string;
}

export interface TrialDecision {
  readonly reference: CheckReference | null;
  /** By rank. */
  readonly lines: readonly LineDecision[];
}

/**
 * Applies a rule to every line under test: Advance or Discard, nothing between. Lines that the data cannot judge are
 * discarded, and the reason says that it was for lack of data.
 *
 * @param index `null` when no plot of the trial is usable.
 * @param candidates Names of all lines under test, also of those without a usable plot.
 * @param unusable For each line without a usable plot, why.
 */
export function decide(
  index: SelectionIndex | null,
  candidates: readonly string[],
  unusable: ReadonlyMap<string, string>,
  rule: BreedingRule,
): TrialDecision {
  const direction = index?.direction ?? 'higher';
  const reference = index === null ? null : checkReference(index.estimates, { comparison: rule.comparison, direction });
  const obstacle = index === null ? null : trialObstacle(index, reference, rule);
  const positions = new Map(index?.estimates.lines.map((line, lineIndex) => [line.germplasm, lineIndex]));
  const judged = candidates.map((germplasm) => {
    const lineIndex = positions.get(germplasm);
    if (index === null || lineIndex === undefined) {
      const reason = discardedForData(unusable.get(germplasm) ?? 'none of its plots is usable');
      return { germplasm, passes: false, estimate: null, comparison: null, reason };
    }
    const estimate = index.estimates.lines[lineIndex]!;
    const comparison =
      estimate.mean === null || reference === null
        ? null
        : compareWithChecks(index.estimates, lineIndex, reference, {
            direction,
            minimumAdvantage: rule.minimum_advantage,
          });
    const lack = obstacle ?? lackOfData(estimate, comparison, rule);
    if (lack !== null) return { germplasm, passes: false, estimate, comparison, reason: discardedForData(lack) };
    const passes = comparison!.probability! >= rule.minimum_probability;
    const words = { index, rule, reference: reference!, estimate, comparison: comparison! };
    return { germplasm, passes, estimate, comparison, reason: passes ? passReason(words) : failReason(words) };
  });
  const sign = direction === 'higher' ? -1 : 1;
  judged.sort((a, b) => {
    const byMean = sign * (a.estimate?.mean ?? Number.NaN) - sign * (b.estimate?.mean ?? Number.NaN);
    if (byMean < 0 || byMean > 0) return byMean;
    const missing = Number((a.estimate?.mean ?? null) === null) - Number((b.estimate?.mean ?? null) === null);
    return missing !== 0 ? missing : a.germplasm < b.germplasm ? -1 : 1;
  });
  const placeCount = Math.floor((rule.maximum_share_advanced ?? 1) * candidates.length);
  let advancedCount = 0;
  const lines = judged.map(({ passes, ...line }, position): LineDecision => {
    const rank = position + 1;
    if (!passes) return { ...line, rank, decision: 'Discard' };
    if (advancedCount >= placeCount) {
      return { ...line, rank, decision: 'Discard', reason: shareReason(rule, placeCount, candidates.length) };
    }
    advancedCount += 1;
    return { ...line, rank, decision: 'Advance' };
  });
  return { reference, lines };
}

/** What keeps the whole trial from a judgement; `null` when nothing does. */
function trialObstacle(index: SelectionIndex, reference: CheckReference | null, rule: BreedingRule): string | null {
  if (reference === null) return 'no check of the trial has a usable plot, so that there is nothing to compare with';
  const flat = index.traits.find((trait) => trait.scale === 0);
  if (index.isIndex && flat !== undefined)
    return `${flat.name} does not differ between lines, so that it cannot be standardised`;
  if (index.estimates.uncertaintyReason !== null)
    return `there are no standard errors, because ${index.estimates.uncertaintyReason}`;
  if (rule.minimum_advantage.unit === 'percent' && reference.mean <= 0) {
    return 'the checks have no positive mean, so that a percentage of it means nothing';
  }
  return null;
}

function lackOfData(estimate: LineEstimate, comparison: CheckComparison | null, rule: BreedingRule): string | null {
  if (estimate.missingReason !== null) return estimate.missingReason;
  if (estimate.plotCount < rule.minimum_replicate_count) {
    const plots = estimate.plotCount === 1 ? '1 usable plot' : `${estimate.plotCount} usable plots`;
    return `${plots}, the rule asks for ${rule.minimum_replicate_count}`;
  }
  if (comparison === null || comparison.probability === null)
    return 'its difference from the checks has no standard error';
  return null;
}
