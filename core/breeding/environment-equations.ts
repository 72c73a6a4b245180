import { inverseOfPositiveDefinite } from './symmetric-inverse.ts';
import type { TrialDesign } from './trial-design.ts';

export interface EnvironmentFit {
  /** Adjusted mean of each line, shape [lines]. */
  readonly mean: Float64Array;
  /** Plots of each line, shape [lines]. */
  readonly plotCount: Int32Array;
  readonly residualSquares: number;
  /** Covariance of two adjusted means in units of the residual variance. */
  relativeCovariance(lineIndex: number, otherIndex: number): number;
}

/**
 * Least squares of value = line + environment for a connected design. Lines are eliminated first (their block of the normal
 * equations is diagonal), so that a dense system of environments only remains; its first environment is fixed at 0.
 *
 * @param value Shape [plots], finite.
 */
export function solveEnvironments(design: TrialDesign, value: Float64Array): EnvironmentFit {
  const incidence = incidenceByLine(design);
  const lineMean = meansByLine(design, value, incidence.plotCount);
  const environmentCount = design.environmentCount;
  const inverse = environmentInverse(design, incidence);
  const right = new Float64Array(environmentCount);
  for (let plot = 0; plot < value.length; plot++) {
    right[design.environmentOfPlot[plot]!]! += value[plot]! - lineMean[design.lineOfPlot[plot]!]!;
  }
  const effect = multiply(inverse, right);
  const share = design.environmentShare;
  const average = dot(share, effect);
  const mean = new Float64Array(lineMean.length);
  for (let line = 0; line < mean.length; line++) {
    mean[line] = lineMean[line]! - averageOverPlots(incidence, line, effect) + average;
  }
  let residualSquares = 0;
  for (let plot = 0; plot < value.length; plot++) {
    const fitted = mean[design.lineOfPlot[plot]!]! - average + effect[design.environmentOfPlot[plot]!]!;
    residualSquares += (value[plot]! - fitted) ** 2;
  }
  const inverseShare = multiply(inverse, share);
  const shareSquare = dot(share, inverseShare);
  return {
    mean,
    plotCount: incidence.plotCount,
    residualSquares,
    relativeCovariance(line, other) {
      const own = line === other ? 1 / incidence.plotCount[line]! : 0;
      const cross = averageOverPlots(incidence, line, inverseShare) + averageOverPlots(incidence, other, inverseShare);
      return own + shareSquare - cross + averageOverPairs(incidence, line, other, inverse);
    },
  };
}

/** Plots of each line grouped: those of line L are `environment[start[L]] .. environment[start[L + 1] - 1]`. */
interface Incidence {
  readonly start: Int32Array;
  readonly environment: Int32Array;
  readonly plotCount: Int32Array;
}

function incidenceByLine(design: TrialDesign): Incidence {
  const lineCount = design.lineNames.length;
  const plotCount = new Int32Array(lineCount);
  for (const line of design.lineOfPlot) plotCount[line]! += 1;
  const start = new Int32Array(lineCount + 1);
  for (let line = 0; line < lineCount; line++) start[line + 1] = start[line]! + plotCount[line]!;
  const next = start.slice();
  const environment = new Int32Array(design.lineOfPlot.length);
  for (let plot = 0; plot < environment.length; plot++) {
    const line = design.lineOfPlot[plot]!;
    environment[next[line]!] = design.environmentOfPlot[plot]!;
    next[line]! += 1;
  }
  return { start, environment, plotCount };
}

function meansByLine(design: TrialDesign, value: Float64Array, plotCount: Int32Array): Float64Array {
  const mean = new Float64Array(plotCount.length);
  for (let plot = 0; plot < value.length; plot++) mean[design.lineOfPlot[plot]!]! += value[plot]!;
  for (let line = 0; line < mean.length; line++) mean[line]! /= plotCount[line]!;
  return mean;
}

/** A generalised inverse of the environments' equations, shape [environments, environments]; row and column 0 are zero. */
function environmentInverse(design: TrialDesign, incidence: Incidence): Float64Array {
  const size = design.environmentCount - 1;
  const reduced = new Float64Array(size * size);
  for (const environment of design.environmentOfPlot) {
    if (environment > 0) reduced[(environment - 1) * (size + 1)]! += 1;
  }
  for (let line = 0; line < incidence.plotCount.length; line++) {
    const end = incidence.start[line + 1]!;
    const share = 1 / incidence.plotCount[line]!;
    for (let at = incidence.start[line]!; at < end; at++) {
      const row = incidence.environment[at]! - 1;
      if (row < 0) continue;
      for (let other = incidence.start[line]!; other < end; other++) {
        const column = incidence.environment[other]! - 1;
        if (column >= 0) reduced[row * size + column]! -= share;
      }
    }
  }
  const reducedInverse = inverseOfPositiveDefinite(reduced, size);
  const inverse = new Float64Array((size + 1) * (size + 1));
  for (let row = 0; row < size; row++) {
    inverse.set(reducedInverse.subarray(row * size, (row + 1) * size), (row + 1) * (size + 1) + 1);
  }
  return inverse;
}

function averageOverPlots(incidence: Incidence, line: number, values: Float64Array): number {
  let sum = 0;
  for (let at = incidence.start[line]!; at < incidence.start[line + 1]!; at++)
    sum += values[incidence.environment[at]!]!;
  return sum / incidence.plotCount[line]!;
}

function averageOverPairs(incidence: Incidence, line: number, other: number, matrix: Float64Array): number {
  const size = Math.sqrt(matrix.length);
  let sum = 0;
  for (let at = incidence.start[line]!; at < incidence.start[line + 1]!; at++) {
    const rowStart = incidence.environment[at]! * size;
    for (let to = incidence.start[other]!; to < incidence.start[other + 1]!; to++) {
      sum += matrix[rowStart + incidence.environment[to]!]!;
    }
  }
  return sum / (incidence.plotCount[line]! * incidence.plotCount[other]!);
}

function multiply(matrix: Float64Array, vector: Float64Array): Float64Array {
  const size = vector.length;
  const product = new Float64Array(size);
  for (let row = 0; row < size; row++) {
    let sum = 0;
    for (let column = 0; column < size; column++) sum += matrix[row * size + column]! * vector[column]!;
    product[row] = sum;
  }
  return product;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!;
  return sum;
}
