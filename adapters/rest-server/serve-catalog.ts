import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { ConfigurationError } from '#core/errors.ts';
import { formatJson } from '#core/formats/iceberg/json-int64.ts';
import { catalogRequestBytesMax } from '#core/limits.ts';
import { errorResponse, HttpError } from './error-response.ts';
import { answer, type RestContext, type RestResponse } from './routes.ts';

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
  const server = createServer({ requestTimeout: requestTimeoutMs }, (request, response) => {
    void respond(options, request, response);
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

async function respond(context: RestContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let result: RestResponse;
  try {
    refuseForeignHost(request);
    const body = await readBody(request);
    result = await answer(context, request.method ?? 'GET', pathOf(request), body);
  } catch (error) {
    result = errorResponse(error);
  }
  // The rest of a body that was refused is not read: the connection cannot serve another request.
  if (!request.complete) response.setHeader('connection', 'close');
  if (result.body === null || request.method === 'HEAD') response.writeHead(result.status).end();
  else response.writeHead(result.status, { 'content-type': 'application/json' }).end(formatJson(result.body));
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
function pathOf(request: IncomingMessage): string[] {
  const path = (request.url ?? '/').split('?')[0]!;
  const segments = path.split('/').filter((segment) => segment !== '');
  if (segments[0] !== 'v1') throw new HttpError(404, 'NotFoundException', 'Expected a path under /v1, got another.');
  try {
    return segments.slice(1).map(decodeURIComponent);
  } catch {
    throw new HttpError(400, 'BadRequestException', 'Expected a percent-encoded path, got another.');
  }
}
