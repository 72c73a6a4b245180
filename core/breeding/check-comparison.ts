import type { BreedingRule } from '#schemas/breeding-rule.ts';
import { invariant } from '../errors.ts';
import { studentTCdf, studentTQuantile } from './student-t.ts';
import type { TraitEstimates } from './trait-analysis.ts';

/** What lines are measured against. */
export interface CheckReference {
  /** Positions in `TraitEstimates.lines` of the checks whose average is the reference. */
  readonly checkIndices: readonly number[];
  /** Average of their adjusted means. */
  readonly mean: number;
  readonly standardError: number | null;
}

/** A line against the reference. */
export interface CheckComparison {
  /** Adjusted mean minus reference mean. */
  readonly difference: number;
  readonly standardError: number | null;
  /** 95 % confidence interval of the difference. */
  readonly interval: readonly [number, number] | null;
  /** That the line is better than the reference by more than the rule's advantage; `null` without standard errors. */
  readonly probability: number | null;
}

/** The checks that the rule compares with: all that have a mean, or the best of them. `null` when no check has a mean. */
export function checkReference(
  estimates: TraitEstimates,
  rule: { readonly comparison: BreedingRule['comparison']; readonly direction: 'higher' | 'lower' },
): CheckReference | null {
  let checkIndices = estimates.lines.flatMap((line, lineIndex) =>
    line.isCheck && line.mean !== null ? lineIndex : [],
  );
  if (checkIndices.length === 0) return null;
  const meanOf = (lineIndex: number): number => estimates.lines[lineIndex]!.mean!;
  if (rule.comparison === 'best check') {
    const sign = rule.direction === 'higher' ? 1 : -1;
    const best = checkIndices.reduce((a, b) => (sign * meanOf(b) > sign * meanOf(a) ? b : a));
    checkIndices = [best];
  }
  const mean = checkIndices.reduce((sum, lineIndex) => sum + meanOf(lineIndex), 0) / checkIndices.length;
  const variance = averageCovariance(estimates, checkIndices, checkIndices);
  return { checkIndices, mean, standardError: Number.isNaN(variance) ? null : Math.sqrt(Math.max(0, variance)) };
}

/**
 * Compares one line with the checks. With residual degrees of freedom `df`,
 *   t = (direction * (line - factor * reference) - advantage) / standard error,  probability = P(T_df <= t),
 * where a percentage makes `factor` 1 + percent/100 (1 - percent/100 when lower is better) and an absolute advantage
 * leaves it 1. This is one minus the p-value of the one-sided test, and the posterior probability under a flat prior.
 * @source Box and Tiao, Bayesian Inference in Statistical Analysis (1973), section 2.7.
 */
export function compareWithChecks(
  estimates: TraitEstimates,
  lineIndex: number,
  reference: CheckReference,
  rule: {
    readonly direction: 'higher' | 'lower';
    readonly minimumAdvantage: BreedingRule['minimum_advantage'];
  },
): CheckComparison {
  const line = estimates.lines[lineIndex]!;
  invariant(line.mean !== null, 'Only a line with a mean can be compared.', { germplasm: line.germplasm });
  const sign = rule.direction === 'higher' ? 1 : -1;
  const isPercent = rule.minimumAdvantage.unit === 'percent';
  const factor = isPercent ? 1 + (sign * rule.minimumAdvantage.value) / 100 : 1;
  const advantage = isPercent ? 0 : rule.minimumAdvantage.value;
  const difference = line.mean - reference.mean;
  const standardError = contrastError(estimates, lineIndex, reference, 1);
  const factorError = contrastError(estimates, lineIndex, reference, factor);
  if (standardError === null || factorError === null) {
    return { difference, standardError: null, interval: null, probability: null };
  }
  const lead = sign * (line.mean - factor * reference.mean) - advantage;
  const half = studentTQuantile(0.975, estimates.residualDf) * standardError;
  return {
    difference,
    standardError,
    interval: [difference - half, difference + half],
    probability: factorError > 0 ? studentTCdf(lead / factorError, estimates.residualDf) : null,
  };
}

/** Standard error of line - factor * reference. */
function contrastError(
  estimates: TraitEstimates,
  lineIndex: number,
  reference: CheckReference,
  factor: number,
): number | null {
  const own = estimates.covariance(lineIndex, lineIndex);
  const cross = averageCovariance(estimates, [lineIndex], reference.checkIndices);
  const checks = averageCovariance(estimates, reference.checkIndices, reference.checkIndices);
  const variance = own - 2 * factor * cross + factor * factor * checks;
  if (Number.isNaN(variance)) return null;
  // A check against itself: the terms cancel up to rounding.
  return variance <= 1e-12 * own ? 0 : Math.sqrt(variance);
}

function averageCovariance(estimates: TraitEstimates, left: readonly number[], right: readonly number[]): number {
  let sum = 0;
  for (const a of left) for (const b of right) sum += estimates.covariance(a, b);
  return sum / (left.length * right.length);
}
