import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adjustedMeans } from '#core/breeding/adjusted-means.ts';
import { checkReference, compareWithChecks } from '#core/breeding/check-comparison.ts';
import type { PlotObservation } from '#core/breeding/trait-analysis.ts';
import { readTable } from '../../fixtures/breeding/read-csv.ts';

const fixtures = new URL('../../fixtures/breeding/', import.meta.url);
const plotRows = readTable(new URL('small-trials.csv', fixtures));
const expectedRows = readTable(new URL('small-trials.expected.csv', fixtures));

function observationsOf(trial: string): PlotObservation[] {
  return plotRows
    .filter((row) => row['trial'] === trial)
    .map((row) => ({
      plotId: row['plot']!,
      germplasm: row['gen']!,
      isCheck: row['is_check'] === '1',
      replicate: row['rep'] === '' ? null : row['rep']!,
      block: row['block'] === '' ? null : row['block']!,
      value: Number(row['value']),
    }));
}

const rule = { direction: 'higher', minimumAdvantage: { value: 0, unit: 'absolute' } } as const;

/** Plots written as [germplasm, replicate, value]; names beginning with C are checks. */
function plots(cells: readonly (readonly [string, string | null, number])[]): PlotObservation[] {
  return cells.map(([germplasm, replicate, value], position) => ({
    plotId: `p${position}`,
    germplasm,
    isCheck: germplasm.startsWith('C'),
    replicate,
    block: null,
    value,
  }));
}

describe('adjusted means against R (lm and emmeans)', () => {
  for (const trial of ['complete-blocks', 'incomplete-blocks', 'augmented']) {
    const expected = expectedRows.filter((row) => row['trial'] === trial);
    const estimates = adjustedMeans.analyse(observationsOf(trial));

    it(`gives the means and their standard errors of ${trial}`, () => {
      expect(estimates.lines.map((line) => line.germplasm)).toEqual(expected.map((row) => row['gen']));
      for (const [lineIndex, row] of expected.entries()) {
        expect(estimates.lines[lineIndex]!.mean).toBeCloseTo(Number(row['mean']), 10);
        expect(estimates.lines[lineIndex]!.standardError).toBeCloseTo(Number(row['se']), 10);
      }
    });

    it(`gives the residual of ${trial}`, () => {
      expect(estimates.residualDf).toBe(Number(expected[0]!['df']));
      expect(estimates.residualSd).toBeCloseTo(Number(expected[0]!['residual_sd']), 10);
    });

    it(`gives the differences from the checks of ${trial} with their standard errors`, () => {
      const reference = checkReference(estimates, { comparison: 'check mean', direction: 'higher' })!;
      for (const [lineIndex, row] of expected.entries()) {
        const comparison = compareWithChecks(estimates, lineIndex, reference, rule);
        expect(comparison.difference).toBeCloseTo(Number(row['difference']), 10);
        expect(comparison.standardError).toBeCloseTo(Number(row['difference_se']), 10);
      }
    });
  }
});

describe('adjusted means by hand', () => {
  it('are plain means without replicates', () => {
    const estimates = adjustedMeans.analyse(
      plots([
        ['A', null, 1],
        ['A', null, 3],
        ['C', null, 7],
      ]),
    );
    // Residual: 1 and 3 around 2, so 2 squares on 1 degree of freedom; standard errors sqrt(2/2) and sqrt(2/1).
    expect(estimates.lines.map((line) => line.mean)).toEqual([2, 7]);
    expect(estimates.lines[0]!.standardError).toBeCloseTo(1, 14);
    expect(estimates.lines[1]!.standardError).toBeCloseTo(Math.SQRT2, 14);
    expect(estimates.model).toBe('germplasm');
  });

  it('move a line that grew only on good ground to the average ground', () => {
    // Replicate 2 is 10 better, as A and C show; B grew only there: 25 - 5.
    const estimates = adjustedMeans.analyse(
      plots([
        ['A', 'r1', 10],
        ['C', 'r1', 12],
        ['A', 'r2', 20],
        ['C', 'r2', 22],
        ['B', 'r2', 25],
      ]),
    );
    expect(estimates.lines.map((line) => line.mean)).toEqual([15, 20, 17]);
  });

  it('come without standard errors, and say so, when no line is replicated', () => {
    const estimates = adjustedMeans.analyse(
      plots([
        ['A', 'r1', 1],
        ['B', 'r1', 2],
        ['C', 'r1', 3],
      ]),
    );
    expect(estimates.lines.map((line) => [line.mean, line.standardError])).toEqual([
      [1, null],
      [2, null],
      [3, null],
    ]);
    expect(estimates.residualDf).toBe(0);
    expect(estimates.uncertaintyReason).toMatch(/no degrees of freedom/);
    expect(estimates.covariance(0, 1)).toBeNaN();
  });

  it('come without standard errors when the values repeat exactly', () => {
    const estimates = adjustedMeans.analyse(
      plots([
        ['A', 'r1', 1.1],
        ['C', 'r1', 2.3],
        ['A', 'r2', 1.1],
        ['C', 'r2', 2.3],
      ]),
    );
    expect(estimates.residualSd).toBeNull();
    expect(estimates.uncertaintyReason).toMatch(/zero to rounding/);
  });

  it('leave out the part of a trial that shares no line with the part that has the checks', () => {
    const estimates = adjustedMeans.analyse(
      plots([
        ['A', 'r1', 1],
        ['C', 'r1', 2],
        ['A', 'r2', 2],
        ['C', 'r2', 5],
        ['X', 'r3', 9],
        ['Y', 'r3', 8],
        ['X', 'r4', 9],
        ['Y', 'r4', 7],
        ['Z', 'r4', 7],
        ['Z', 'r3', 7],
      ]),
    );
    expect(estimates.lines.map((line) => line.mean === null)).toEqual([false, false, true, true, true]);
    expect(estimates.lines[2]!.missingReason).toMatch(/joined with the checks/);
    expect(estimates.lines[2]!.plotCount).toBe(2);
    expect(estimates.residualDf).toBe(1);
  });

  it('refuse a trial with more blocks than a dense system can hold', () => {
    const many = Array.from({ length: 2001 }, (_, r) => ['C', `r${r}`, r % 7] as const);
    expect(() => adjustedMeans.analyse(plots(many))).toThrow(/at most 2000 blocks in a trial, got 2001/);
  });

  it('take 5000 lines in 1000 blocks', () => {
    // Value = line + block exactly, line effects 0..6 and block effects 0..9, plus a residual on one plot.
    const observations = Array.from({ length: 20_000 }, (_, at): PlotObservation => {
      const line = at % 5000;
      const replicate = Math.floor(at / 5000);
      const block = Math.floor(((line * (replicate * 2 + 1)) % 5000) / 20);
      const germplasm = String(line).padStart(4, '0');
      const value = (line % 7) + (block % 10) + (at === 0 ? 1 : 0);
      return { plotId: `${at}`, germplasm, isCheck: line === 0, replicate: `${replicate}`, block: `${block}`, value };
    });
    const estimates = adjustedMeans.analyse(observations);
    expect(estimates.blockCount).toBe(1000);
    expect(estimates.residualDf).toBe(20_000 - 5000 - 1000 + 1);
    // Mean block effect is 4.5; the residual of plot 0 hardly moves a line that shares no block with it.
    expect(estimates.lines[4999]!.mean).toBeCloseTo((4999 % 7) + 4.5, 2);
    expect(estimates.lines[0]!.mean).toBeCloseTo(0 + 4.5 + 0.25, 1);
  });
});

describe('adjusted means in general', () => {
  const trial = fc.array(
    fc.record({
      germplasm: fc.constantFrom('A', 'B', 'C', 'D', 'E'),
      replicate: fc.constantFrom('1', '2', '3'),
      value: fc.integer({ min: -1000, max: 1000 }),
    }),
    { minLength: 1, maxLength: 30 },
  );
  const observe = (cells: { germplasm: string; replicate: string; value: number }[]): PlotObservation[] =>
    plots(cells.map((cell) => [cell.germplasm, cell.replicate, cell.value]));

  it('do not depend on the order of the plots', () => {
    fc.assert(
      fc.property(trial, (cells) => {
        const forward = adjustedMeans.analyse(observe(cells));
        const backward = adjustedMeans.analyse(observe(cells).reverse());
        for (const [lineIndex, line] of forward.lines.entries()) {
          const other = backward.lines[lineIndex]!;
          expect(other.germplasm).toBe(line.germplasm);
          if (forward.uncertaintyReason === null && line.mean !== null && other.mean !== null) {
            expect(other.mean).toBeCloseTo(line.mean, 8);
          }
        }
      }),
      { seed: 7, numRuns: 200 },
    );
  });

  it('follow a shift of one replicate by its share, and differences not at all', () => {
    fc.assert(
      fc.property(trial, (cells) => {
        const before = adjustedMeans.analyse(observe(cells));
        const shifted = cells.map((cell) => ({ ...cell, value: cell.value + (cell.replicate === '1' ? 500 : 0) }));
        const after = adjustedMeans.analyse(observe(shifted));
        const first = before.lines.findIndex((line) => line.mean !== null);
        for (const [lineIndex, line] of before.lines.entries()) {
          if (line.mean === null) continue;
          const change = after.lines[lineIndex]!.mean! - line.mean;
          const firstChange = after.lines[first]!.mean! - before.lines[first]!.mean!;
          expect(change).toBeCloseTo(firstChange, 6);
        }
      }),
      { seed: 11, numRuns: 200 },
    );
  });
});
