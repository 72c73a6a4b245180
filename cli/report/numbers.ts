import { decimalsOf } from '#core/breeding/decision-reason.ts';
import type { LineSummary, TrialRecommendation } from '#core/breeding/trial-recommendation.ts';

/** Minus sign, so that columns of figures align. */
const minus = '\u2212';

export function fixed(value: number | null, decimals: number): string {
  if (value === null) return '\u2013';
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? `${minus}${text}` : text;
}

export function signed(value: number | null, decimals: number): string {
  const text = fixed(value, decimals);
  return value === null || value === 0 || text.startsWith(minus) ? text : `+${text}`;
}

/** Two decimals, and never 0 or 1: no data make certain, even where a double has no digit left to say so. */
export function probabilityText(probability: number | null): string {
  if (probability === null) return '\u2013';
  if (probability > 0.99) return '> 0.99';
  if (probability < 0.01) return '< 0.01';
  return probability.toFixed(2);
}

/** Decimals of the deciding trait, and of each trait of the rule, one number for the whole report. */
export function reportDecimals(recommendation: TrialRecommendation): { trait: number; traits: readonly number[] } {
  const errors = recommendation.lines.flatMap((line: LineSummary) => line.standardError ?? []).sort((a, b) => a - b);
  const middle = errors[Math.floor(errors.length / 2)] ?? recommendation.model?.residualSd ?? null;
  return {
    trait: decimalsOf(middle),
    traits: recommendation.traits.map((trait) => decimalsOf(trait.residualSd === null ? null : trait.residualSd / 2)),
  };
}

/** About `count` round numbers (1, 2 or 5 times a power of ten apart) inside [low, high], ascending. */
export function ticks(low: number, high: number, count: number): { values: number[]; decimals: number } {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough)!;
  const first = Math.ceil(low / step);
  const last = Math.floor(high / step);
  const values = Array.from({ length: Math.max(0, last - first + 1) }, (_, position) => (first + position) * step);
  return { values, decimals: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}
