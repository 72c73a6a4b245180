import { isCalendarDate } from '#schemas/object-keys.ts';
import { isNode, type TreeNode } from './query-tree.ts';

export type Constant = string | number | bigint;

/**
 * The value of a constant as the planner compares it with a column of this type: dates as text, times as microseconds
 * since 1970. null where DuckDB would cast the column, so that no cast of the column can hide in the comparison.
 */
export function constantOf(expression: unknown, columnType: string): Constant | null {
  if (!isNode(expression)) return null;
  if (expression['class'] === 'CAST') return castConstant(expression, columnType);
  if (functionName(expression) === 'make_date') return columnType === 'date' ? madeDate(expression) : null;
  const constant = expression['value'];
  if (expression['class'] !== 'CONSTANT' || !isNode(constant) || constant['is_null'] === true) return null;
  const value = constant['value'];
  const constantType = isNode(constant['type']) ? String(constant['type']['id']) : '';
  if (typeof value === 'string') {
    if (constantType !== 'VARCHAR') return null;
    if (columnType === 'timestamptz' || columnType === 'timestamp')
      return microsOf(value, columnType === 'timestamptz');
    return columnType === 'string' || (columnType === 'date' && isCalendarDate(value)) ? value : null;
  }
  if (typeof value !== 'number' && typeof value !== 'bigint') return null;
  const isInteger = constantType === 'INTEGER' || constantType === 'BIGINT';
  if (columnType === 'int' || columnType === 'long') return isInteger ? value : null;
  if (columnType === 'double' && typeof value === 'number') {
    if (isInteger || constantType === 'DOUBLE') return value;
    return constantType === 'DECIMAL' ? decimalOf(value, constant['type'] as TreeNode) : null;
  }
  return null;
}

/** Lower-case name of a function call, else the empty text. */
export function functionName(node: TreeNode): string {
  return node['class'] === 'FUNCTION' ? String(node['function_name']).toLowerCase() : '';
}

function castConstant(expression: TreeNode, columnType: string): Constant | null {
  const target = isNode(expression['cast_type']) ? expression['cast_type']['id'] : null;
  const child = expression['child'];
  const isTime = columnType === 'timestamptz' || columnType === 'timestamp';
  if (target === 'DATE') {
    const date = constantOf(child, 'date');
    return isTime && typeof date === 'string' ? microsOf(date, false) : columnType === 'date' ? date : null;
  }
  if (target === 'TIMESTAMP' && isTime) return constantOf(child, 'timestamp');
  if (target === 'TIMESTAMP WITH TIME ZONE' && columnType === 'timestamptz') return constantOf(child, 'timestamptz');
  const isInteger = target === 'INTEGER' || target === 'BIGINT';
  return isInteger && (columnType === 'int' || columnType === 'long') ? constantOf(child, columnType) : null;
}

function madeDate(call: TreeNode): string | null {
  const parts = (call['children'] as TreeNode[]).map((child) => constantOf(child, 'int'));
  if (parts.length !== 3 || parts.includes(null)) return null;
  const [year, month, day] = parts.map(String) as [string, string, string];
  const date = `${year.padStart(4, '0')}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  return isCalendarDate(date) ? date : null;
}

const timePattern =
  /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/;

/** Microseconds since 1970; the session's time zone is UTC. Text that is not plainly a time gives null. */
function microsOf(text: string, mayHaveOffset: boolean): bigint | null {
  const [, date, minutes = '00:00', seconds = '00', fraction = '', offset = ''] = timePattern.exec(text.trim()) ?? [];
  if (date === undefined || !isCalendarDate(date) || (offset !== '' && !mayHaveOffset)) return null;
  const zone =
    offset === '' || offset === 'Z'
      ? 'Z'
      : offset
          .replace(':', '')
          .padEnd(5, '0')
          .replace(/(\d\d)$/, ':$1');
  const timeMs = Date.parse(`${date}T${minutes}:${seconds}${zone}`);
  return Number.isNaN(timeMs) ? null : BigInt(timeMs) * 1000n + BigInt(fraction.padEnd(6, '0'));
}

/** A decimal constant arrives as its digits without the point; one division by an exact power of ten rounds once, as DuckDB's cast does. */
function decimalOf(digits: number, type: TreeNode): number | null {
  const scale = isNode(type['type_info']) ? Number(type['type_info']['scale']) : Number.NaN;
  return Number.isSafeInteger(digits) && scale <= 22 ? digits / 10 ** scale : null;
}
