import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { adjustedMeans } from '#core/breeding/adjusted-means.ts';
import { checkReference, compareWithChecks } from '#core/breeding/check-comparison.ts';
import type { PlotObservation } from '#core/breeding/trait-analysis.ts';
import { readTable } from '../../fixtures/breeding/read-csv.ts';

const fixtures = new URL('../../fixtures/breeding/', import.meta.url);
const folder = join(process.env['CUBELAKE_SHARED'] ?? '../shared', 'data/agridat');
const trials = readTable(new URL('real-trials.csv', fixtures));
const expectedRows = readTable(new URL('real-trials.expected.csv', fixtures));

function observationsOf(trial: Record<string, string>, checks: ReadonlySet<string>): PlotObservation[] {
  const label = (row: Record<string, string>, columns: string): string | null =>
    columns === ''
      ? null
      : columns
          .split(' ')
          .map((name) => row[name])
          .join('/');
  return readTable(join(folder, `${trial['trial']}.txt`), '\t')
    .filter((row) => row['gen'] !== 'NA' && row[trial['value']!] !== 'NA')
    .map((row, position) => ({
      plotId: `p${position}`,
      germplasm: row['gen']!,
      isCheck: checks.has(row['gen']!),
      replicate: label(row, trial['rep']!),
      block: label(row, trial['block']!),
      value: Number(row[trial['value']!]),
    }));
}

/** Same to nine digits of the trial's residual. */
function expectNear(got: number | null, wanted: string | undefined, scale: number, what: string): void {
  expect(Math.abs(got! - Number(wanted)), what).toBeLessThan(1e-9 * Math.max(scale, Math.abs(Number(wanted))));
}

if (!existsSync(folder)) {
  it(`did not compare real trials with R: ${folder} is absent`, () => {
    console.warn(`Real trials were not compared with R: ${folder} is absent.`);
    expect(existsSync(folder)).toBe(false);
  });
} else {
  describe('adjusted means of real trials against R (lm and emmeans)', () => {
    for (const trial of trials) {
      const expected = expectedRows.filter((row) => row['trial'] === trial['trial']);
      it(`are those of R in ${trial['trial']}: ${expected.length} lines`, () => {
        const checks = new Set(expected.filter((row) => row['is_check'] === '1').map((row) => row['gen']!));
        const estimates = adjustedMeans.analyse(observationsOf(trial, checks));
        const reference = checkReference(estimates, { comparison: 'check mean', direction: 'higher' })!;
        const scale = Number(expected[0]!['residual_sd']);
        expect(estimates.residualDf).toBe(Number(expected[0]!['df']));
        expectNear(estimates.residualSd, expected[0]!['residual_sd'], scale, 'residual');
        expect(estimates.lines.map((line) => line.germplasm)).toEqual(expected.map((row) => row['gen']));
        for (const [lineIndex, row] of expected.entries()) {
          const line = estimates.lines[lineIndex]!;
          const rule = { direction: 'higher', minimumAdvantage: { value: 0, unit: 'absolute' } } as const;
          const comparison = compareWithChecks(estimates, lineIndex, reference, rule);
          expectNear(line.mean, row['mean'], scale, `mean of ${row['gen']}`);
          expectNear(line.standardError, row['se'], scale, `standard error of ${row['gen']}`);
          expectNear(comparison.difference, row['difference'], scale, `difference of ${row['gen']}`);
          expectNear(comparison.standardError, row['difference_se'], scale, `its standard error, ${row['gen']}`);
        }
      });
    }
  });
}
