import { TemporaryError } from '#core/errors.ts';

/** In one sentence, with the innermost cause: the library wraps errors in errors. */
export function kafkaError(error: unknown, what: string): TemporaryError {
  return new TemporaryError(`Expected Kafka to ${what}, got: ${innermost(error)}`, {}, error);
}

function innermost(error: unknown): string {
  const { errors, cause, message } = error as { errors?: unknown[]; cause?: unknown; message?: string };
  const inner = errors?.at(-1) ?? cause;
  if (inner !== undefined && inner !== null) return innermost(inner);
  return `${String(message ?? error).replace(/\.$/, '')}.`;
}

export function isUnknownTopic(error: unknown): boolean {
  // The library finds out by itself where it asks about topics, and has no name for it.
  return String(error).includes('Unknown topic') || idsOf(error).some((id) => id.startsWith('UNKNOWN_TOPIC'));
}

/** Whether Kafka's own name of what went wrong is among `ids`. */
export function hasErrorId(error: unknown, ids: readonly string[]): boolean {
  return idsOf(error).some((id) => ids.includes(id));
}

function idsOf(error: unknown): string[] {
  const { apiId, errors, cause } = (error ?? {}) as { apiId?: string; errors?: unknown[]; cause?: unknown };
  const inner = [...(errors ?? []), ...(cause === undefined ? [] : [cause])];
  return [...(apiId === undefined ? [] : [apiId]), ...inner.flatMap(idsOf)];
}
