import {
  CommitConflictError,
  CommitStateUnknownError,
  ConfigurationError,
  type CubelakeError,
  FormatError,
  NotFoundError,
  TemporaryError,
} from '#core/errors.ts';
import type { HttpResponse } from './transport.ts';

/** What of a request a message may name: never its headers or body. */
export interface Asked {
  readonly method: string;
  /** Without query. */
  readonly path: string;
  /** Whether the server may have changed something. */
  readonly isMutation: boolean;
}

/**
 * The error for an answer other than success. After a mutation every status from 500 on leaves its outcome open: a proxy
 * says 503 as well for a request that reached the catalog.
 * @source Apache Iceberg REST catalog OpenAPI, "updateTable" responses
 */
export function answerError(response: HttpResponse, asked: Asked): CubelakeError {
  const { status } = response;
  // Catalogs that refuse a token may repeat it.
  const said = status === 401 || status === 419 ? '' : saidIn(response.body);
  const what = `${asked.method} ${asked.path}`;
  const got = `got ${status}${said === '' ? '' : ` "${said}"`} (${what})`;
  const fields = { status, request: what };
  if (status === 409) return new CommitConflictError(`Expected no newer state in the catalog, ${got}.`, fields);
  if (status === 404) return new NotFoundError(`Expected what the catalog was asked for, ${got}.`, fields);
  if (status === 401 || status === 419)
    return new ConfigurationError(`Expected valid credentials for the catalog, ${got}. Check or renew them.`, fields);
  if (status === 403)
    return new ConfigurationError(`Expected permission in the catalog, ${got}. Ask its owner for it.`, fields);
  if (status === 429) return new TemporaryError(`Expected a catalog with time, ${got}. Try again later.`, fields);
  if (status === 406 || status === 501)
    return new ConfigurationError(`Expected a catalog that offers this, ${got}. Take another catalog.`, fields);
  if (status >= 300 && status < 400)
    return new ConfigurationError(`Expected the catalog itself, ${got}. Give the address that it leads to.`, fields);
  if (status >= 500 || status === 408) return asked.isMutation ? unknownOutcome(asked, got) : temporary(got, fields);
  return new FormatError(`Expected a request that the catalog takes, ${got}.`, fields);
}

/** No answer, or one that breaks off. */
export function noAnswer(asked: Asked, wasSent: boolean, cause: unknown): CubelakeError {
  const what = `${asked.method} ${asked.path}`;
  if (asked.isMutation && wasSent) return unknownOutcome(asked, `got none (${what})`, cause);
  return new TemporaryError(
    `Expected an answer of the catalog, got none (${what}). Try again later.`,
    { request: what },
    cause,
  );
}

export function unknownOutcome(asked: Asked, got: string, cause?: unknown): CommitStateUnknownError {
  return new CommitStateUnknownError(
    `Expected an answer of the catalog, ${got}. What was asked may have happened: read it back.`,
    { request: `${asked.method} ${asked.path}` },
    cause,
  );
}

function temporary(got: string, fields: { status: number; request: string }): TemporaryError {
  return new TemporaryError(`Expected an answer of the catalog, ${got}. Try again later.`, fields);
}

/** The catalog's own sentence, cut. Only the member that the protocol has for it: pages of proxies say nothing. */
function saidIn(body: string): string {
  try {
    const { error } = JSON.parse(body) as { error?: { message?: unknown; type?: unknown } };
    const said = [error?.type, error?.message].filter((part) => typeof part === 'string' && part !== '');
    return said.join(': ').replace(/\s+/g, ' ').slice(0, 300);
  } catch {
    return '';
  }
}
