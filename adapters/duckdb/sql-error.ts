import { ConfigurationError, CubelakeError, TemporaryError } from '#core/errors.ts';

/**
 * DuckDB's own sentence as one of our errors: what the user wrote is a ConfigurationError, a full memory or a failing
 * disk may pass and is a TemporaryError.
 */
export function sqlError(cause: unknown): CubelakeError {
  if (cause instanceof CubelakeError) return cause;
  const sentence = sentenceOf(cause instanceof Error ? cause.message : String(cause));
  if (/^(Out of Memory|IO) Error/i.test(sentence)) {
    return new TemporaryError(
      `Expected the query to finish, got "${sentence}". Ask for fewer rows or columns, or try again.`,
    );
  }
  if (/^INTERRUPT Error|was aborted/i.test(sentence))
    return new TemporaryError('Expected the query to finish, but it was stopped.');
  if (/^Permission Error|has been locked/i.test(sentence)) {
    return new ConfigurationError(
      `Expected a query over the tables of the lake, got one that reaches outside: ${sentence}`,
    );
  }
  const unknown = /Table with name (.+) does not exist!/.exec(sentence)?.[1];
  if (unknown !== undefined) {
    return new ConfigurationError(
      `Expected a table of the lake with its schema, as in silver.reflectance, got "${unknown}". SHOW ALL TABLES lists them.`,
    );
  }
  return new ConfigurationError(
    `Expected a query that DuckDB understands, got: ${sentence.replaceAll(/\s*\n\s*/g, ' ')}`,
  );
}

/** Without the drawing of the statement that DuckDB adds below its sentence. */
function sentenceOf(message: string): string {
  return message.split(/\n\s*\nLINE \d+:/)[0]!.trim();
}
