import type { Filter } from '#core/formats/iceberg/scan.ts';
import { truncatedUpperBound } from '#core/formats/iceberg/single-value.ts';
import { constantOf, functionName } from './constant-values.ts';
import { type Operator, periodPredicate } from './date-predicates.ts';
import { isNode, type TreeNode } from './query-tree.ts';
import { aliasOf, type TableReference } from './table-references.ts';

/** Columns of one table, lower-case name -> Iceberg type and real name. */
export type TableColumns = ReadonlyMap<string, { readonly name: string; readonly type: string }>;

const operators: Readonly<Record<string, Operator>> = {
  COMPARE_EQUAL: '=',
  COMPARE_NOTEQUAL: '!=',
  COMPARE_LESSTHAN: '<',
  COMPARE_LESSTHANOREQUALTO: '<=',
  COMPARE_GREATERTHAN: '>',
  COMPARE_GREATERTHANOREQUALTO: '>=',
};

const mirrored: Readonly<Record<Operator, Operator>> = {
  '=': '=',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

/** Of a value that is not NULL; NULL fulfils neither. */
const negated: Readonly<Record<Operator, Operator>> = {
  '=': '!=',
  '!=': '=',
  '<': '>=',
  '<=': '>',
  '>': '<=',
  '>=': '<',
};

/**
 * The part of WHERE that the scan planner can test on whole files: column against constant by comparison, BETWEEN, IN,
 * IS NULL and the beginning of a text, years and other periods of dates, joined by AND, OR and NOT. All else stays out, and
 * DuckDB tests every row again either way, so leaving one out costs time only.
 *
 * @param columnsOf Columns of a FROM item that is a table of the lake, null for every other item.
 */
export function pushedPredicates(
  reference: TableReference,
  columnsOf: (item: TreeNode) => TableColumns | null,
): Filter[] {
  const { filter } = reference;
  const columns = columnsOf(reference.node);
  const renamesColumns = ((reference.node['column_name_alias'] as unknown[] | undefined)?.length ?? 0) > 0;
  if (filter === null || columns === null || renamesColumns) return [];

  /** The column of this reference that an expression is, or null. */
  const columnOf = (expression: unknown): { name: string; type: string } | null => {
    if (!isNode(expression) || expression['class'] !== 'COLUMN_REF') return null;
    const path = (expression['column_names'] as string[]).map((part) => part.toLowerCase());
    const name = path.at(-1)!;
    const column = columns.get(name) ?? null;
    if (path.length === 1) {
      const holders = filter.scope.filter((item) => columnsOf(item)?.has(name) === true);
      return holders.length === 1 && !filter.selectAliases.has(name) ? column : null;
    }
    const bearers = filter.scope.filter((item) => aliasOf(item) === path.at(-2));
    if (bearers.length !== 1 || bearers[0] !== reference.node) return null;
    return path.length === 2 || (path.length === 3 && path[0] === reference.schema.toLowerCase()) ? column : null;
  };
  // Rows that an outer join adds have NULL everywhere: only where there is no join does IS NULL speak of rows of files.
  const scope: Scope = { columnOf, mayBeNull: filter.scope.length === 1 };
  return filter.conjuncts.flatMap((conjunct) => filterOf(conjunct, false, scope) ?? []);
}

type ColumnOf = (expression: unknown) => { readonly name: string; readonly type: string } | null;

interface Scope {
  readonly columnOf: ColumnOf;
  readonly mayBeNull: boolean;
}

/** What must be known of a row for the condition, or for NOT of it, to be true; null when nothing is. */
function filterOf(node: TreeNode, isNegated: boolean, scope: Scope): Filter | null {
  const type = String(node['type']);
  if (type === 'CONJUNCTION_AND' || type === 'CONJUNCTION_OR') {
    const parts = (node['children'] as TreeNode[]).map((child) => filterOf(child, isNegated, scope));
    return (type === 'CONJUNCTION_AND') === isNegated ? anyOf(parts) : allOf(parts);
  }
  if (type === 'OPERATOR_NOT') return filterOf((node['children'] as TreeNode[])[0]!, !isNegated, scope);
  if (type === 'OPERATOR_IS_NULL' || type === 'OPERATOR_IS_NOT_NULL') {
    const column = scope.columnOf((node['children'] as TreeNode[])[0]);
    const op = (type === 'OPERATOR_IS_NULL') === isNegated ? 'is not null' : 'is null';
    return column === null || (op === 'is null' && !scope.mayBeNull) ? null : { column: column.name, op };
  }
  if (type === 'COMPARE_BETWEEN') {
    const lower = compared(node['input'], isNegated ? '<' : '>=', node['lower'], scope.columnOf);
    const upper = compared(node['input'], isNegated ? '>' : '<=', node['upper'], scope.columnOf);
    return isNegated ? anyOf([lower, upper]) : allOf([lower, upper]);
  }
  if (type === 'COMPARE_IN' || type === 'COMPARE_NOT_IN')
    return membership(node, (type === 'COMPARE_NOT_IN') !== isNegated, scope.columnOf);
  const operator = operators[type];
  if (node['class'] === 'COMPARISON' && operator !== undefined) {
    const actual = isNegated ? negated[operator] : operator;
    return (
      compared(node['left'], actual, node['right'], scope.columnOf) ??
      compared(node['right'], mirrored[actual], node['left'], scope.columnOf)
    );
  }
  return isNegated ? null : prefixFilter(node, scope.columnOf);
}

/** AND: what is not known of one part does not weaken the others. */
function allOf(parts: readonly (Filter | null)[]): Filter | null {
  const all = parts.filter((part) => part !== null);
  return all.length === 0 ? null : all.length === 1 ? all[0]! : { all };
}

/** OR: one part of which nothing is known says nothing of the whole. */
function anyOf(parts: readonly (Filter | null)[]): Filter | null {
  const any = parts.filter((part) => part !== null);
  return any.length < parts.length ? null : { any };
}

function compared(left: unknown, op: Operator, right: unknown, columnOf: ColumnOf): Filter | null {
  const column = columnOf(left);
  if (column === null) return periodPredicate(left, op, right, columnOf);
  const value = constantOf(right, column.type);
  return value === null ? null : { column: column.name, op, value };
}

function membership(node: TreeNode, isExcluded: boolean, columnOf: ColumnOf): Filter | null {
  const [tested, ...options] = node['children'] as TreeNode[];
  const column = columnOf(tested);
  if (column === null) return null;
  const values = options.map((option) => constantOf(option, column.type)).filter((value) => value !== null);
  if (values.length < options.length) return null;
  if (!isExcluded) return { column: column.name, op: 'in', value: values };
  return { all: values.map((value) => ({ column: column.name, op: '!=', value })) };
}

/** `plot_id LIKE 'a7%'` and `starts_with(plot_id, 'a7')`: texts from the prefix on, before the next one of its length. */
function prefixFilter(node: TreeNode, columnOf: ColumnOf): Filter | null {
  const call = functionName(node);
  if (!['~~', 'starts_with', '^@', 'prefix'].includes(call)) return null;
  const [tested, pattern] = node['children'] as TreeNode[];
  const column = columnOf(tested);
  const text = column?.type === 'string' ? constantOf(pattern, 'string') : null;
  if (column === null || typeof text !== 'string') return null;
  const prefix = call === '~~' ? text.split(/[%_]/)[0]! : text;
  if (prefix === '') return null;
  const next = truncatedUpperBound(`${prefix} `, Array.from(prefix).length);
  const from: Filter = { column: column.name, op: '>=', value: prefix };
  return next === null ? from : { all: [from, { column: column.name, op: '<', value: next }] };
}
