import { CommitConflictError, FormatError } from '#core/errors.ts';
import { uriOf } from '#core/formats/iceberg/table-location.ts';
import type { NamespaceProperties } from '#core/ports/catalog.ts';
import { idPattern } from '#schemas/object-keys.ts';
import { HttpError } from './error-response.ts';
import {
  type HttpRequestParts,
  noContent,
  noSuchNamespace,
  pageOf,
  type RestContext,
  type RestResponse,
  unsupported,
  withToken,
} from './exchange.ts';
import { parseCreateNamespace, parseUpdateNamespace } from './request-shapes.ts';

/** Namespaces have one level: below any of them there is none. */
export async function namespaces(context: RestContext, request: HttpRequestParts): Promise<RestResponse> {
  if (request.method === 'POST') return createNamespace(context, request.body);
  if (request.method !== 'GET') throw unsupported(request);
  const parent = request.query.get('parent') ?? '';
  if (parent !== '') {
    await propertiesOf(context, parent);
    return { status: 200, body: { namespaces: [] } };
  }
  const { names, next } = pageOf(await context.catalog.listNamespaces(), request.query);
  return { status: 200, body: withToken({ namespaces: names.map((name) => [name]) }, next) };
}

async function createNamespace({ catalog }: RestContext, body: string): Promise<RestResponse> {
  const { namespace, properties } = parseCreateNamespace(body);
  const [name] = namespace;
  if (namespace.length !== 1 || !idPattern.test(name!))
    throw new FormatError(`Expected a namespace of one level in lower case, got ${namespace.join('.').slice(0, 160)}.`);
  if ((await catalog.loadNamespace(name!)) !== null)
    throw new HttpError(409, 'AlreadyExistsException', `Expected no namespace ${name}, got one.`);
  await catalog.createNamespace(name!, properties);
  return { status: 200, body: { namespace: [name], properties } };
}

export async function oneNamespace(
  context: RestContext,
  request: HttpRequestParts,
  namespace: string,
): Promise<RestResponse> {
  const properties = await propertiesOf(context, namespace);
  if (request.method === 'HEAD') return noContent;
  if (request.method === 'GET') {
    // Without it Trino leaves the place to the catalog, and then refuses it because the catalog's own file is there.
    const location = uriOf(context.warehouse, `tables/${namespace}`);
    return { status: 200, body: { namespace: [namespace], properties: { location, ...properties } } };
  }
  if (request.method !== 'DELETE') throw unsupported(request);
  try {
    await context.catalog.dropNamespace(namespace);
  } catch (error) {
    if (!(error instanceof CommitConflictError)) throw error;
    throw new HttpError(409, 'NamespaceNotEmptyException', error.message);
  }
  return noContent;
}

export async function namespaceProperties(
  context: RestContext,
  request: HttpRequestParts,
  namespace: string,
): Promise<RestResponse> {
  if (request.method !== 'POST') throw unsupported(request);
  const { updates, removals } = parseUpdateNamespace(request.body);
  const both = removals.find((name) => Object.hasOwn(updates, name));
  if (both !== undefined)
    throw new HttpError(422, 'UnprocessableEntityException', `Expected ${both} to be set or removed, got both.`);
  const before = await propertiesOf(context, namespace);
  await context.catalog.updateNamespace(namespace, { updates, removals });
  const removed = removals.filter((name) => Object.hasOwn(before, name));
  const missing = removals.filter((name) => !Object.hasOwn(before, name));
  return { status: 200, body: { updated: Object.keys(updates), removed, missing } };
}

/** @throws HttpError 404 for a name that no namespace has or can have. */
export async function propertiesOf({ catalog }: RestContext, namespace: string): Promise<NamespaceProperties> {
  const properties = idPattern.test(namespace) ? await catalog.loadNamespace(namespace) : null;
  if (properties === null) throw noSuchNamespace(namespace);
  return properties;
}
