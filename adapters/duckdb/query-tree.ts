import type { DuckDBConnection } from '@duckdb/node-api';
import { ConfigurationError } from '#core/errors.ts';
import { formatJson, parseJson } from '#core/formats/iceberg/json-int64.ts';
import { literal } from './quoting.ts';
import { sqlError } from './sql-error.ts';

/** One object of DuckDB's own parse tree. */
export type TreeNode = { [field: string]: unknown };

export interface ParsedQuery {
  /** `EXPLAIN ` or `EXPLAIN ANALYZE ` as the user wrote it, else empty. */
  readonly prefix: string;
  /** The statement without the prefix. */
  readonly text: string;
  readonly tree: TreeNode;
}

const explainPattern = /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*(explain\s+(?:analyze\s+)?(?:\(\s*format\s+\w+\s*\)\s*)?)/i;

/**
 * Parses one statement with DuckDB's own parser, which serializes SELECT statements only (with WITH, UNION, DESCRIBE,
 * SHOW and SUMMARIZE, which are SELECTs to it): COPY, ATTACH, SET, INSERT and their like end here.
 *
 * @throws ConfigurationError for a syntax error, another kind of statement or more than one. Disposition: stop.
 */
export async function parseQuery(connection: DuckDBConnection, sql: string): Promise<ParsedQuery> {
  const explain = explainPattern.exec(sql);
  const text = explain === null ? sql : sql.slice(explain[0].length);
  const serialized = await scalar(connection, `SELECT json_serialize_sql(${literal(text)})`);
  // Integers that a double cannot hold (64-bit ids, DuckDB's "no position") stay whole as bigint.
  const parsed = parseJson(serialized, 'parse tree') as TreeNode;
  if (parsed['error'] === true) throw refusal(parsed);
  const statements = parsed['statements'] as TreeNode[];
  if (statements.length !== 1) {
    throw new ConfigurationError(`Expected one SQL statement, got ${statements.length}. Send them one by one.`);
  }
  return { prefix: explain?.[1] ?? '', text, tree: parsed };
}

/** The SQL of a parse tree that was changed. */
export async function queryText(connection: DuckDBConnection, tree: TreeNode): Promise<string> {
  return scalar(connection, `SELECT json_deserialize_sql(${literal(formatJson(tree))})`);
}

/** Calls `visit` for every object of the tree, parents first. */
export function walkTree(value: unknown, visit: (node: TreeNode) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) walkTree(item, visit);
  } else if (isNode(value)) {
    visit(value);
    for (const child of Object.values(value)) walkTree(child, visit);
  }
}

export function isNode(value: unknown): value is TreeNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function scalar(connection: DuckDBConnection, sql: string): Promise<string> {
  try {
    const reader = await connection.runAndReadAll(sql);
    return String(reader.getRows()[0]?.[0]);
  } catch (cause) {
    throw sqlError(cause);
  }
}

function refusal(parsed: TreeNode): ConfigurationError {
  if (parsed['error_type'] === 'not implemented') {
    return new ConfigurationError(
      'Expected a SELECT statement (also WITH, UNION, EXPLAIN, DESCRIBE, SHOW, SUMMARIZE), got another kind. SQL only reads the lake; tables are written by ingesting.',
    );
  }
  const position = Number(parsed['position']);
  const where = Number.isFinite(position) ? ` at character ${position + 1}` : '';
  return new ConfigurationError(`Expected a query that DuckDB understands, got: ${parsed['error_message']}${where}`);
}
