import type { TrialRecommendation } from '#core/breeding/trial-recommendation.ts';
import type { RecommendationRow } from '#core/breeding/trial-rows.ts';
import { goldRecommendation } from '#schemas/tables.ts';

const rowColumns = goldRecommendation.columns.map((column) => column.name as keyof RecommendationRow);

/**
 * A recommendation as CSV: the columns of gold.recommendation, then the error and interval of the difference and the
 * adjusted mean in each trait. Records end in CRLF, missing values are empty, numbers keep all their digits.
 *
 * Text that a spreadsheet would run as a formula (it begins with = + - @, tab or return) gets an apostrophe in front.
 * @source RFC 4180; OWASP, CSV Injection.
 */
export function renderReportCsv(recommendation: TrialRecommendation): string {
  const traitNames = recommendation.rule.traits.map((trait) => `adjusted_mean ${trait.name}`);
  const records = recommendation.lines.map((line) => [
    ...rowColumns.map((name) => line.row[name]),
    line.differenceStandardError,
    line.differenceInterval?.[0] ?? null,
    line.differenceInterval?.[1] ?? null,
    ...line.traitMeans,
  ]);
  const names = [...rowColumns, 'difference_standard_error', 'difference_low_95', 'difference_high_95', ...traitNames];
  return [names, ...records].map((record) => `${record.map(cell).join(',')}\r\n`).join('');
}

function cell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const guarded = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}
