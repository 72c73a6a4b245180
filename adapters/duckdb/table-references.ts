import { ConfigurationError } from '#core/errors.ts';
import { isNode, type TreeNode, walkTree } from './query-tree.ts';

/** One place in a query that names a table with a schema: `silver.reflectance`, with or without AT. */
export interface TableReference {
  readonly schema: string;
  readonly table: string;
  /** The name by which columns are qualified. */
  readonly alias: string;
  readonly at: SnapshotChoice | null;
  /** Conjuncts of WHERE that every row of this reference must fulfil, and the scope that names columns in them. */
  readonly filter: ReferenceFilter | null;
  /** The node of the parse tree, for rewriting. */
  readonly node: TreeNode;
}

export type SnapshotChoice =
  | { readonly snapshotId: bigint }
  | { readonly timeMs: number }
  /** A tag or branch; `kind` where the query says which. */
  | { readonly reference: string; readonly kind: 'tag' | 'branch' | null };

export interface ReferenceFilter {
  readonly conjuncts: readonly TreeNode[];
  /** All items of the FROM clause that the conjuncts see. */
  readonly scope: readonly TreeNode[];
  /** Names that the SELECT list gives to its expressions: DuckDB lets WHERE use them. */
  readonly selectAliases: ReadonlySet<string>;
}

/** Every reference with a schema name, in the order of the tree. Names of WITH clauses have no schema. */
export function tableReferences(tree: TreeNode): TableReference[] {
  const filters = new Map<TreeNode, ReferenceFilter>();
  const tables: TreeNode[] = [];
  walkTree(tree, (node) => {
    if (node['type'] === 'SELECT_NODE') addFilters(node, filters);
    if (node['type'] === 'BASE_TABLE' && node['schema_name'] !== '') tables.push(node);
  });
  return tables.map((node) => ({
    schema: String(node['schema_name']),
    table: String(node['table_name']),
    alias: aliasOf(node),
    at: snapshotChoice(node['at_clause']),
    filter: filters.get(node) ?? null,
    node,
  }));
}

/** True when the query asks DuckDB which tables there are: SHOW, information_schema, duckdb_views() and their like. */
export function asksForTables(tree: TreeNode): boolean {
  let asks = false;
  walkTree(tree, (node) => {
    if (node['type'] === 'SHOW_REF' && node['query'] === null) asks = true;
    if (node['type'] === 'TABLE_FUNCTION') asks ||= /^(duckdb|pragma)_/.test(functionName(node));
    if (node['type'] === 'BASE_TABLE') asks ||= /^(information_schema|pg_catalog)$/i.test(String(node['schema_name']));
  });
  return asks;
}

function functionName(node: TreeNode): string {
  return isNode(node['function']) ? String(node['function']['function_name']).toLowerCase() : '';
}

export function aliasOf(item: TreeNode): string {
  const alias = String(item['alias'] ?? '');
  return (alias === '' ? String(item['table_name'] ?? '') : alias).toLowerCase();
}

function addFilters(select: TreeNode, filters: Map<TreeNode, ReferenceFilter>): void {
  const scope: TreeNode[] = [];
  if (!isNode(select['where_clause']) || select['sample'] !== null || !fromItems(select['from_table'], scope)) return;
  const conjuncts: TreeNode[] = [];
  splitConjunction(select['where_clause'], conjuncts);
  const selectAliases = new Set<string>();
  for (const item of select['select_list'] as TreeNode[]) selectAliases.add(String(item['alias']).toLowerCase());
  selectAliases.delete('');
  for (const item of scope) filters.set(item, { conjuncts, scope, selectAliases });
}

/**
 * Items of a FROM clause for which a comparison in WHERE may be tested before the join. Comparisons reject NULL, so
 * that holds for inner and outer joins alike; not for ASOF and POSITIONAL joins, where a missing row changes which
 * other row is met, and not for samples.
 */
function fromItems(from: unknown, items: TreeNode[]): boolean {
  if (!isNode(from)) return false;
  if (from['sample'] !== null && from['sample'] !== undefined) return false;
  if (from['type'] !== 'JOIN') {
    items.push(from);
    return true;
  }
  if (!['REGULAR', 'NATURAL', 'CROSS', 'DEPENDENT'].includes(String(from['ref_type']))) return false;
  if (!['INNER', 'LEFT', 'RIGHT', 'FULL', 'OUTER'].includes(String(from['join_type']))) return false;
  return fromItems(from['left'], items) && fromItems(from['right'], items);
}

function splitConjunction(node: TreeNode, conjuncts: TreeNode[]): void {
  if (node['type'] === 'CONJUNCTION_AND') {
    for (const child of node['children'] as TreeNode[]) splitConjunction(child, conjuncts);
  } else {
    conjuncts.push(node);
  }
}

/**
 * `AT (VERSION => 123)`, `AT (VERSION => 'tag')` or `AT (TIMESTAMP => '2026-05-01 12:00:00')`; times without an offset are
 * UTC. as-of-text.ts brings the other spellings into this one.
 */
function snapshotChoice(at: unknown): SnapshotChoice | null {
  if (!isNode(at)) return null;
  const inner = isNode(at['expr']) && at['expr']['class'] === 'CAST' ? at['expr']['child'] : at['expr'];
  const value = isNode(inner) && isNode(inner['value']) ? inner['value']['value'] : undefined;
  if (at['unit'] === 'VERSION') {
    const text = String(value ?? '');
    const named = /^(?:(tag|branch):)?(.+)$/s.exec(text);
    if (/^\d+$/.test(text)) return { snapshotId: BigInt(text) };
    if (typeof value === 'string' && named !== null)
      return { reference: named[2]!, kind: (named[1] ?? null) as 'tag' | 'branch' | null };
  }
  if (at['unit'] === 'TIMESTAMP' && typeof value === 'string') {
    const timeMs = utcTimeMs(value);
    if (!Number.isNaN(timeMs)) return { timeMs };
  }
  throw new ConfigurationError(
    `Expected a snapshot id, the name of a tag or branch, or a time as 'yyyy-mm-dd hh:mm:ss', got AT (${at['unit']} => ${String(value)}). Write FOR VERSION AS OF or FOR TIMESTAMP AS OF; list snapshots with: SELECT * FROM lake.snapshots`,
  );
}

/** A time as people write it, without an offset UTC; NaN for other text. */
export function utcTimeMs(text: string): number {
  const iso = text.trim().replace(' ', 'T');
  if (/^\d{4}-\d{2}-\d{2}$/.test(iso)) return Date.parse(`${iso}T00:00:00Z`);
  return Date.parse(/(Z|[+-]\d{2}(:?\d{2})?)$/i.test(iso) ? iso.replace(/([+-]\d{2})$/, '$1:00') : `${iso}Z`);
}
