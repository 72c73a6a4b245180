import { randomUUID } from 'node:crypto';
import { CommitConflictError, FormatError } from '#core/errors.ts';
import { newTableMetadata } from '#core/formats/iceberg/create-table.ts';
import { tableLocation } from '#core/formats/iceberg/table-location.ts';
import type { TableMetadata } from '#core/formats/iceberg/table-metadata.ts';
import type { Catalog, LoadedTable, TableIdentifier } from '#core/ports/catalog.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { idPattern } from '#schemas/object-keys.ts';
import { HttpError } from './error-response.ts';
import { parseCommit, parseCreateNamespace, parseCreateTable } from './request-shapes.ts';

export interface RestContext {
  readonly catalog: Catalog;
  readonly warehouse: ObjectStore;
}

export interface RestResponse {
  readonly status: number;
  /** null: no content. */
  readonly body: object | null;
}

/** What clients may call; they look here before they try views, scans on the server or transactions of many tables. */
const endpoints = [
  'GET /v1/{prefix}/namespaces',
  'POST /v1/{prefix}/namespaces',
  'GET /v1/{prefix}/namespaces/{namespace}',
  'HEAD /v1/{prefix}/namespaces/{namespace}',
  'GET /v1/{prefix}/namespaces/{namespace}/tables',
  'POST /v1/{prefix}/namespaces/{namespace}/tables',
  'GET /v1/{prefix}/namespaces/{namespace}/tables/{table}',
  'HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}',
  'POST /v1/{prefix}/namespaces/{namespace}/tables/{table}',
  'DELETE /v1/{prefix}/namespaces/{namespace}/tables/{table}',
  'POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/metrics',
];

const noContent: RestResponse = { status: 204, body: null };

/**
 * Answers one request.
 * @param path Segments after `/v1`, decoded; a prefix before `namespaces` is skipped.
 * @throws HttpError and the errors of the catalog.
 */
export async function answer(
  context: RestContext,
  method: string,
  path: readonly string[],
  body: string,
): Promise<RestResponse> {
  if (path.length === 1 && path[0] === 'config') return configuration(method);
  const start = path[0] === 'namespaces' ? 0 : 1;
  if (path[start] !== 'namespaces') throw unsupported(method, path);
  const [, namespace, tables, table, action, ...more] = path.slice(start);
  if (more.length > 0 || (tables !== undefined && tables !== 'tables')) throw unsupported(method, path);
  if (namespace === undefined) return namespaces(context, method, body);
  if (tables === undefined) return oneNamespace(context, method, namespace);
  if (table === undefined) return tablesOf(context, method, namespace, body);
  const identifier = { namespace, name: table };
  if (action === undefined) return oneTable(context, method, identifier, body);
  // Scan reports are welcome and not kept.
  if (action === 'metrics' && method === 'POST') return noContent;
  throw unsupported(method, path);
}

function configuration(method: string): RestResponse {
  if (method !== 'GET') throw unsupported(method, ['config']);
  return { status: 200, body: { defaults: {}, overrides: {}, endpoints } };
}

async function namespaces({ catalog }: RestContext, method: string, body: string): Promise<RestResponse> {
  if (method === 'GET') {
    const names = await catalog.listNamespaces();
    return { status: 200, body: { namespaces: names.map((name) => [name]) } };
  }
  if (method !== 'POST') throw unsupported(method, ['namespaces']);
  const { namespace } = parseCreateNamespace(body);
  const [name] = namespace;
  if (namespace.length !== 1 || !idPattern.test(name!))
    throw new FormatError(`Expected a namespace of one level in lower case, got ${namespace.join('.')}.`);
  if ((await catalog.listNamespaces()).includes(name!))
    throw new HttpError(409, 'AlreadyExistsException', `Expected no namespace ${name}, got one.`);
  await catalog.createNamespace(name!);
  return { status: 200, body: { namespace: [name], properties: {} } };
}

async function oneNamespace(context: RestContext, method: string, namespace: string): Promise<RestResponse> {
  await needNamespace(context, namespace);
  if (method === 'HEAD') return noContent;
  if (method === 'GET') return { status: 200, body: { namespace: [namespace], properties: {} } };
  throw unsupported(method, ['namespaces', namespace]);
}

async function tablesOf(context: RestContext, method: string, namespace: string, body: string): Promise<RestResponse> {
  await needNamespace(context, namespace);
  if (method === 'GET') {
    const tables = await context.catalog.listTables(namespace);
    return { status: 200, body: { identifiers: tables.map(({ name }) => ({ namespace: [namespace], name })) } };
  }
  if (method !== 'POST') throw unsupported(method, ['namespaces', namespace, 'tables']);
  const request = parseCreateTable(body);
  const identifier = { namespace, name: request.name };
  if (!idPattern.test(request.name))
    throw new FormatError(`Expected a table name in lower case, got ${JSON.stringify(request.name.slice(0, 80))}.`);
  try {
    if (request['stage-create'] !== true) return tableBody(await context.catalog.createTable(identifier, request));
    return await stagedTable(context, identifier, request);
  } catch (error) {
    if (!(error instanceof CommitConflictError)) throw error;
    throw new HttpError(409, 'AlreadyExistsException', error.message);
  }
}

/** Metadata for a client that will commit it with `assert-create` together with its first rows. */
async function stagedTable(
  context: RestContext,
  identifier: TableIdentifier,
  request: Parameters<typeof newTableMetadata>[0],
): Promise<RestResponse> {
  if ((await context.catalog.loadTable(identifier)) !== null)
    throw new CommitConflictError(`Expected no table ${identifier.namespace}.${identifier.name}, got one.`);
  const location = tableLocation(context.warehouse, identifier);
  const metadata = newTableMetadata(request, { uuid: randomUUID(), location, nowMs: Date.now() });
  return { status: 200, body: { metadata: withoutNull(metadata), config: {} } };
}

async function oneTable(
  { catalog }: RestContext,
  method: string,
  identifier: TableIdentifier,
  body: string,
): Promise<RestResponse> {
  if (!idPattern.test(identifier.namespace) || !idPattern.test(identifier.name)) throw noSuchTable(identifier);
  if (method === 'POST') return tableBody(await catalog.commitTable(identifier, parseCommit(body)));
  if (method === 'DELETE') {
    await catalog.dropTable(identifier);
    return noContent;
  }
  if (method !== 'GET' && method !== 'HEAD') throw unsupported(method, ['tables', identifier.name]);
  const table = await catalog.loadTable(identifier);
  if (table === null) throw noSuchTable(identifier);
  return method === 'HEAD' ? noContent : tableBody(table);
}

function tableBody({ metadata, metadataLocation }: LoadedTable): RestResponse {
  return {
    status: 200,
    body: { 'metadata-location': metadataLocation, metadata: withoutNull(metadata), config: {} },
  };
}

/** Metadata leaves a missing current snapshot out instead of saying null. */
function withoutNull(metadata: TableMetadata): object {
  const { 'current-snapshot-id': current, ...rest } = metadata;
  return current === null ? rest : metadata;
}

async function needNamespace({ catalog }: RestContext, namespace: string): Promise<void> {
  const isKnown = idPattern.test(namespace) && (await catalog.listNamespaces()).includes(namespace);
  if (!isKnown)
    throw new HttpError(404, 'NoSuchNamespaceException', `Expected a namespace, got ${namespace.slice(0, 80)}.`);
}

function noSuchTable({ namespace, name }: TableIdentifier): HttpError {
  return new HttpError(404, 'NoSuchTableException', `Expected a table, got ${`${namespace}.${name}`.slice(0, 160)}.`);
}

function unsupported(method: string, path: readonly string[]): HttpError {
  return new HttpError(
    406,
    'UnsupportedOperationException',
    `Expected an operation that this catalog offers (see /v1/config), got ${method} ${path.join('/').slice(0, 160)}.`,
  );
}
