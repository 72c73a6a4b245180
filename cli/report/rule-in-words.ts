import type { ModelFacts, TrialRecommendation } from '#core/breeding/trial-recommendation.ts';
import type { BreedingRule, RuleTrait } from '#schemas/breeding-rule.ts';

/** The rule as sentences, without the free text of its description. */
export function ruleInWords(rule: BreedingRule): string[] {
  const isIndex = rule.traits.length > 1;
  const side = isIndex || rule.traits[0]!.direction === 'higher' ? 'higher' : 'lower';
  const { value, unit } = rule.minimum_advantage;
  const amount = unit === 'percent' ? `${value} %` : isIndex ? `${value} standard deviations` : `${value}`;
  const advantage = value === 0 ? '' : ` by more than ${amount}`;
  const yardstick = rule.comparison === 'best check' ? 'the best check' : 'the mean of the checks';
  const weightSum = rule.traits.reduce((sum, trait) => sum + trait.weight, 0);
  const traits = rule.traits.map((trait) => traitInWords(trait, isIndex ? trait.weight / weightSum : null));
  const sentences = [
    isIndex ? `Judged by an index of standardised adjusted means: ${traits.join('; ')}.` : `Judged by ${traits[0]}.`,
    `A line advances when the probability that it is ${side} than ${yardstick}${advantage} is at least ${rule.minimum_probability}.`,
    `It needs at least ${rule.minimum_replicate_count} usable ${rule.minimum_replicate_count === 1 ? 'plot' : 'plots'}.`,
  ];
  if (rule.maximum_share_advanced !== undefined) {
    sentences.push(`At most ${percent(rule.maximum_share_advanced)} of the lines advance, best first.`);
  }
  if (rule.traits.some((trait) => trait.source === 'spectral_index')) {
    sentences.push(
      `A plot has a spectral value where at least ${percent(rule.minimum_valid_fraction)} of its pixels are valid; a flight counts where at least ${percent(rule.minimum_flight_coverage)} of the plots have one.`,
    );
  }
  return sentences;
}

function traitInWords(trait: RuleTrait, share: number | null): string {
  const name = share === null ? trait.name : `${percent(share)} ${trait.name}`;
  const better = trait.direction === 'higher' ? 'more is better' : 'less is better';
  if (trait.source === 'yield') return `${name} (measured, ${better})`;
  const statistic = { mean: 'mean over dates', max: 'largest over dates', last_date: 'last date' }[trait.statistic];
  const sensor = trait.sensor_id === undefined ? '' : `, sensor ${trait.sensor_id}`;
  return `${name} (spectral index, ${statistic}${sensor}, ${better})`;
}

/** The model and what it rests on, as one sentence or two. */
export function modelInWords(model: ModelFacts | null): string {
  if (model === null) return 'No plot of the trial is usable, so that nothing was estimated.';
  const blocks = model.blockCount > 0 ? `, ${model.blockCount} blocks` : '';
  const replicates = `${model.replicateCount} ${model.replicateCount === 1 ? 'replicate' : 'replicates'}`;
  const basis = `Adjusted means by least squares (${model.model}) from ${model.plotCount} plots in ${replicates}${blocks}`;
  if (model.residualSd === null) return `${basis}. No standard errors: ${model.uncertaintyReason}.`;
  return `${basis}; residual standard deviation ${Number(model.residualSd.toPrecision(3))} on ${model.residualDf} degrees of freedom. Probabilities are Student's t on the difference from the checks.`;
}

/** Unit of the deciding trait, for axes and heads. */
export function unitInWords(recommendation: Pick<TrialRecommendation, 'trait'>): string {
  return recommendation.trait.isIndex ? 'standard deviations' : recommendation.trait.label;
}

export interface DecisionCounts {
  readonly advance: number;
  readonly discard: number;
  /** Discarded for lack of data, part of `discard`. */
  readonly insufficient: number;
}

export function countDecisions({ rows }: Pick<TrialRecommendation, 'rows'>): DecisionCounts {
  const advance = rows.filter((row) => row.decision === 'Advance').length;
  const insufficient = rows.filter((row) => row.reason.startsWith('Insufficient data')).length;
  return { advance, discard: rows.length - advance, insufficient };
}

/** Difference from the reference that the rule asks for, in the trait's unit and with its sign; `null` without a reference. */
export function askedDifference({ rule, trait, reference }: TrialRecommendation): number | null {
  if (reference === null) return null;
  const { value, unit } = rule.minimum_advantage;
  return (trait.direction === 'higher' ? 1 : -1) * (unit === 'percent' ? (value / 100) * reference.mean : value);
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(6))} %`;
}
