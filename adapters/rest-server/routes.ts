import { type HttpRequestParts, noContent, type RestContext, type RestResponse, unsupported } from './exchange.ts';
import { namespaceProperties, namespaces, oneNamespace } from './namespace-routes.ts';
import { oneTable, renameTable, tablesOf, transaction } from './table-routes.ts';

/** What clients may call; they look here before they try views, scans on the server or transactions of many tables. */
const endpoints = [
  'GET /v1/{prefix}/namespaces',
  'POST /v1/{prefix}/namespaces',
  'GET /v1/{prefix}/namespaces/{namespace}',
  'HEAD /v1/{prefix}/namespaces/{namespace}',
  'DELETE /v1/{prefix}/namespaces/{namespace}',
  'POST /v1/{prefix}/namespaces/{namespace}/properties',
  'GET /v1/{prefix}/namespaces/{namespace}/tables',
  'POST /v1/{prefix}/namespaces/{namespace}/tables',
  'GET /v1/{prefix}/namespaces/{namespace}/tables/{table}',
  'HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}',
  'POST /v1/{prefix}/namespaces/{namespace}/tables/{table}',
  'DELETE /v1/{prefix}/namespaces/{namespace}/tables/{table}',
  'POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/metrics',
  'POST /v1/{prefix}/tables/rename',
];

/** ISO 8601, as the protocol has it: how long a repeated request is recognised by its key. */
const idempotencyLifetime = 'PT30M';

/**
 * Answers one request.
 * @throws HttpError and the errors of the catalog.
 */
export async function answer(context: RestContext, request: HttpRequestParts): Promise<RestResponse> {
  const { method, path } = request;
  if (path.length === 1 && path[0] === 'config') return configuration(request);
  const roots = ['namespaces', 'tables', 'transactions'];
  const [root, ...rest] = path.slice(roots.includes(path[0] ?? '') ? 0 : 1);
  if (root === 'tables' && rest.length === 1 && rest[0] === 'rename' && method === 'POST')
    return renameTable(context, request);
  if (root === 'transactions' && rest.length === 1 && rest[0] === 'commit' && method === 'POST')
    return transaction(context, request);
  if (root !== 'namespaces') throw unsupported(request);
  const [namespace, part, table, action, ...more] = rest;
  if (namespace === undefined) return namespaces(context, request);
  if (part === undefined) return oneNamespace(context, request, namespace);
  if (part === 'properties' && table === undefined) return namespaceProperties(context, request, namespace);
  if (part !== 'tables' || more.length > 0) throw unsupported(request);
  if (table === undefined) return tablesOf(context, request, namespace);
  if (action === undefined) return oneTable(context, request, { namespace, name: table });
  // Scan reports are welcome and not kept.
  if (action === 'metrics' && method === 'POST') return noContent;
  throw unsupported(request);
}

function configuration(request: HttpRequestParts): RestResponse {
  if (request.method !== 'GET') throw unsupported(request);
  const body = { defaults: {}, overrides: {}, endpoints, 'idempotency-key-lifetime': idempotencyLifetime };
  return { status: 200, body };
}
