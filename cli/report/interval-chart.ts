import type { LineSummary, TrialRecommendation } from '#core/breeding/trial-recommendation.ts';
import { escapeHtml } from '#core/escape.ts';
import { fixed, probabilityText, signed, ticks } from './numbers.ts';
import { askedDifference, unitInWords } from './rule-in-words.ts';

/** Height of one line of the chart; report-style.ts gives the names beside it the same. */
export const chartRowHeightPx = 22;
const axisHeightPx = 26;
/** A chart taller than a screen has its axis below as well. */
const longChartPx = 900;

type Kind = 'advance' | 'discard' | 'check';

/** Marks that differ in shape and fill as well as in colour. x in percent of the width, y in pixels. */
export function mark(kind: Kind, x: string, y: number): string {
  if (kind === 'advance') return `<circle class="advance" cx="${x}" cy="${y}" r="5.5"/>`;
  const size = kind === 'discard' ? 9 : 8;
  return `<rect class="${kind}" x="${x}" y="${y - size / 2}" width="${size}" height="${size}"/>`;
}

/**
 * Each line's difference from the checks with its 95 % confidence interval, by rank below the checks. Positions are
 * percentages, so that the chart fits any width while text and marks keep their size.
 * @returns HTML, or '' when no line has a difference.
 */
export function intervalChart(recommendation: TrialRecommendation, decimals: number): string {
  const { checks, lines } = recommendation;
  const drawn = [
    ...checks.map((line) => ({ line, kind: 'check' as Kind, probability: null as number | null })),
    ...lines.map((line) => ({
      line,
      kind: (line.row.decision === 'Advance' ? 'advance' : 'discard') as Kind,
      probability: line.row.probability,
    })),
  ];
  const asked = askedDifference(recommendation);
  const ends = drawn.flatMap(({ line }) => line.differenceInterval ?? line.difference ?? []);
  if (ends.length === 0 || asked === null) return '';
  const low = Math.min(0, asked, ...ends);
  const high = Math.max(0, asked, ...ends);
  const margin = 0.03 * (high - low || 1);
  const span = high - low + 2 * margin;
  const x = (value: number): string => `${Number(((100 * (value - low + margin)) / span).toFixed(3))}%`;
  const height = axisHeightPx + drawn.length * chartRowHeightPx;
  const rows = drawn.map(({ line, kind, probability }, position) => {
    const y = axisHeightPx + (position + 0.5) * chartRowHeightPx;
    return chartRow(line, { kind, probability, y, x, decimals });
  });
  const names = drawn.map(({ line, kind }) => {
    const label = kind === 'check' ? 'check' : kind === 'advance' ? 'advances' : 'discarded';
    return `<li class="${kind}-name"><bdi>${escapeHtml(line.germplasm)}</bdi><span class="unseen">, ${label}</span></li>`;
  });
  return `<div class="chart">
<ol class="chart-names">${names.join('')}</ol>
<svg class="chart-plot" width="100%" height="${height > longChartPx ? height + 20 : height}" role="img" aria-label="Difference of each line from the checks with its 95 % confidence interval">
${axis(low - margin, high + margin, height, x)}
<line class="reference" x1="${x(0)}" x2="${x(0)}" y1="${axisHeightPx}" y2="${height}"/>
${asked === 0 ? '' : `<line class="asked" x1="${x(asked)}" x2="${x(asked)}" y1="${axisHeightPx}" y2="${height}"/>`}
${rows.join('\n')}
</svg>
</div>
<p class="axis-name">Difference from the ${recommendation.rule.comparison === 'best check' ? 'best check' : 'mean of the checks'}, ${escapeHtml(unitInWords(recommendation))}</p>
${legend(asked !== 0, checks.length > 0)}`;
}

function chartRow(
  line: LineSummary,
  at: { kind: Kind; probability: number | null; y: number; x: (value: number) => string; decimals: number },
): string {
  const { kind, y, x, decimals } = at;
  if (line.difference === null) return `<text class="no-estimate" x="${x(0)}" dx="8" y="${y + 4}">no estimate</text>`;
  const interval = line.differenceInterval;
  const bar =
    interval === null
      ? ''
      : `<line class="${kind}-interval" x1="${x(interval[0])}" x2="${x(interval[1])}" y1="${y}" y2="${y}"/>`;
  const range =
    interval === null ? '' : `, 95 % interval ${fixed(interval[0], decimals)} to ${fixed(interval[1], decimals)}`;
  const chance = at.probability === null ? '' : `, probability ${probabilityText(at.probability)}`;
  const title = `${line.germplasm}: ${signed(line.difference, decimals)}${range}${chance}`;
  return `<g><title>${escapeHtml(title)}</title>${bar}${mark(kind, x(line.difference), y)}</g>`;
}

function axis(low: number, high: number, height: number, x: (value: number) => string): string {
  const { values, decimals } = ticks(low, high, 6);
  const isLong = height > longChartPx;
  return values
    .map((value) => {
      const text = signed(value, value === 0 ? 0 : decimals);
      const label = (y: number): string => `<text class="tick" x="${x(value)}" y="${y}">${text}</text>`;
      const line = `<line class="grid" x1="${x(value)}" x2="${x(value)}" y1="${axisHeightPx - 6}" y2="${height}"/>`;
      return line + label(axisHeightPx - 11) + (isLong ? label(height + 15) : '');
    })
    .join('\n');
}

function legend(hasAsked: boolean, hasChecks: boolean): string {
  const item = (drawing: string, text: string): string =>
    `<li><svg width="26" height="16" aria-hidden="true">${drawing}</svg>${text}</li>`;
  const items = [
    item(`<line class="advance-interval" x1="1" x2="25" y1="8" y2="8"/>${mark('advance', '50%', 8)}`, 'Advance'),
    item(`<line class="discard-interval" x1="1" x2="25" y1="8" y2="8"/>${mark('discard', '50%', 8)}`, 'Discard'),
    hasChecks
      ? item(`<line class="check-interval" x1="1" x2="25" y1="8" y2="8"/>${mark('check', '50%', 8)}`, 'Check')
      : '',
    item('<line class="reference" x1="13" x2="13" y1="0" y2="16"/>', 'checks compared with'),
    hasAsked ? item('<line class="asked" x1="13" x2="13" y1="0" y2="16"/>', 'advantage asked') : '',
  ];
  return `<ul class="legend">${items.join('')}</ul>`;
}
