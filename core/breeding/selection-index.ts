import type { RuleTrait } from '#schemas/breeding-rule.ts';
import type { PlotObservation, TraitAnalysis, TraitEstimates } from './trait-analysis.ts';
import type { TrialPlot } from './trial-plots.ts';

/** One trait of the rule, analysed alone. */
export interface AnalysedTrait {
  readonly name: string;
  readonly source: RuleTrait['source'];
  readonly direction: RuleTrait['direction'];
  /** Share in the index; all weights together are 1. */
  readonly weight: number;
  readonly estimates: TraitEstimates;
  /** Mean and standard deviation (n - 1) of the adjusted means over all lines, checks too: what standardising uses. */
  readonly centre: number;
  readonly scale: number;
}

/** What decides: the only trait in its own unit, or the index of several in standard deviations. */
export interface SelectionIndex {
  readonly label: string;
  readonly isIndex: boolean;
  /** `higher` for every index: its parts are turned. */
  readonly direction: 'higher' | 'lower';
  readonly traits: readonly AnalysedTrait[];
  readonly estimates: TraitEstimates;
  /** Value of each plot, ordered as `plots`. */
  readonly plotValue: Float64Array;
}

/**
 * Analyses each trait and the weighted index of all. The index is formed plot by plot,
 *   index = sum of weight * sign * (value - centre) / scale,
 * and analysed like a trait: adjusting is linear, so that its adjusted means are the weighted sum of the standardised
 * adjusted means, and its standard errors hold the correlation between the traits' residuals without any more to estimate.
 * `centre` and `scale` are taken as known.
 *
 * @param plots Plots that have a value in every trait, at least one.
 * @param valueByTrait For each trait the values of these plots, shape [traits][plots].
 * @source Smith (1936) and Hazel (1943), selection index; here with economic weights on standardised adjusted means.
 */
export function analyseIndex(
  plots: readonly TrialPlot[],
  traits: readonly RuleTrait[],
  valueByTrait: readonly Float64Array[],
  analysis: TraitAnalysis,
): SelectionIndex {
  const weightSum = traits.reduce((sum, trait) => sum + trait.weight, 0);
  const analysed = traits.map((trait, position): AnalysedTrait => {
    const estimates = analysis.analyse(observe(plots, valueByTrait[position]!));
    const { name, source, direction } = trait;
    return { name, source, direction, weight: trait.weight / weightSum, estimates, ...spreadOfMeans(estimates) };
  });
  const only = analysed[0]!;
  if (analysed.length === 1) {
    const { name: label, direction, estimates } = only;
    return { label, isIndex: false, direction, traits: analysed, estimates, plotValue: valueByTrait[0]! };
  }
  const plotValue = new Float64Array(plots.length);
  for (const [position, trait] of analysed.entries()) {
    const value = valueByTrait[position]!;
    // A trait with the same adjusted mean in every line says nothing about which is better.
    const factor = trait.scale > 0 ? ((trait.direction === 'higher' ? 1 : -1) * trait.weight) / trait.scale : 0;
    for (let plot = 0; plot < plotValue.length; plot++) plotValue[plot]! += factor * (value[plot]! - trait.centre);
  }
  return {
    label: analysed.map(termInWords).join(' ').replace(/^\+ /, ''),
    isIndex: true,
    direction: 'higher',
    traits: analysed,
    estimates: analysis.analyse(observe(plots, plotValue)),
    plotValue,
  };
}

function observe(plots: readonly TrialPlot[], value: Float64Array): PlotObservation[] {
  return plots.map((plot, position) => ({
    plotId: plot.plotId,
    germplasm: plot.germplasm,
    isCheck: plot.isCheck,
    replicate: plot.replicate,
    block: plot.block,
    value: value[position]!,
  }));
}

function spreadOfMeans(estimates: TraitEstimates): { centre: number; scale: number } {
  const means = estimates.lines.flatMap((line) => line.mean ?? []);
  const centre = means.reduce((sum, mean) => sum + mean, 0) / means.length;
  const squares = means.reduce((sum, mean) => sum + (mean - centre) ** 2, 0);
  const largest = means.reduce((most, mean) => Math.max(most, Math.abs(mean)), 0);
  const scale = means.length > 1 ? Math.sqrt(squares / (means.length - 1)) : 0;
  return { centre, scale: scale > 1e-12 * largest ? scale : 0 };
}

/** `+ 0.7 grain_yield_t_ha`, or `- 0.3 days_to_heading` where lower is better. */
function termInWords(trait: AnalysedTrait): string {
  return `${trait.direction === 'higher' ? '+' : '-'} ${Number(trait.weight.toFixed(3))} ${trait.name}`;
}
