import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultBreedingRule } from '#core/breeding/parse-rule.ts';
import type { PlotIndexRow, PlotRow, YieldRow } from '#core/breeding/trial-rows.ts';
import { type RecommendInput, recommend } from '#core/pipeline/recommend.ts';
import { breedingRuleSchema } from '#schemas/breeding-rule.ts';
import { goldRecommendation } from '#schemas/tables.ts';
import { readTable } from '../../fixtures/breeding/read-csv.ts';

const fixtures = new URL('../../fixtures/breeding/', import.meta.url);
const table = readTable(new URL('recommend.csv', fixtures));
const expected = readTable(new URL('recommend.expected.csv', fixtures));
const ofTrial = { farm_id: 'f1', trial_id: 't1' } as const;

const plotRows: PlotRow[] = table.map((row) => ({
  ...ofTrial,
  plot_set_id: 'set',
  plot_id: row['plot_id']!,
  crop_row: Number(row['crop_row']),
  field_column: Number(row['field_column']),
  germplasm: row['germplasm']!,
  replicate: row['replicate']!,
  block: null,
  entry_type: row['entry_type']!,
}));

const yieldRows: YieldRow[] = table.map((row) => ({
  farm_id: 'f1',
  source_id: 'harvest',
  plot_id: row['plot_id']!,
  season: '2025',
  trait: 'grain_yield_t_ha',
  value: row['yield'] === '' ? null : Number(row['yield']),
}));

function flight(date: string, column: string): PlotIndexRow[] {
  return table.map((row) => ({
    ...ofTrial,
    acquisition_date: date,
    cube_id: `cube-${date}`,
    sensor_id: 'vnir',
    plot_id: row['plot_id']!,
    spectral_index: 'ndre',
    valid_count: 100,
    valid_fraction: 0.95,
    mean: Number(row[column]),
    null_reason: null,
  }));
}

const plotIndexRows = [...flight('2025-05-12', 'ndre_first'), ...flight('2025-06-09', 'ndre_second')];
const input: RecommendInput = {
  farmId: 'f1',
  trialId: 't1',
  plotIndexRows,
  yieldRows,
  plotRows,
  rule: defaultBreedingRule,
  snapshots: { 'ref.yields': '12', 'gold.plot_index': '7', 'ref.plots': '3' },
};

const yieldRule = breedingRuleSchema.parse({
  ...defaultBreedingRule,
  traits: [{ source: 'yield', name: 'grain_yield_t_ha', direction: 'higher' }],
  minimum_advantage: { value: 0, unit: 'absolute' },
});

function ruleWith(fields: object): RecommendInput['rule'] {
  return breedingRuleSchema.parse({ ...yieldRule, ...fields });
}

/** A minimal trial: yields by line, one value per replicate; names beginning with C are checks. */
function smallTrial(yields: Record<string, (number | null)[]>, fields: object = {}): RecommendInput {
  const cells = Object.entries(yields).flatMap(([germplasm, values]) =>
    values.map((value, replicate) => ({ germplasm, value, replicate, plotId: `${germplasm}-${replicate}` })),
  );
  return {
    ...input,
    plotRows: cells.map(({ germplasm, replicate, plotId }) => ({
      ...plotRows[0]!,
      plot_id: plotId,
      germplasm,
      replicate: `r${replicate}`,
      entry_type: germplasm.startsWith('C') ? 'check' : 'entry',
    })),
    yieldRows: cells.map(({ plotId, value }) => ({ ...yieldRows[0]!, plot_id: plotId, value })),
    rule: ruleWith({ minimum_replicate_count: 2, ...fields }),
  };
}

const clear = { CK: [5, 5.1, 5.2], A: [8, 8.2, 8.1], B: [7, 7.1, 7.3], D: [4, 4.2, 4.1] };

describe('recommend against R', () => {
  const recommendation = recommend(input);
  const entries = expected.filter((row) => row['decision'] !== 'check');

  it('ranks and decides as R does', () => {
    expect(recommendation.rows.map((row) => [row.rank, row.germplasm, row.decision])).toEqual(
      entries.map((row, position) => [position + 1, row['gen'], row['decision']]),
    );
  });

  it('gives the index, its errors, the difference and the probability of R', () => {
    for (const [position, row] of entries.entries()) {
      const line = recommendation.lines[position]!;
      expect(line.row.adjusted_mean).toBeCloseTo(Number(row['mean']), 9);
      expect(line.row.standard_error).toBeCloseTo(Number(row['se']), 9);
      expect(line.row.difference).toBeCloseTo(Number(row['difference']), 9);
      expect(line.differenceStandardError).toBeCloseTo(Number(row['difference_se']), 9);
      expect(line.row.probability).toBeCloseTo(Number(row['probability']), 9);
      expect(line.row.replicate_count).toBe(Number(row['plots']));
      expect(line.traitMeans[0]).toBeCloseTo(Number(row['yield_mean']), 9);
    }
    expect(recommendation.model!.residualDf).toBe(30);
    expect(recommendation.model!.residualSd).toBeCloseTo(Number(expected[0]!['residual_sd']), 9);
  });

  it('compares with the mean of the checks as R adjusts them', () => {
    const checks = expected.filter((row) => row['decision'] === 'check');
    const mean = checks.reduce((sum, row) => sum + Number(row['mean']) / checks.length, 0);
    expect(recommendation.reference!.mean).toBeCloseTo(mean, 9);
    expect(recommendation.checks.map((check) => check.germplasm)).toEqual(['C1', 'C2']);
  });

  it('lists the plots that were not harvested', () => {
    expect(recommendation.excludedPlots.map((plot) => plot.plotId)).toEqual(
      table.filter((row) => row['yield'] === '').map((row) => row['plot_id']),
    );
    expect(recommendation.excludedPlots[0]!.reason).toBe('ref.yields has no grain_yield_t_ha for it');
  });

  it('discards a line with too few plots and says that data lack', () => {
    const row = recommendation.rows.find((candidate) => candidate.germplasm === 'G05')!;
    expect(row.reason).toBe('Insufficient data: 2 usable plots, the rule asks for 3.');
  });

  it('has an index that is the weighted sum of the standardised adjusted means', () => {
    for (const line of recommendation.lines) {
      const sum = recommendation.traits.reduce(
        (total, trait, position) => total + (trait.weight * (line.traitMeans[position]! - trait.centre)) / trait.scale,
        0,
      );
      expect(line.adjustedMean).toBeCloseTo(sum, 10);
    }
  });
});

describe('rows of gold.recommendation', () => {
  it('have the columns of the table, in its order, and none that is required is null', () => {
    for (const row of recommend(input).rows) {
      expect(Object.keys(row)).toEqual(goldRecommendation.columns.map((column) => column.name));
      for (const column of goldRecommendation.columns) {
        if (column.required) expect(row[column.name as keyof typeof row]).not.toBeNull();
      }
    }
  });

  it('name the snapshots in one order and carry an id that follows the question', () => {
    const [row] = recommend(input).rows;
    expect(row!.snapshots).toBe('{"gold.plot_index":"7","ref.plots":"3","ref.yields":"12"}');
    expect(row!.recommendation_id).toMatch(/^[0-9a-f]{32}$/);
    const other = recommend({ ...input, snapshots: { ...input.snapshots, 'ref.yields': '13' } });
    expect(other.recommendationId).not.toBe(row!.recommendation_id);
    const reordered = { 'ref.plots': '3', 'ref.yields': '12', 'gold.plot_index': '7' };
    expect(recommend({ ...input, snapshots: reordered }).recommendationId).toBe(row!.recommendation_id);
  });

  it('do not depend on the order of what was read', () => {
    const answer = JSON.stringify(recommend(input));
    const shuffled = <T>(rows: readonly T[]) => fc.shuffledSubarray([...rows], { minLength: rows.length });
    fc.assert(
      fc.property(shuffled(plotIndexRows), shuffled(yieldRows), shuffled(plotRows), (a, b, c) => {
        expect(JSON.stringify(recommend({ ...input, plotIndexRows: a, yieldRows: b, plotRows: c }))).toBe(answer);
      }),
      { seed: 3, numRuns: 25 },
    );
  });
});

describe('the decision', () => {
  const decisions = (trial: RecommendInput) =>
    Object.fromEntries(recommend(trial).rows.map((row) => [row.germplasm, row.decision]));
  const reasonOf = (trial: RecommendInput, germplasm: string) =>
    recommend(trial).rows.find((row) => row.germplasm === germplasm)!.reason;

  it('turns round where lower is better', () => {
    const traits = [{ source: 'yield', name: 'grain_yield_t_ha', direction: 'lower' }];
    const recommendation = recommend(smallTrial(clear, { traits }));
    expect(recommendation.rows.map((row) => [row.germplasm, row.decision])).toEqual([
      ['D', 'Advance'],
      ['B', 'Discard'],
      ['A', 'Discard'],
    ]);
    expect(recommendation.rows[0]!.reason).toMatch(/^Lower than the mean of the checks with probability/);
  });

  it('asks for an advantage in percent of the check', () => {
    // Checks yield 5.1: 7.13 is 40 % more and 8.1 is 59 % more.
    const percent = (value: number) => smallTrial(clear, { minimum_advantage: { value, unit: 'percent' } });
    expect(decisions(percent(30))).toEqual({ A: 'Advance', B: 'Advance', D: 'Discard' });
    expect(decisions(percent(50))).toEqual({ A: 'Advance', B: 'Discard', D: 'Discard' });
    expect(reasonOf(percent(50), 'B')).toMatch(/by more than 50 % only with probability/);
  });

  it('compares with the best check where the rule says so', () => {
    const trial = { ...clear, CL: [7.6, 7.4, 7.5] };
    expect(decisions(smallTrial(trial))).toMatchObject({ A: 'Advance', B: 'Advance' });
    const strict = smallTrial(trial, { comparison: 'best check' });
    expect(decisions(strict)).toMatchObject({ A: 'Advance', B: 'Discard' });
    expect(recommend(strict).reference!.germplasm).toEqual(['CL']);
  });

  it('lets only a share of the lines advance, best first', () => {
    const trial = smallTrial(clear, { maximum_share_advanced: 0.4 });
    expect(decisions(trial)).toEqual({ A: 'Advance', B: 'Discard', D: 'Discard' });
    expect(reasonOf(trial, 'B')).toMatch(/at most 40 % of 3 lines advance \(1 line\)/);
  });

  it('is Discard for lack of data everywhere in a trial without checks', () => {
    const { CK: _, ...entries } = clear;
    const recommendation = recommend(smallTrial(entries));
    expect(new Set(recommendation.rows.map((row) => row.decision))).toEqual(new Set(['Discard']));
    expect(recommendation.rows[0]!.reason).toMatch(/^Insufficient data: no check/);
    expect(recommendation.rows[0]!.probability).toBeNull();
    expect(recommendation.rows[0]!.adjusted_mean).not.toBeNull();
  });

  it('never invents an error for a trial with one replicate', () => {
    const single = smallTrial({ CK: [5], A: [8], B: [3] }, { minimum_replicate_count: 1 });
    const recommendation = recommend(single);
    expect(recommendation.rows.map((row) => [row.decision, row.standard_error, row.probability])).toEqual([
      ['Discard', null, null],
      ['Discard', null, null],
    ]);
    expect(recommendation.rows[0]!.reason).toMatch(
      /^Insufficient data: there are no standard errors, because the plots leave no/,
    );
  });

  it('keeps a line without any usable plot in the list, last, with the reason', () => {
    const rows = recommend(smallTrial({ ...clear, A: [null, null, null] })).rows;
    expect(rows.map((row) => row.germplasm)).toEqual(['B', 'D', 'A']);
    expect(rows[2]).toMatchObject({ decision: 'Discard', adjusted_mean: null, replicate_count: 0 });
    expect(rows[2]!.reason).toBe(
      'Insufficient data: none of its 3 plots has a value (A-0: ref.yields has no grain_yield_t_ha for it).',
    );
  });

  it('answers when no plot at all is usable', () => {
    const recommendation = recommend({ ...input, yieldRows: [] });
    expect(recommendation.model).toBeNull();
    expect(recommendation.rows).toHaveLength(9);
    expect(recommendation.rows.every((row) => row.reason.startsWith('Insufficient data'))).toBe(true);
  });
});

describe('what a plot is worth', () => {
  const ndreRule = (fields: object) =>
    ruleWith({
      traits: [{ source: 'spectral_index', name: 'ndre', direction: 'higher', statistic: 'mean', ...fields }],
    });
  const plotValue = (trial: RecommendInput, plotId: string) =>
    recommend(trial).plots.find((plot) => plot.plotId === plotId)!.value;
  const first = table[0]!;
  const [early, late] = [Number(first['ndre_first']), Number(first['ndre_second'])];

  it('follows the statistic of the rule over the dates', () => {
    expect(plotValue({ ...input, rule: ndreRule({}) }, 'p01')).toBeCloseTo((early + late) / 2, 12);
    expect(plotValue({ ...input, rule: ndreRule({ statistic: 'max' }) }, 'p01')).toBe(Math.max(early, late));
    expect(plotValue({ ...input, rule: ndreRule({ statistic: 'last_date' }) }, 'p01')).toBe(late);
  });

  it('pools two cubes of one flight by their valid pixels', () => {
    const second = { ...plotIndexRows[0]!, cube_id: 'strip-2', valid_count: 300, mean: early + 0.04 };
    const rule = ndreRule({});
    // (100 * early + 300 * (early + 0.04)) / 400 = early + 0.03
    expect(plotValue({ ...input, rule, plotIndexRows: [...plotIndexRows, second] }, 'p01')).toBeCloseTo(
      (early + 0.03 + late) / 2,
      12,
    );
  });

  it('leaves out a plot that a counted flight saw too little of, with the reason', () => {
    const rows = plotIndexRows.map((row) => (row.plot_id === 'p02' ? { ...row, valid_fraction: 0.2 } : row));
    const recommendation = recommend({ ...input, rule: ndreRule({}), plotIndexRows: rows });
    expect(recommendation.excludedPlots).toEqual([
      {
        plotId: 'p02',
        germplasm: 'C1',
        reason: 'ndre of 2025-05-12: 20.0 % of its pixels are valid, the rule asks for 50 %',
      },
    ]);
  });

  it('does not count a flight that missed most of the trial, and says so', () => {
    const stray = flight('2025-06-20', 'ndre_second').slice(0, 10);
    const recommendation = recommend({ ...input, rule: ndreRule({}), plotIndexRows: [...plotIndexRows, ...stray] });
    expect(recommendation.excludedPlots).toEqual([]);
    expect(recommendation.flights.map((flown) => [flown.date, flown.plotCount, flown.counts])).toEqual([
      ['2025-05-12', 48, true],
      ['2025-06-09', 48, true],
      ['2025-06-20', 10, false],
    ]);
  });

  it('passes the reason of a missing index on', () => {
    const rows = plotIndexRows.map((row) => ({ ...row, mean: null, null_reason: 'no band within 15 nm of 705 nm' }));
    const recommendation = recommend({ ...input, rule: ndreRule({}), plotIndexRows: rows });
    expect(recommendation.excludedPlots[0]!.reason).toBe('ndre of 2025-05-12: no band within 15 nm of 705 nm');
  });

  it('is nothing when two files disagree on a yield', () => {
    const rows = [...yieldRows, { ...yieldRows[0]!, source_id: 'corrected', value: 9.99 }];
    const recommendation = recommend({ ...input, rule: yieldRule, yieldRows: rows });
    expect(recommendation.excludedPlots.find((plot) => plot.plotId === 'p01')!.reason).toBe(
      'ref.yields has 2 different values of grain_yield_t_ha for it (corrected, harvest)',
    );
  });

  it('is nothing when another trial uses the same plot id and no season tells them apart', () => {
    const rows = [...plotRows, { ...plotRows[0]!, trial_id: 't0' }];
    const reused = { ...input, rule: yieldRule, plotRows: rows };
    expect(recommend(reused).excludedPlots.find((plot) => plot.plotId === 'p01')!.reason).toMatch(
      /trial t0 has a plot/,
    );
    expect(recommend({ ...reused, season: '2025' }).excludedPlots.some((plot) => plot.plotId === 'p01')).toBe(false);
  });

  it('needs the season when the yields have two', () => {
    const rows = [...yieldRows, ...yieldRows.map((row) => ({ ...row, season: '2024' }))];
    expect(() => recommend({ ...input, yieldRows: rows })).toThrow(/of one season, got 2024, 2025/);
    expect(recommend({ ...input, yieldRows: rows, season: '2025' }).rows).toHaveLength(9);
  });
});

describe('the plots of a trial', () => {
  it('must exist', () => {
    expect(() => recommend({ ...input, trialId: 'nowhere' })).toThrow(/got none. Its trials: t1./);
  });

  it('must not be described twice in different words', () => {
    const rows = [...plotRows, { ...plotRows[0]!, plot_set_id: 'other', germplasm: 'G99' }];
    expect(() => recommend({ ...input, plotRows: rows })).toThrow(
      /plot p01, got two that differ \(plot sets set and other\)/,
    );
    const same = [...plotRows, { ...plotRows[0]!, plot_set_id: 'other' }];
    expect(recommend({ ...input, plotRows: same }).rows).toEqual(recommend(input).rows);
  });

  it('are left out without germplasm or without the replicate that the others have', () => {
    const rows = plotRows.map((row) => {
      if (row.plot_id === 'p03') return { ...row, germplasm: null };
      return row.plot_id === 'p04' ? { ...row, replicate: null } : row;
    });
    const reasons = recommend({ ...input, plotRows: rows }).excludedPlots.slice(0, 2);
    expect(reasons.map((plot) => [plot.plotId, plot.reason])).toEqual([
      ['p03', 'the plot set names no germplasm'],
      ['p04', 'the plot set names no replicate, but has replicates'],
    ]);
  });

  it('make a line a check when any of them says so', () => {
    const rows = plotRows.map((row) => (row.plot_id === 'p01' ? { ...row, entry_type: null } : row));
    const recommendation = recommend({ ...input, plotRows: rows });
    expect(recommendation.notes).toEqual(['C1 is a check in some plots only; all its plots count as check.']);
    expect(recommendation.rows).toEqual(recommend(input).rows);
  });
});
