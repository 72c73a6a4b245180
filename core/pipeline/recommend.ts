import type { BreedingRule, RuleTrait } from '#schemas/breeding-rule.ts';
import { adjustedMeans } from '../breeding/adjusted-means.ts';
import { compareWithChecks } from '../breeding/check-comparison.ts';
import { decide, type LineDecision, type TrialDecision } from '../breeding/decision.ts';
import { type PlotValues, spectralPlotValues, yieldPlotValues } from '../breeding/plot-values.ts';
import { analyseIndex, type SelectionIndex } from '../breeding/selection-index.ts';
import type { TraitAnalysis } from '../breeding/trait-analysis.ts';
import { type ExcludedPlot, selectTrialPlots, type TrialPlot, type TrialPlots } from '../breeding/trial-plots.ts';
import type { LineSummary, ModelFacts, TraitFacts, TrialRecommendation } from '../breeding/trial-recommendation.ts';
import type { PlotIndexRow, PlotRow, RecommendationRow, YieldRow } from '../breeding/trial-rows.ts';
import { contentHash } from './content-hash.ts';

export interface RecommendInput {
  readonly farmId: string;
  readonly trialId: string;
  /** Rows of other farms, trials, indices and traits may be among them. */
  readonly plotIndexRows: readonly PlotIndexRow[];
  readonly yieldRows: readonly YieldRow[];
  readonly plotRows: readonly PlotRow[];
  readonly rule: BreedingRule;
  /** Table -> snapshot id that the rows were read from. */
  readonly snapshots: Readonly<Record<string, string>>;
  /** Season of the yields; needed when ref.yields has several for the trial. */
  readonly season?: string;
  readonly analysis?: TraitAnalysis;
}

/**
 * Advance or Discard for every line of a trial, from plot values to rows of gold.recommendation. The same rows, rule and
 * snapshots give the same answer, in whatever order the rows come.
 *
 * @throws NotFoundError for a trial without plots, FormatError for plots described twice (disposition: quarantine);
 *   ConfigurationError for yields of several seasons or too many blocks (disposition: stop).
 */
export function recommend(input: RecommendInput): TrialRecommendation {
  const { rule, farmId, trialId } = input;
  const trial = selectTrialPlots(input.plotRows, { farmId, trialId });
  const values = rule.traits.map((trait) => plotValuesOf(trait, input, trial));
  const hasAllTraits = (plot: TrialPlot): boolean => values.every((trait) => trait.byPlot.has(plot.plotId));
  const usable = trial.plots.filter(hasAllTraits);
  const unusable = trial.plots
    .filter((plot) => !hasAllTraits(plot))
    .map(({ plotId, germplasm }): ExcludedPlot => {
      const reasons = values.flatMap((trait) => trait.missing.get(plotId) ?? []);
      return { plotId, germplasm, reason: reasons.join('; ') };
    });
  const excludedPlots = [...trial.excluded, ...unusable].sort((a, b) => (a.plotId < b.plotId ? -1 : 1));
  const index = usable.length === 0 ? null : indexOf(usable, values, input);
  const decision = decide(index, trial.entryNames, reasonsByLine(excludedPlots), rule);
  const recommendationId = idOf(input);
  const label = index?.label ?? rule.traits.map((trait) => trait.name).join(' + ');
  const lines = decision.lines.map((line) => ({
    ...summarise(line.germplasm, index, decision, rule),
    row: rowOf(line, { input, label, recommendationId, checkMean: decision.reference?.mean ?? null }),
  }));
  const valueByPlot = new Map(usable.map((plot, position) => [plot.plotId, index!.plotValue[position]!]));
  return {
    recommendationId,
    farmId,
    trialId,
    rule,
    snapshots: input.snapshots,
    trait: { label, isIndex: rule.traits.length > 1, direction: directionOf(rule) },
    traits: traitFacts(index),
    model: modelFacts(index),
    reference: decision.reference && {
      germplasm: decision.reference.checkIndices.map((lineIndex) => index!.estimates.lines[lineIndex]!.germplasm),
      mean: decision.reference.mean,
      standardError: decision.reference.standardError,
    },
    checks: trial.checkNames.map((germplasm) => summarise(germplasm, index, decision, rule)),
    lines,
    rows: lines.map((line) => line.row),
    flights: values.flatMap((trait) => trait.flights),
    plots: trial.plots.map((plot) => ({ ...plot, value: valueByPlot.get(plot.plotId) ?? null })),
    excludedPlots,
    notes: trial.notes,
  };
}

function plotValuesOf(trait: RuleTrait, input: RecommendInput, trial: TrialPlots): PlotValues {
  if (trait.source === 'yield') {
    const rows = input.yieldRows.filter((row) => row.farm_id === input.farmId);
    return yieldPlotValues(rows, trial, trait, input.season ?? null);
  }
  const rows = input.plotIndexRows.filter((row) => row.farm_id === input.farmId && row.trial_id === input.trialId);
  return spectralPlotValues(rows, trial.plots, trait, input.rule);
}

function indexOf(usable: readonly TrialPlot[], values: readonly PlotValues[], input: RecommendInput): SelectionIndex {
  const valueByTrait = values.map((trait) => Float64Array.from(usable, (plot) => trait.byPlot.get(plot.plotId)!));
  return analyseIndex(usable, input.rule.traits, valueByTrait, input.analysis ?? adjustedMeans);
}

/** An index is turned so that more is better; a single trait keeps its own direction. */
function directionOf(rule: BreedingRule): 'higher' | 'lower' {
  return rule.traits.length > 1 ? 'higher' : rule.traits[0]!.direction;
}

function reasonsByLine(excluded: readonly ExcludedPlot[]): Map<string, string> {
  const reasons = new Map<string, string>();
  for (const [germplasm, plots] of Map.groupBy(excluded, (plot) => plot.germplasm)) {
    if (germplasm === null) continue;
    const first = plots[0]!;
    const which = plots.length === 1 ? 'its only plot has no value' : `none of its ${plots.length} plots has a value`;
    reasons.set(germplasm, `${which} (${first.plotId}: ${first.reason})`);
  }
  return reasons;
}

function summarise(
  germplasm: string,
  index: SelectionIndex | null,
  decision: TrialDecision,
  rule: BreedingRule,
): LineSummary {
  const lineIndex = index?.estimates.lines.findIndex((line) => line.germplasm === germplasm) ?? -1;
  const estimate = index?.estimates.lines[lineIndex];
  const terms = { direction: index?.direction ?? 'higher', minimumAdvantage: rule.minimum_advantage };
  const comparison =
    index === null || estimate === undefined || estimate.mean === null || decision.reference === null
      ? null
      : compareWithChecks(index.estimates, lineIndex, decision.reference, terms);
  return {
    germplasm,
    adjustedMean: estimate?.mean ?? null,
    standardError: estimate?.standardError ?? null,
    difference: comparison?.difference ?? null,
    differenceStandardError: comparison?.standardError ?? null,
    differenceInterval: comparison?.interval ?? null,
    plotCount: estimate?.plotCount ?? 0,
    traitMeans: rule.traits.map((_, position) => index?.traits[position]?.estimates.lines[lineIndex]?.mean ?? null),
  };
}

function rowOf(
  line: LineDecision,
  context: { input: RecommendInput; label: string; recommendationId: string; checkMean: number | null },
): RecommendationRow {
  const { input } = context;
  return {
    farm_id: input.farmId,
    trial_id: input.trialId,
    germplasm: line.germplasm,
    decision: line.decision,
    probability: line.comparison?.probability ?? null,
    rank: line.rank,
    trait: context.label,
    adjusted_mean: line.estimate?.mean ?? null,
    standard_error: line.estimate?.standardError ?? null,
    check_mean: context.checkMean,
    difference: line.comparison?.difference ?? null,
    replicate_count: line.estimate?.plotCount ?? 0,
    rule_id: input.rule.rule_id,
    rule_version: input.rule.version,
    reason: line.reason,
    snapshots: JSON.stringify(Object.fromEntries(Object.entries(input.snapshots).sort(([a], [b]) => (a < b ? -1 : 1)))),
    recommendation_id: context.recommendationId,
  };
}

function traitFacts(index: SelectionIndex | null): TraitFacts[] {
  return (index?.traits ?? []).map(({ estimates, name, source, direction, weight, centre, scale }) => ({
    name,
    source,
    direction,
    weight,
    centre,
    scale,
    residualSd: estimates.residualSd,
  }));
}

function modelFacts(index: SelectionIndex | null): ModelFacts | null {
  if (index === null) return null;
  const { method, model, plotCount, replicateCount, blockCount, residualDf, residualSd, uncertaintyReason } =
    index.estimates;
  return { method, model, plotCount, replicateCount, blockCount, residualDf, residualSd, uncertaintyReason };
}

/** SHA-256 of the rule, the trial and the snapshots, 32 hex digits: the same question asked again has the same id. */
function idOf(input: RecommendInput): string {
  const { farmId, trialId, rule, snapshots } = input;
  const method = (input.analysis ?? adjustedMeans).method;
  const question = { farmId, trialId, rule, snapshots, season: input.season ?? null, method };
  return contentHash(question);
}
