import type { Predicate } from '#core/formats/iceberg/scan.ts';
import { isCalendarDate } from '#schemas/object-keys.ts';
import { isNode, type TreeNode } from './query-tree.ts';
import { aliasOf, type TableReference } from './table-references.ts';

/** Columns of one table, lower-case name -> Iceberg type and real name. */
export type TableColumns = ReadonlyMap<string, { readonly name: string; readonly type: string }>;

type Operator = Exclude<Predicate['op'], 'in'>;

const operators: Readonly<Record<string, Operator>> = {
  COMPARE_EQUAL: '=',
  COMPARE_LESSTHAN: '<',
  COMPARE_LESSTHANOREQUALTO: '<=',
  COMPARE_GREATERTHAN: '>',
  COMPARE_GREATERTHANOREQUALTO: '>=',
};

const mirrored: Readonly<Record<Operator, Operator>> = { '=': '=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/**
 * The part of WHERE that the scan planner can test on whole files: column against constant by =, <, <=, >, >=, BETWEEN
 * and IN. All else stays out, and DuckDB tests every row again either way, so leaving one out costs time only.
 *
 * @param columnsOf Columns of a FROM item that is a table of the lake, null for every other item.
 */
export function pushedPredicates(
  reference: TableReference,
  columnsOf: (item: TreeNode) => TableColumns | null,
): Predicate[] {
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
  return filter.conjuncts.flatMap((conjunct) => predicatesOf(conjunct, columnOf));
}

function predicatesOf(
  conjunct: TreeNode,
  columnOf: (expression: unknown) => { name: string; type: string } | null,
): Predicate[] {
  const type = String(conjunct['type']);
  const operator = operators[type];
  if (conjunct['class'] === 'COMPARISON' && operator !== undefined) {
    const left = columnOf(conjunct['left']);
    if (left !== null) return comparison(left, operator, conjunct['right']);
    const right = columnOf(conjunct['right']);
    return right === null ? [] : comparison(right, mirrored[operator], conjunct['left']);
  }
  if (type === 'COMPARE_BETWEEN') {
    const column = columnOf(conjunct['input']);
    if (column === null) return [];
    return [...comparison(column, '>=', conjunct['lower']), ...comparison(column, '<=', conjunct['upper'])];
  }
  if (type === 'COMPARE_IN') {
    const [tested, ...options] = conjunct['children'] as TreeNode[];
    const column = columnOf(tested);
    const values = column === null ? [null] : options.map((option) => constantOf(option, column.type));
    if (column === null || values.includes(null)) return [];
    return [{ column: column.name, op: 'in', value: values as (string | number | bigint)[] }];
  }
  return [];
}

function comparison(column: { name: string; type: string }, op: Operator, constant: unknown): Predicate[] {
  const value = constantOf(constant, column.type);
  return value === null ? [] : [{ column: column.name, op, value }];
}

/** The value of a constant whose type is exactly the column's, so that no cast of the column can hide in the comparison. */
function constantOf(expression: unknown, columnType: string): string | number | bigint | null {
  if (!isNode(expression)) return null;
  if (expression['class'] === 'CAST') {
    const target = isNode(expression['cast_type']) ? expression['cast_type']['id'] : null;
    return target === 'DATE' && columnType === 'date' ? constantOf(expression['child'], columnType) : null;
  }
  const constant = expression['value'];
  if (expression['class'] !== 'CONSTANT' || !isNode(constant) || constant['is_null'] === true) return null;
  const value = constant['value'];
  const constantType = isNode(constant['type']) ? String(constant['type']['id']) : '';
  if (typeof value === 'string') {
    if (constantType !== 'VARCHAR') return null;
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

/** A decimal constant arrives as its digits without the point; one division by an exact power of ten rounds once, as DuckDB's cast does. */
function decimalOf(digits: number, type: TreeNode): number | null {
  const scale = isNode(type['type_info']) ? Number(type['type_info']['scale']) : Number.NaN;
  return Number.isSafeInteger(digits) && scale <= 22 ? digits / 10 ** scale : null;
}
