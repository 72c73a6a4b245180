import type { BreedingRule } from '#schemas/breeding-rule.ts';
import type { CheckComparison, CheckReference } from './check-comparison.ts';
import type { SelectionIndex } from './selection-index.ts';
import type { LineEstimate } from './trait-analysis.ts';

interface Judgement {
  readonly index: SelectionIndex;
  readonly rule: BreedingRule;
  readonly reference: CheckReference;
  readonly estimate: LineEstimate;
  readonly comparison: CheckComparison;
}

export function discardedForData(lack: string): string {
  return `Insufficient data: ${lack}.`;
}

export function passReason(judgement: Judgement): string {
  const { probability } = judgement.comparison;
  const [got, asked] = distinctDecimals(probability!, judgement.rule.minimum_probability);
  return `${claim(judgement)} with probability ${got} (at least ${asked} asked): ${figures(judgement)}.`;
}

export function failReason(judgement: Judgement): string {
  const { probability } = judgement.comparison;
  const [got, asked] = distinctDecimals(probability!, judgement.rule.minimum_probability);
  return `${claim(judgement)} only with probability ${got} (at least ${asked} asked): ${figures(judgement)}.`;
}

export function shareReason(rule: BreedingRule, placeCount: number, lineCount: number): string {
  const percent = Number((100 * rule.maximum_share_advanced!).toPrecision(6));
  if (placeCount === 0) {
    return `Better than the checks as the rule asks, but at most ${percent} % of ${lineCount} lines advance, which is none.`;
  }
  const places = placeCount === 1 ? '1 line' : `${placeCount} lines`;
  return `Better than the checks as the rule asks, but at most ${percent} % of ${lineCount} lines advance (${places}), and better ones take these places.`;
}

/** `Higher than the mean of the checks by more than 0.3` */
function claim({ index, rule }: Judgement): string {
  const side = index.direction === 'higher' ? 'Higher' : 'Lower';
  const yardstick = rule.comparison === 'best check' ? 'the best check' : 'the mean of the checks';
  const { value, unit } = rule.minimum_advantage;
  if (value === 0) return `${side} than ${yardstick}`;
  return `${side} than ${yardstick} by more than ${value}${unit === 'percent' ? ' %' : ''}`;
}

/** `7.42 against 6.51, difference +0.91, SE 0.18` */
function figures({ index, reference, estimate, comparison }: Judgement): string {
  const decimals = decimalsOf(comparison.standardError ?? index.estimates.residualSd);
  const difference = comparison.difference.toFixed(decimals);
  const signed = comparison.difference < 0 ? difference : `+${difference}`;
  return `${estimate.mean!.toFixed(decimals)} against ${reference.mean.toFixed(decimals)}, difference ${signed}, SE ${comparison.standardError!.toFixed(decimals)}`;
}

/** Decimals that show two significant digits of a standard error; 2 when there is none. */
export function decimalsOf(standardError: number | null): number {
  if (standardError === null || !(standardError > 0)) return 2;
  return Math.min(8, Math.max(0, 1 - Math.floor(Math.log10(standardError))));
}

/**
 * A probability and its bound with as many decimals (two or more) as it takes to see which is larger, rounded toward the
 * truth: 0.8996 beside 0.90 must not read "0.90".
 */
export function distinctDecimals(probability: number, bound: number): [string, string] {
  const boundText = String(bound).length > 4 ? String(bound) : bound.toFixed(2);
  for (let decimals = Math.max(2, boundText.length - 2); decimals <= 12; decimals++) {
    const text = probability.toFixed(decimals);
    if (probability !== bound && Number(text) === bound) continue;
    if (Number(text) === 1) return [`above 0.${'9'.repeat(decimals)}`, boundText];
    if (Number(text) === 0) return [`below 0.${'0'.repeat(decimals - 1)}1`, boundText];
    return [text, boundText];
  }
  return [String(probability), boundText];
}
