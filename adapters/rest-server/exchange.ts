import { FormatError } from '#core/errors.ts';
import type { Catalog, TableIdentifier } from '#core/ports/catalog.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { HttpError } from './error-response.ts';

export interface RestContext {
  readonly catalog: Catalog;
  readonly warehouse: ObjectStore;
}

export interface HttpRequestParts {
  readonly method: string;
  /** Segments after `/v1`, decoded; the first may be a prefix. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  /** `If-None-Match`, absent: empty. */
  readonly ifNoneMatch: string;
  readonly body: string;
}

export interface RestResponse {
  readonly status: number;
  /** null: no content. */
  readonly body: object | null;
  readonly etag?: string;
}

export const noContent: RestResponse = { status: 204, body: null };

/**
 * One page of a sorted listing. Its token is the last name of the page before, so that names that come and go meanwhile
 * shift nothing. Without `pageToken` everything is one page.
 *
 * @throws FormatError for a page size that is no number above 0.
 * @source Apache Iceberg REST catalog OpenAPI, "PageToken"
 */
export function pageOf(names: readonly string[], query: URLSearchParams): { names: string[]; next: string | null } {
  const sorted = names.toSorted();
  const token = query.get('pageToken');
  if (token === null) return { names: sorted, next: null };
  const sizeText = query.get('pageSize') ?? String(Math.max(1, sorted.length));
  if (!/^[1-9]\d{0,8}$/.test(sizeText)) throw new FormatError('Expected a page size above 0, got another.');
  const size = Number(sizeText);
  const rest = sorted.filter((name) => name > token);
  const page = rest.slice(0, size);
  return { names: page, next: rest.length > size ? page.at(-1)! : null };
}

/** Clients take a missing token for the last page. */
export function withToken<T extends object>(body: T, next: string | null): T {
  return next === null ? body : { ...body, 'next-page-token': next };
}

export function noSuchTable({ namespace, name }: TableIdentifier): HttpError {
  return new HttpError(404, 'NoSuchTableException', `Expected a table, got ${`${namespace}.${name}`.slice(0, 160)}.`);
}

export function noSuchNamespace(namespace: string): HttpError {
  return new HttpError(404, 'NoSuchNamespaceException', `Expected a namespace, got ${namespace.slice(0, 80)}.`);
}

export function unsupported({ method, path }: Pick<HttpRequestParts, 'method' | 'path'>): HttpError {
  return new HttpError(
    406,
    'UnsupportedOperationException',
    `Expected an operation that this catalog offers (see /v1/config), got ${method} ${path.join('/').slice(0, 160)}.`,
  );
}
