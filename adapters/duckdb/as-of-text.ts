/** One word, symbol or literal of a query, with its place in the text. */
interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Strings, quoted names, comments, dollar quotes, names and numbers, then any other character. */
const tokenPattern =
  /(--[^\n]*|\/\*[\s\S]*?\*\/|\s+)|('(?:[^']|'')*'|"(?:[^"]|"")*"|(\$\w*\$)[\s\S]*?\3|[A-Za-z_][\w$]*|\d[\w.]*|=>|[\s\S])/gy;

/** Words that may follow a table in FROM and so are no alias of it. */
const afterTable = new Set(
  'where group order having limit offset union intersect except join inner left right full cross natural on using window qualify asof positional semi anti lateral tablesample sample at for pivot unpivot as set fetch'.split(
    ' ',
  ),
);

/**
 * Rewrites the ways in which other engines ask for an earlier state of a table into the one that DuckDB parses:
 * `FOR VERSION AS OF x`, `FOR TIMESTAMP AS OF t`, the same without FOR, `FOR SYSTEM_TIME AS OF t`, `AT (TAG => 'x')` and
 * `AT (BRANCH => 'x')` become `AT (VERSION => x)` and `AT (TIMESTAMP => t)` after the alias. Text in strings, quoted
 * names and comments stays as it is. What is not of this form is left for the parser to judge.
 *
 * @source SQL:2011 temporal tables; Apache Iceberg documentation, "Spark queries: time travel"
 */
export function withAtClauses(sql: string): string {
  if (!/\bas\s+of\b|\bat\b/i.test(sql)) return sql;
  const tokens = tokensOf(sql);
  let text = '';
  let done = 0;
  for (let position = 0; position < tokens.length; position++) {
    const clause = asOfClause(tokens, position) ?? atClause(tokens, position);
    if (clause === null) continue;
    const alias = aliasAfter(tokens, clause.next);
    const last = tokens[alias.next - 1]!;
    text += `${sql.slice(done, tokens[position]!.start)}${alias.text}AT (${clause.unit} => ${clause.value})`;
    done = last.end;
    position = alias.next - 1;
  }
  return text + sql.slice(done);
}

interface Clause {
  readonly unit: 'VERSION' | 'TIMESTAMP';
  readonly value: string;
  /** First token behind it. */
  readonly next: number;
}

/** `[FOR] VERSION AS OF 5`, `FOR TIMESTAMP AS OF TIMESTAMP '...'` and their like. */
function asOfClause(tokens: readonly Token[], position: number): Clause | null {
  const start = wordAt(tokens, position) === 'for' ? position + 1 : position;
  const unit = { version: 'VERSION', system_version: 'VERSION', timestamp: 'TIMESTAMP', system_time: 'TIMESTAMP' }[
    wordAt(tokens, start)
  ] as Clause['unit'] | undefined;
  if (unit === undefined || wordAt(tokens, start + 1) !== 'as' || wordAt(tokens, start + 2) !== 'of') return null;
  let end = start + 3;
  if (wordAt(tokens, end) === 'timestamp') end++;
  const value = tokens[end]?.text ?? '';
  if (!/^('|\d)/.test(value)) return null;
  return { unit, value, next: end + 1 };
}

/** `AT (TAG => 'x')`, `AT (BRANCH => 'x')`, and DuckDB's own clause before an alias. */
function atClause(tokens: readonly Token[], position: number): Clause | null {
  if (wordAt(tokens, position) !== 'at' || tokens[position + 1]?.text !== '(') return null;
  const kind = wordAt(tokens, position + 2);
  if (!['tag', 'branch', 'version', 'timestamp'].includes(kind) || tokens[position + 3]?.text !== '=>') return null;
  const hasCast = wordAt(tokens, position + 4) === 'timestamp';
  const end = position + (hasCast ? 5 : 4);
  const value = tokens[end]?.text ?? '';
  if (!/^('|\d)/.test(value) || tokens[end + 1]?.text !== ')') return null;
  const isNamed = kind === 'tag' || kind === 'branch';
  const unit = kind === 'timestamp' ? 'TIMESTAMP' : 'VERSION';
  return { unit, value: isNamed ? `'${kind}:${value.replace(/^'|'$/g, '')}'` : value, next: end + 2 };
}

/** An alias that stands behind the clause, where DuckDB wants it before. */
function aliasAfter(tokens: readonly Token[], position: number): { readonly text: string; readonly next: number } {
  const hasAs = wordAt(tokens, position) === 'as';
  const name = tokens[hasAs ? position + 1 : position]?.text ?? '';
  const isName = /^["A-Za-z_]/.test(name) && (hasAs || !afterTable.has(name.toLowerCase()));
  return isName ? { text: `AS ${name} `, next: position + (hasAs ? 2 : 1) } : { text: '', next: position };
}

function wordAt(tokens: readonly Token[], position: number): string {
  return tokens[position]?.text.toLowerCase() ?? '';
}

function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  for (const match of sql.matchAll(tokenPattern)) {
    if (match[1] === undefined) tokens.push({ text: match[0], start: match.index, end: match.index + match[0].length });
  }
  return tokens;
}
