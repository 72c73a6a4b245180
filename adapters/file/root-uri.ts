/**
 * Engines take what follows `file://` for a path as it is and decode nothing: pyiceberg, Spark, Trino and DuckDB open
 * blanks and letters of any language, and no `%20`. Only what would end or change a URI's path is escaped.
 */
export function rootUriOf(folder: string): string {
  return `file://${folder.replace(/\/$/, '').replace(/[%#?\\|]|\p{Cc}| $/gu, encodeURIComponent)}`;
}
