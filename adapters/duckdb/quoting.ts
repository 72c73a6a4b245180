/** Text from outside reaches SQL through these two functions and no other way. */

/** A name as a DuckDB identifier. DuckDB has no escape inside double quotes but the doubled quote. */
export function identifier(name: string): string {
  return `"${withoutNul(name).replaceAll('"', '""')}"`;
}

/** Text as a DuckDB string literal. Backslashes are plain characters in it. */
export function literal(text: string): string {
  return `'${withoutNul(text).replaceAll("'", "''")}'`;
}

/** DuckDB's parser ends its input at NUL, which would cut a statement short. */
function withoutNul(text: string): string {
  return text.replaceAll('\0', '\ufffd');
}
