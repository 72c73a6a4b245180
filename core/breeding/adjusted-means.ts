import { ConfigurationError } from '../errors.ts';
import { trialBlockCountMax } from '../limits.ts';
import { solveEnvironments } from './environment-equations.ts';
import type { LineEstimate, PlotObservation, TraitAnalysis, TraitEstimates } from './trait-analysis.ts';
import { connectedComponents, layDesign } from './trial-design.ts';

/** A residual sum of squares below this share of the values' own squares is rounding, not variance. */
const roundingShare = 1e-24;

/**
 * Adjusted entry means (best linear unbiased estimates) by ordinary least squares with fixed effects:
 *   value = line + replicate + block within replicate + residual
 * on any unbalanced data. A mean is the line's effect plus the average of the environments, replicates weighing equally
 * and blocks equally within their replicate.
 *
 * Plots that do not hang together with the checks through shared blocks are left out of the model and their lines have no
 * mean. Without residual degrees of freedom there are means but no standard errors.
 *
 * @throws ConfigurationError for more blocks than core/limits.ts allows. Disposition: stop.
 * @source Searle, Casella and McCulloch, Variance Components (1992), sections 4.8 and 4.9; John and Williams, Cyclic and
 *   Computer Generated Designs (1995), section 1.5 (blocks eliminated against treatments).
 */
export const adjustedMeans: TraitAnalysis = { method: 'adjusted-means', analyse };

function analyse(observations: readonly PlotObservation[]): TraitEstimates {
  const inModel = mainComponent(observations);
  const used = inModel.observations;
  const design = layDesign(used);
  if (design.environmentCount > trialBlockCountMax) {
    throw new ConfigurationError(
      `Expected at most ${trialBlockCountMax} blocks in a trial, got ${design.environmentCount}. Give coarser blocks, or analyse the locations apart.`,
      { blockCount: design.environmentCount },
    );
  }
  const value = Float64Array.from(used, (plot) => plot.value);
  const fit = solveEnvironments(design, value);
  const residualDf = used.length - design.lineNames.length - design.environmentCount + 1;
  const uncertaintyReason = whyNoVariance({ residualDf, residualSquares: fit.residualSquares, value });
  const variance = uncertaintyReason === null ? fit.residualSquares / residualDf : Number.NaN;
  const checks = new Set(observations.filter((plot) => plot.isCheck).map((plot) => plot.germplasm));
  const modelIndexByName = new Map(design.lineNames.map((name, modelIndex) => [name, modelIndex]));
  const names = [...new Set(observations.map((plot) => plot.germplasm))].sort();
  const modelIndex = names.map((name) => modelIndexByName.get(name) ?? -1);
  const lines = names.map((germplasm, lineIndex): LineEstimate => {
    const at = modelIndex[lineIndex]!;
    const isCheck = checks.has(germplasm);
    if (at < 0) {
      const plotCount = observations.filter((plot) => plot.germplasm === germplasm).length;
      return { germplasm, isCheck, mean: null, standardError: null, plotCount, missingReason: inModel.apartReason };
    }
    const standardError = uncertaintyReason === null ? Math.sqrt(variance * fit.relativeCovariance(at, at)) : null;
    return {
      germplasm,
      isCheck,
      mean: fit.mean[at]!,
      standardError,
      plotCount: fit.plotCount[at]!,
      missingReason: null,
    };
  });
  return {
    method: 'adjusted-means',
    model: modelInWords(design.replicateCount, design.blockCount),
    lines,
    plotCount: used.length,
    replicateCount: design.replicateCount,
    blockCount: design.blockCount,
    residualDf,
    residualSd: uncertaintyReason === null ? Math.sqrt(variance) : null,
    uncertaintyReason,
    covariance(lineIndex, otherIndex) {
      const a = modelIndex[lineIndex]!;
      const b = modelIndex[otherIndex]!;
      return a < 0 || b < 0 ? Number.NaN : variance * fit.relativeCovariance(a, b);
    },
  };
}

/** The connected part of the trial that holds most check plots, then most plots: the only part that one model can compare. */
function mainComponent(observations: readonly PlotObservation[]): {
  readonly observations: readonly PlotObservation[];
  readonly apartReason: string;
} {
  const components = connectedComponents(layDesign(observations));
  const plotCount = new Int32Array(components.count);
  const checkPlotCount = new Int32Array(components.count);
  for (const [plotIndex, component] of components.componentOfPlot.entries()) {
    plotCount[component] = plotCount[component]! + 1;
    if (observations[plotIndex]!.isCheck) checkPlotCount[component] = checkPlotCount[component]! + 1;
  }
  let main = 0;
  for (let component = 1; component < components.count; component++) {
    const moreChecks = checkPlotCount[component]! - checkPlotCount[main]!;
    if (moreChecks > 0 || (moreChecks === 0 && plotCount[component]! > plotCount[main]!)) main = component;
  }
  return {
    observations: observations.filter((_, plotIndex) => components.componentOfPlot[plotIndex] === main),
    apartReason:
      checkPlotCount[main]! > 0
        ? 'none of its blocks is joined with the checks through shared lines'
        : 'none of its blocks is joined with the largest part of the trial through shared lines',
  };
}

function whyNoVariance(fit: {
  readonly residualDf: number;
  readonly residualSquares: number;
  readonly value: Float64Array;
}): string | null {
  if (fit.residualDf < 1) {
    return 'the plots leave no degrees of freedom for the residual: no line is replicated beyond what the model uses';
  }
  let squares = 0;
  for (const value of fit.value) squares += value * value;
  if (fit.residualSquares <= roundingShare * squares) {
    return 'the residuals are zero to rounding: the values carry no plot-to-plot variation';
  }
  return null;
}

function modelInWords(replicateCount: number, blockCount: number): string {
  const terms = ['germplasm'];
  if (replicateCount > 1) terms.push('replicate');
  if (blockCount > 0) terms.push(replicateCount > 1 ? 'block within replicate' : 'block');
  return terms.join(' + ');
}
