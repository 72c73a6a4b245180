import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { ConfigurationError } from '#core/errors.ts';
import { formatJson } from '#core/formats/iceberg/json-int64.ts';
import { catalogRequestBytesMax } from '#core/limits.ts';
import { errorResponse, HttpError } from './error-response.ts';
import type { HttpRequestParts, RestContext } from './exchange.ts';
import { RepeatedRequests, type WireResponse } from './repeated-requests.ts';
import { answer } from './routes.ts';

export interface CatalogServerOptions extends RestContext {
  /** The server has no passwords: it listens on the loopback interface and nowhere else. */
  readonly host: '127.0.0.1' | '::1' | 'localhost';
  /** 0: any free port. */
  readonly port: number;
}

export interface CatalogServer {
  readonly port: number;
  /** Stops taking requests and ends when those under way are answered. */
  close(): Promise<void>;
}

/** A request that takes longer to arrive than this is dropped, so that idle clients hold nothing. */
const requestTimeoutMs = 60_000;

/**
 * Serves a catalog by Iceberg's REST protocol at `http://<host>:<port>`.
 * @throws ConfigurationError when the port is taken. Disposition: stop.
 */
export async function serveCatalog(options: CatalogServerOptions): Promise<CatalogServer> {
  const repeated = new RepeatedRequests(Date.now);
  const server = createServer({ requestTimeout: requestTimeoutMs }, (request, response) => {
    void respond(options, repeated, request, response);
  });
  await listen(server, options);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

function listen(server: Server, { host, port }: CatalogServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new ConfigurationError(`Expected a free port, got ${port} in use (${host}). Give another.`, { port }, cause),
      );
    });
    server.listen(port, host, resolve);
  });
}

async function respond(
  context: RestContext,
  repeated: RepeatedRequests,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let result: WireResponse;
  try {
    refuseForeignHost(request);
    const parts = await partsOf(request);
    const key = request.headers['idempotency-key'];
    const perform = () => wireAnswer(context, parts);
    const isRepeatable =
      typeof key === 'string' && key !== '' && (parts.method === 'POST' || parts.method === 'DELETE');
    result = isRepeatable
      ? await repeated.once(key, [parts.method, request.url ?? '', parts.body], perform)
      : await perform();
  } catch (error) {
    result = wireError(error);
  }
  // The rest of a body that was refused is not read: the connection cannot serve another request.
  if (!request.complete) response.setHeader('connection', 'close');
  if (result.etag !== '') response.setHeader('etag', result.etag);
  if (result.text === '' || request.method === 'HEAD') response.writeHead(result.status).end();
  else response.writeHead(result.status, { 'content-type': 'application/json' }).end(result.text);
}

async function wireAnswer(context: RestContext, parts: HttpRequestParts): Promise<WireResponse> {
  try {
    const { status, body, etag = '' } = await answer(context, parts);
    return { status, text: body === null ? '' : formatJson(body), etag };
  } catch (error) {
    return wireError(error);
  }
}

function wireError(error: unknown): WireResponse {
  const { status, body } = errorResponse(error);
  return { status, text: formatJson(body), etag: '' };
}

async function partsOf(request: IncomingMessage): Promise<HttpRequestParts> {
  const [path = '/', ...query] = (request.url ?? '/').split('?');
  return {
    method: request.method ?? 'GET',
    path: segmentsOf(path),
    query: new URLSearchParams(query.join('?')),
    ifNoneMatch: request.headers['if-none-match'] ?? '',
    body: await readBody(request),
  };
}

/** A web page could otherwise reach this server under a name of its own that resolves to the loopback address. */
function refuseForeignHost(request: IncomingMessage): void {
  const name = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
  if (['127.0.0.1', 'localhost', '[::1]'].includes(name) && request.headers.origin === undefined) return;
  throw new HttpError(403, 'ForbiddenException', 'Expected a client on this machine, got a request for another host.');
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let lengthBytes = 0;
  for await (const chunk of request) {
    const bytes = chunk as Buffer;
    lengthBytes += bytes.length;
    if (lengthBytes > catalogRequestBytesMax)
      throw new HttpError(413, 'BadRequestException', `Expected at most ${catalogRequestBytesMax} bytes, got more.`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Segments after `/v1`. Levels of a namespace come joined by U+001F, which no name of ours holds. */
function segmentsOf(path: string): string[] {
  const segments = path.split('/').filter((segment) => segment !== '');
  if (segments[0] !== 'v1') throw new HttpError(404, 'NotFoundException', 'Expected a path under /v1, got another.');
  try {
    return segments.slice(1).map(decodeURIComponent);
  } catch {
    throw new HttpError(400, 'BadRequestException', 'Expected a percent-encoded path, got another.');
  }
}
