import { createHash, randomUUID } from 'node:crypto';
import { CommitConflictError, FormatError, NotFoundError } from '#core/errors.ts';
import { newTableMetadata } from '#core/formats/iceberg/create-table.ts';
import { tableLocation } from '#core/formats/iceberg/table-location.ts';
import type { CreateTableRequest, TableMetadata } from '#core/formats/iceberg/table-metadata.ts';
import type { LoadedTable, TableIdentifier } from '#core/ports/catalog.ts';
import { idPattern } from '#schemas/object-keys.ts';
import { HttpError } from './error-response.ts';
import {
  type HttpRequestParts,
  noContent,
  noSuchTable,
  pageOf,
  type RestContext,
  type RestResponse,
  unsupported,
  withToken,
} from './exchange.ts';
import { propertiesOf } from './namespace-routes.ts';
import { parseCommit, parseCreateTable, parseRename, parseTransaction } from './request-shapes.ts';

export async function tablesOf(
  context: RestContext,
  request: HttpRequestParts,
  namespace: string,
): Promise<RestResponse> {
  await propertiesOf(context, namespace);
  if (request.method === 'POST') return createTable(context, namespace, parseCreateTable(request.body));
  if (request.method !== 'GET') throw unsupported(request);
  const tables = await context.catalog.listTables(namespace);
  const { names, next } = pageOf(
    tables.map(({ name }) => name),
    request.query,
  );
  const identifiers = names.map((name) => ({ namespace: [namespace], name }));
  return { status: 200, body: withToken({ identifiers }, next) };
}

async function createTable(
  context: RestContext,
  namespace: string,
  request: CreateTableRequest,
): Promise<RestResponse> {
  const identifier = { namespace, name: request.name };
  if (!idPattern.test(request.name))
    throw new FormatError(`Expected a table name in lower case, got ${JSON.stringify(request.name.slice(0, 80))}.`);
  try {
    if (request['stage-create'] !== true) return tableResponse(await context.catalog.createTable(identifier, request));
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
  request: CreateTableRequest,
): Promise<RestResponse> {
  if ((await context.catalog.loadTable(identifier)) !== null)
    throw new CommitConflictError(`Expected no table ${identifier.namespace}.${identifier.name}, got one.`);
  const location = request.location ?? tableLocation(context.warehouse, identifier);
  const metadata = newTableMetadata(request, { uuid: randomUUID(), location, nowMs: Date.now() });
  return { status: 200, body: { metadata: withoutNull(metadata), config: {} } };
}

export async function oneTable(
  context: RestContext,
  request: HttpRequestParts,
  identifier: TableIdentifier,
): Promise<RestResponse> {
  const { catalog } = context;
  if (!idPattern.test(identifier.namespace) || !idPattern.test(identifier.name)) throw noSuchTable(identifier);
  if (request.method === 'POST') return tableResponse(await catalog.commitTable(identifier, parseCommit(request.body)));
  if (request.method === 'DELETE') {
    // With purgeRequested too: files of a dropped table are maintenance's to remove, when nobody reads them any more.
    await catalog.dropTable(identifier);
    return noContent;
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') throw unsupported(request);
  const table = await catalog.loadTable(identifier);
  if (table === null) throw noSuchTable(identifier);
  if (request.method === 'HEAD') return noContent;
  const snapshots = request.query.get('snapshots') ?? 'all';
  if (snapshots !== 'all' && snapshots !== 'refs')
    throw new FormatError(`Expected snapshots "all" or "refs", got ${JSON.stringify(snapshots.slice(0, 40))}.`);
  const response = tableResponse(table, snapshots);
  return isKnown(response.etag!, request.ifNoneMatch) ? { status: 304, body: null, etag: response.etag! } : response;
}

export async function renameTable(context: RestContext, request: HttpRequestParts): Promise<RestResponse> {
  const { source, destination } = parseRename(request.body);
  for (const table of [source, destination]) await propertiesOf(context, table.namespace);
  if (!idPattern.test(source.name)) throw noSuchTable(source);
  if (!idPattern.test(destination.name))
    throw new FormatError(`Expected a table name in lower case, got ${JSON.stringify(destination.name.slice(0, 80))}.`);
  try {
    await context.catalog.renameTable(source, destination);
  } catch (error) {
    if (error instanceof NotFoundError) throw noSuchTable(source);
    if (!(error instanceof CommitConflictError)) throw error;
    throw new HttpError(409, 'AlreadyExistsException', error.message);
  }
  return noContent;
}

/** A transaction of one table is a commit. Of several there is none: no single write could publish them together. */
export async function transaction(context: RestContext, request: HttpRequestParts): Promise<RestResponse> {
  const changes = parseTransaction(request.body);
  const [change] = changes;
  if (changes.length !== 1 || change === undefined)
    throw new HttpError(
      501,
      'NotImplementedException',
      `Expected a transaction of one table, got ${changes.length}. Commit them one by one.`,
    );
  await context.catalog.commitTable(change.identifier, change.commit);
  return noContent;
}

function tableResponse({ metadata, metadataLocation }: LoadedTable, snapshots: 'all' | 'refs' = 'all'): RestResponse {
  const shown = snapshots === 'all' ? metadata : withReferencedSnapshots(metadata);
  const body = { 'metadata-location': metadataLocation, metadata: withoutNull(shown), config: {} };
  // A metadata file never changes: its name is its version.
  const hash = createHash('sha256').update(`${metadataLocation}\n${snapshots}`).digest('hex').slice(0, 32);
  return { status: 200, body, etag: `"${hash}"` };
}

function withReferencedSnapshots(metadata: TableMetadata): TableMetadata {
  const referenced = new Set(Object.values(metadata.refs).map((ref) => ref['snapshot-id']));
  return { ...metadata, snapshots: metadata.snapshots.filter((snapshot) => referenced.has(snapshot['snapshot-id'])) };
}

function isKnown(etag: string, ifNoneMatch: string): boolean {
  return ifNoneMatch.split(',').some((each) => each.trim().replace(/^W\//, '') === etag);
}

/** Metadata leaves a missing current snapshot out instead of saying null. */
function withoutNull(metadata: TableMetadata): object {
  const { 'current-snapshot-id': current, ...rest } = metadata;
  return current === null ? rest : metadata;
}
