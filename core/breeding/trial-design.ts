import { invariant } from '../errors.ts';
import type { PlotObservation } from './trait-analysis.ts';

/**
 * Who grew where: lines against environments. An environment is one block, or one replicate where the trial has no
 * blocks: blocks nest in replicates, so that replicate and block effects together are one effect per block.
 */
export interface TrialDesign {
  readonly lineNames: readonly string[];
  readonly environmentCount: number;
  readonly replicateCount: number;
  /** 0 when the trial has no blocks within replicates. */
  readonly blockCount: number;
  /** Line and environment of each plot, shape [plots]. */
  readonly lineOfPlot: Int32Array;
  readonly environmentOfPlot: Int32Array;
  /** Share of each environment in an adjusted mean: replicates equal, blocks of a replicate equal. Shape [environments], sum 1. */
  readonly environmentShare: Float64Array;
}

/** @param observations Plots, either all with a replicate or none, and the same for blocks. Shape [plots]. */
export function layDesign(observations: readonly PlotObservation[]): TrialDesign {
  invariant(observations.length > 0, 'A design needs at least one plot.');
  const lineNames = [...new Set(observations.map((plot) => plot.germplasm))].sort();
  const lineIndexByName = new Map(lineNames.map((name, lineIndex) => [name, lineIndex]));
  const environmentKeys = [...new Set(observations.map(environmentKey))].sort();
  const environmentIndexByKey = new Map(environmentKeys.map((key, environmentIndex) => [key, environmentIndex]));
  const environmentCountByReplicate = new Map<string | null, number>();
  for (const key of environmentKeys) {
    const replicate = replicateOf(key);
    environmentCountByReplicate.set(replicate, (environmentCountByReplicate.get(replicate) ?? 0) + 1);
  }
  const replicateCount = environmentCountByReplicate.size;
  return {
    lineNames,
    environmentCount: environmentKeys.length,
    replicateCount,
    blockCount: observations.some((plot) => plot.block !== null) ? environmentKeys.length : 0,
    lineOfPlot: Int32Array.from(observations, (plot) => lineIndexByName.get(plot.germplasm)!),
    environmentOfPlot: Int32Array.from(observations, (plot) => environmentIndexByKey.get(environmentKey(plot))!),
    environmentShare: Float64Array.from(
      environmentKeys,
      (key) => 1 / (replicateCount * environmentCountByReplicate.get(replicateOf(key))!),
    ),
  };
}

function environmentKey(plot: PlotObservation): string {
  return JSON.stringify([plot.replicate, plot.block]);
}

function replicateOf(environmentKey: string): string | null {
  return (JSON.parse(environmentKey) as [string | null, string | null])[0];
}

/** Says which plots hang together: only within one component can lines be compared. */
export interface Components {
  readonly count: number;
  /** Shape [plots], numbered by first appearance. */
  readonly componentOfPlot: Int32Array;
}

/**
 * Components of the graph whose nodes are lines and environments and whose edges are plots. The rank of the model follows
 * exactly, without a numerical tolerance: lines + environments - components.
 * @source Eccleston and Hedayat (1974), On the theory of connected designs, Annals of Statistics 2(6).
 */
export function connectedComponents(design: TrialDesign): Components {
  const lineCount = design.lineNames.length;
  const parent = Int32Array.from({ length: lineCount + design.environmentCount }, (_, node) => node);
  const rootOf = (node: number): number => {
    while (parent[node] !== node) {
      parent[node] = parent[parent[node]!]!;
      node = parent[node]!;
    }
    return node;
  };
  const plotCount = design.lineOfPlot.length;
  for (let plot = 0; plot < plotCount; plot++) {
    parent[rootOf(design.lineOfPlot[plot]!)] = rootOf(lineCount + design.environmentOfPlot[plot]!);
  }
  const componentOfRoot = new Map<number, number>();
  const componentOfPlot = new Int32Array(plotCount);
  for (let plot = 0; plot < plotCount; plot++) {
    const root = rootOf(design.lineOfPlot[plot]!);
    const component = componentOfRoot.get(root) ?? componentOfRoot.size;
    componentOfRoot.set(root, component);
    componentOfPlot[plot] = component;
  }
  return { count: componentOfRoot.size, componentOfPlot };
}
