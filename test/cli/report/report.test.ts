import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultBreedingRule } from '#core/breeding/parse-rule.ts';
import type { TrialRecommendation } from '#core/breeding/trial-recommendation.ts';
import { recommend } from '#core/pipeline/recommend.ts';
import { parseCsv } from '#core/pipeline/reference-tables/csv.ts';
import { breedingRuleSchema } from '#schemas/breeding-rule.ts';
import { renderReportCsv } from '../../../cli/report/report-csv.ts';
import { renderReportHtml } from '../../../cli/report/report-html.ts';
import { renderReportText } from '../../../cli/report/report-text.ts';

const rule = breedingRuleSchema.parse({
  ...defaultBreedingRule,
  traits: [{ source: 'yield', name: 'grain_yield_t_ha', direction: 'higher' }],
  minimum_replicate_count: 2,
});

/** Lines of three plots each, `step` t/ha apart, best first, and two checks in the middle; every value has its own noise. */
function trialOf(names: readonly string[], step = 1.6): TrialRecommendation {
  const lines = [...names, 'check one', 'check two'];
  const middle = (names.length - 1) / 2;
  const cells = lines.flatMap((germplasm, line) =>
    [0, 1, 2].map((replicate) => ({
      germplasm,
      replicate,
      plotId: `p${line}-${replicate}`,
      isCheck: line >= names.length,
      value:
        6 +
        (line < names.length ? (middle - line) * step : 0) +
        0.3 * replicate +
        ((line * 7 + replicate * 5) % 4) / 10,
      line,
    })),
  );
  return recommend({
    farmId: 'farm-1',
    trialId: 'trial-1',
    plotIndexRows: [],
    plotRows: cells.map(({ germplasm, replicate, plotId, isCheck, line }) => ({
      farm_id: 'farm-1',
      plot_set_id: 'set',
      plot_id: plotId,
      trial_id: 'trial-1',
      crop_row: replicate + 1,
      field_column: line + 1,
      germplasm,
      replicate: String(replicate),
      block: null,
      entry_type: isCheck ? 'check' : 'entry',
    })),
    yieldRows: cells.map(({ plotId, value }) => ({
      farm_id: 'farm-1',
      source_id: 'harvest',
      plot_id: plotId,
      season: null,
      trait: 'grain_yield_t_ha',
      value,
    })),
    rule,
    snapshots: { 'ref.yields': '42' },
  });
}

const nasty = ['<img src=x onerror="alert(1)">', '=cmd()|calc', 'say "hi", it\'s & co', '\u202eevil\u001b[31m'];
const plain = ['A1', 'A2', 'A3', 'A4'];
const tagsOf = (html: string): string[] => html.match(/<\/?[a-zA-Z!][^\s>]*/g) ?? [];

describe('the HTML report', () => {
  const html = renderReportHtml(trialOf(plain));

  it('loads and runs nothing: the policy allows the one style sheet by its hash', () => {
    const style = /<style>([\s\S]*?)<\/style>/.exec(html)![1]!;
    const hash = createHash('sha256').update(style).digest('base64');
    expect(html).toContain(
      `content="default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'"`,
    );
    expect(html).not.toMatch(/<script|<link|<img|<iframe|\sstyle=|\son\w+=|https?:|url\(|@import/i);
  });

  it('says what was decided and draws every line, check and plot once', () => {
    expect(html).toContain('<b>2</b><span>lines advance</span>');
    expect(html).toContain('<b>2</b><span>discarded</span>');
    // One mark per line and check, and one in the legend for each kind.
    expect(html.match(/class="advance" cx/g)).toHaveLength(2 + 1);
    expect(html.match(/class="discard" x/g)).toHaveLength(2 + 1);
    expect(html.match(/class="check" x/g)).toHaveLength(2 + 1);
    expect(html.match(/<rect class="v\d" x=/g)).toHaveLength(18);
    expect(html.match(/class="check-dot"/g)).toHaveLength(6);
  });

  it('places the reference line and the marks where the differences are', () => {
    const recommendation = trialOf(plain);
    const percents = (pattern: RegExp): number[] => [...html.matchAll(pattern)].map((match) => Number(match[1]));
    const [zero] = percents(/class="reference" x1="([\d.]+)%"/g);
    const [asked] = percents(/class="asked" x1="([\d.]+)%"/g);
    const [first, second] = percents(/class="advance" cx="([\d.]+)%"/g);
    // The scale is linear: 0.3 t/ha lie between the two vertical lines.
    const perTonne = (asked! - zero!) / 0.3;
    expect((first! - zero!) / perTonne).toBeCloseTo(recommendation.lines[0]!.difference!, 2);
    expect((second! - zero!) / perTonne).toBeCloseTo(recommendation.lines[1]!.difference!, 2);
  });

  it('has the same tags whatever the lines are called', () => {
    expect(tagsOf(renderReportHtml(trialOf(nasty)))).toEqual(tagsOf(html));
    const name = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 30 })
      .filter((text) => !text.startsWith('check '));
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 4, maxLength: 4 }), (names) => {
        expect(tagsOf(renderReportHtml(trialOf(names)))).toEqual(tagsOf(html));
      }),
      { seed: 17, numRuns: 60 },
    );
  });

  it('shows names as they are written, without direction overrides and control characters', () => {
    const page = renderReportHtml(trialOf(nasty));
    expect(page).toContain('<bdi>&lt;img src=x onerror=&quot;alert(1)&quot;&gt;</bdi>');
    expect(page).toContain('<bdi>say &quot;hi&quot;, it&#39;s &amp; co</bdi>');
    expect(page).toContain('<bdi>\ufffdevil\ufffd[31m</bdi>');
  });

  it('renders a trial of which nothing is usable, without chart and with the reasons', () => {
    const trial = trialOf(plain);
    const empty = recommend({
      farmId: 'farm-1',
      trialId: 'trial-1',
      plotIndexRows: [],
      yieldRows: [],
      plotRows: trial.plots.map((plot) => ({
        farm_id: 'farm-1',
        plot_set_id: 'set',
        plot_id: plot.plotId,
        trial_id: 'trial-1',
        crop_row: null,
        field_column: null,
        germplasm: plot.germplasm,
        replicate: plot.replicate,
        block: null,
        entry_type: plot.isCheck ? 'check' : 'entry',
      })),
      rule: defaultBreedingRule,
      snapshots: {},
    });
    const page = renderReportHtml(empty);
    expect(page).toContain('<b>4</b><span>discarded, 4 of them for lack of data</span>');
    expect(page).toContain('18 plots were left out');
    expect(page).not.toContain('class="chart"');
    expect(renderReportText(empty)).toContain('No plot of the trial is usable');
    expect(renderReportCsv(empty).split('\r\n')).toHaveLength(1 + 4 + 1);
  });
});

describe('the CSV report', () => {
  it('reads back as the rows, with formulas disarmed', () => {
    const recommendation = trialOf(nasty);
    const [header, ...records] = parseCsv(renderReportCsv(recommendation), 'report');
    const column = (name: string): string[] => records.map((record) => record[header!.indexOf(name)]!);
    expect(column('germplasm')).toEqual([nasty[0], `'${nasty[1]}`, nasty[2], nasty[3]]);
    expect(column('rank')).toEqual(['1', '2', '3', '4']);
    expect(column('decision')).toEqual(['Advance', 'Advance', 'Discard', 'Discard']);
    expect(column('adjusted_mean').map(Number)).toEqual(recommendation.rows.map((row) => row.adjusted_mean));
    expect(column('difference').map(Number)).toEqual(recommendation.rows.map((row) => row.difference));
    expect(column('difference_low_95').map(Number)).toEqual(
      recommendation.lines.map((line) => line.differenceInterval![0]),
    );
    expect(column('adjusted_mean grain_yield_t_ha')).toEqual(column('adjusted_mean'));
    expect(column('snapshots')[0]).toBe('{"ref.yields":"42"}');
  });

  it('ends every record in CRLF and quotes what RFC 4180 asks', () => {
    const csv = renderReportCsv(trialOf(['a,b', 'c\r\nd', '-5', '@x']));
    expect(csv.endsWith('\r\n')).toBe(true);
    for (const field of [',"a,b",', ',"c\r\nd",', ",'-5,", ",'@x,"]) expect(csv).toContain(field);
  });
});

describe('the terminal report', () => {
  it('lists the lines in aligned columns', () => {
    const lines = renderReportText(trialOf(plain)).split('\n');
    expect(lines[0]).toBe('Trial trial-1: 2 advance, 2 discard');
    expect(lines[2]).toMatch(/^rank {2}line {4}decision {2}/);
    expect(lines.slice(3, 7).map((line) => line.slice(0, 22))).toEqual([
      '   1  A1      Advance ',
      '   2  A2      Advance ',
      '   3  A3      Discard ',
      '   4  A4      Discard ',
    ]);
    expect(new Set(lines.slice(2, 7).map((line) => line.length)).size).toBe(1);
  });

  it('leaves the middle of a long trial out, and counts it', () => {
    const names = Array.from({ length: 50 }, (_, position) => `L${String(position).padStart(2, '0')}`);
    const text = renderReportText(trialOf(names, 0.1), 6);
    expect(text).toContain('… 44 more');
    expect([...text.matchAll(/^ +(\d+) {2}L/gm)].map((match) => match[1])).toEqual(['1', '2', '3', '48', '49', '50']);
  });

  it('lets no name write escapes to the terminal', () => {
    const text = renderReportText(trialOf(nasty));
    expect(text).not.toContain('\u001b');
    expect(text).not.toContain('\u202e');
    expect(text).toContain('\ufffdevil\ufffd[31m');
  });
});
