import { dateOfDay, dayOfDate } from '#core/day.ts';
import type { Filter } from '#core/formats/iceberg/scan.ts';
import { isCalendarDate } from '#schemas/object-keys.ts';
import { constantOf, functionName } from './constant-values.ts';
import { isNode, type TreeNode } from './query-tree.ts';

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=';

interface Column {
  readonly name: string;
  readonly type: string;
}

/** First day of a period, as `yyyy-mm-dd`, and first day of the next one. */
interface Period {
  readonly start: string;
  readonly next: string;
}

/**
 * `year(day) = 2026`, `date_part('year', day) < 2026`, `date_trunc('month', day) = DATE '2026-05-01'`,
 * `acquired_at::DATE = '2026-05-01'`: comparisons of the period that a date or time lies in, as a range of the column.
 *
 * @returns null for any other expression and for a constant that begins no period.
 */
export function periodPredicate(
  expression: unknown,
  operator: Operator,
  constant: unknown,
  columnOf: (expression: unknown) => Column | null,
): Filter | null {
  if (!isNode(expression)) return null;
  const found = periodOf(expression, constant, columnOf);
  if (found === null) return null;
  const { column, period } = found;
  const at = (date: string) => (column.type === 'date' ? date : BigInt(dayOfDate(date)) * 86_400_000_000n);
  const from = (op: '<' | '>=', date: string): Filter => ({ column: column.name, op, value: at(date) });
  switch (operator) {
    case '=':
      return { all: [from('>=', period.start), from('<', period.next)] };
    case '!=':
      return { any: [from('<', period.start), from('>=', period.next)] };
    case '<':
      return from('<', period.start);
    case '<=':
      return from('<', period.next);
    case '>':
      return from('>=', period.next);
    case '>=':
      return from('>=', period.start);
  }
}

function periodOf(
  expression: TreeNode,
  constant: unknown,
  columnOf: (expression: unknown) => Column | null,
): { readonly column: Column; readonly period: Period } | null {
  const isCast =
    expression['class'] === 'CAST' && isNode(expression['cast_type']) && expression['cast_type']['id'] === 'DATE';
  const call = functionName(expression);
  const operands = isCast ? [expression['child']] : call === '' ? [] : (expression['children'] as TreeNode[]);
  const column = columnOf(operands.at(-1));
  if (column === null || !['date', 'timestamp', 'timestamptz'].includes(column.type)) return null;
  const unit = operands.length === 2 ? String(constantOf(operands[0], 'string')).toLowerCase() : null;
  const isYear = (call === 'year' && unit === null) || (call === 'date_part' && unit === 'year');
  if (isYear) {
    const year = Number(constantOf(constant, 'int') ?? Number.NaN);
    return year >= 1 && year < 9999 ? { column, period: { start: yearStart(year), next: yearStart(year + 1) } } : null;
  }
  const date = dayConstant(constant);
  if (date === null) return null;
  const truncatedTo = isCast || (call === 'date' && unit === null) ? 'day' : call === 'date_trunc' ? unit : null;
  const next = truncatedTo === null ? null : nextStart(date, truncatedTo);
  return next === null ? null : { column, period: { start: date, next } };
}

/** A date, as text, DATE or a TIMESTAMP at midnight. */
function dayConstant(constant: unknown): string | null {
  const date = constantOf(constant, 'date');
  if (typeof date === 'string') return date;
  const micros = constantOf(constant, 'timestamp');
  return typeof micros === 'bigint' && micros % 86_400_000_000n === 0n
    ? dateOfDay(Number(micros / 86_400_000_000n))
    : null;
}

function yearStart(year: number): string {
  return `${String(year).padStart(4, '0')}-01-01`;
}

/** Start of the period after the one that begins at `date`; null when none begins there. */
function nextStart(date: string, unit: string): string | null {
  const [year, month] = [Number(date.slice(0, 4)), Number(date.slice(5, 7))];
  const day = dayOfDate(date);
  if (unit === 'day') return checked(dateOfDay(day + 1));
  // 1970-01-01 was a Thursday; DuckDB's weeks begin on Monday.
  if (unit === 'week') return (((day + 3) % 7) + 7) % 7 === 0 ? checked(dateOfDay(day + 7)) : null;
  if (!date.endsWith('-01')) return null;
  if (unit === 'month')
    return checked(month === 12 ? yearStart(year + 1) : `${date.slice(0, 5)}${String(month + 1).padStart(2, '0')}-01`);
  return unit === 'year' && month === 1 ? checked(yearStart(year + 1)) : null;
}

function checked(date: string): string | null {
  return isCalendarDate(date) ? date : null;
}
