import type { TrialRecommendation } from '#core/breeding/trial-recommendation.ts';
import { escapeHtml } from '#core/escape.ts';
import { fixed } from './numbers.ts';

const cellWidth = 44;
const cellHeight = 28;
/** Room for the numbers of field rows and columns. */
const margin = 26;
/** A field of more places than this is drawn by no browser in good time; positions that far apart are mistakes anyhow. */
const placeCountMax = 40_000;
/** Steps of the colour scale: classes `v0` (smallest) to `v6` of report-style.ts. */
const stepCount = 7;

type Plot = TrialRecommendation['plots'][number];
type PlacedPlot = Plot & { readonly cropRow: number; readonly fieldColumn: number };

/**
 * The field from above: field row 1 at the bottom, column 1 on the left, plots coloured by value in steps of equal counts.
 * @returns HTML, or '' when fewer than two plots have a position or the positions span too much.
 */
export function fieldMap(recommendation: TrialRecommendation, decimals: number): string {
  const placed = recommendation.plots.filter(
    (plot): plot is PlacedPlot => plot.cropRow !== null && plot.fieldColumn !== null,
  );
  if (placed.length < 2) return '';
  const rows = extent(placed.map((plot) => plot.cropRow));
  const columns = extent(placed.map((plot) => plot.fieldColumn));
  if (rows.count * columns.count > placeCountMax) return '';
  const values = placed.flatMap((plot) => plot.value ?? []).sort((a, b) => a - b);
  const bounds = Array.from({ length: stepCount - 1 }, (_, step) => {
    return values[Math.floor(((step + 1) * values.length) / stepCount)] ?? Number.POSITIVE_INFINITY;
  });
  const width = margin + columns.count * cellWidth;
  const height = margin + rows.count * cellHeight;
  const cells = placed.map((plot) => {
    const left = margin + (plot.fieldColumn - columns.first) * cellWidth;
    const top = (rows.last - plot.cropRow) * cellHeight;
    return cell(plot, { left, top, bounds, decimals });
  });
  const every = (count: number): number => Math.max(1, Math.ceil(count / 24));
  const columnNumbers = numbers(columns, every(columns.count)).map(
    (column) =>
      `<text class="place" x="${margin + (column - columns.first + 0.5) * cellWidth}" y="${height - 8}">${column}</text>`,
  );
  const rowNumbers = numbers(rows, every(rows.count)).map(
    (row) => `<text class="place" x="${margin / 2}" y="${(rows.last - row + 0.5) * cellHeight + 4}">${row}</text>`,
  );
  return `<div class="map"><svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Field map of plot values">
${cells.join('\n')}
${columnNumbers.join('')}${rowNumbers.join('')}
</svg></div>
${scale(values, bounds, decimals)}`;
}

function cell(
  plot: PlacedPlot,
  at: { left: number; top: number; bounds: readonly number[]; decimals: number },
): string {
  const { left, top, bounds } = at;
  const box = `x="${left + 1}" y="${top + 1}" width="${cellWidth - 2}" height="${cellHeight - 2}" rx="2"`;
  const step = plot.value === null ? null : bounds.filter((bound) => plot.value! >= bound).length;
  const worth = plot.value === null ? 'no value' : fixed(plot.value, at.decimals);
  const title = `<title>${escapeHtml(`${plot.plotId}: ${plot.germplasm}${plot.isCheck ? ' (check)' : ''}, ${worth}`)}</title>`;
  const cross =
    step === null
      ? `<path class="cross" d="M${left + 8} ${top + 6}l${cellWidth - 16} ${cellHeight - 12}m0 ${12 - cellHeight}l${16 - cellWidth} ${cellHeight - 12}"/>`
      : '';
  const dot = plot.isCheck
    ? `<circle class="check-dot" cx="${left + cellWidth / 2}" cy="${top + cellHeight / 2}" r="4"/>`
    : '';
  return `<g>${title}<rect class="${step === null ? 'no-value' : `v${step}`}" ${box}/>${cross}${dot}</g>`;
}

function scale(values: readonly number[], bounds: readonly number[], decimals: number): string {
  if (values.length === 0) return '';
  const swatches = Array.from(
    { length: stepCount },
    (_, step) => `<svg width="22" height="14" aria-hidden="true"><rect class="v${step}" width="22" height="14"/></svg>`,
  ).join('');
  const low = fixed(values[0]!, decimals);
  const high = fixed(values.at(-1)!, decimals);
  const middle = fixed(bounds[Math.floor((bounds.length - 1) / 2)]!, decimals);
  return `<p class="scale"><span>${low}</span><span class="swatches">${swatches}</span><span>${high}</span><span class="quiet">steps hold equal numbers of plots, the middle one begins at ${middle}; a dot is a check, a cross has no value</span></p>`;
}

interface Extent {
  readonly first: number;
  readonly last: number;
  readonly count: number;
}

function extent(positions: readonly number[]): Extent {
  const first = positions.reduce((a, b) => Math.min(a, b));
  const last = positions.reduce((a, b) => Math.max(a, b));
  return { first, last, count: last - first + 1 };
}

function numbers({ first, count }: Extent, every: number): number[] {
  return Array.from({ length: Math.ceil(count / every) }, (_, position) => first + position * every);
}
