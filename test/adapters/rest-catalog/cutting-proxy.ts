import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/**
 * What happens to one exchange: nothing; the request is lost; the server acts and its answer is lost; a status instead of
 * its answer; half of its answer; a status without asking it; the request is sent twice, as proxies that retry do.
 */
export type ProxyFault =
  | 'none'
  | 'request lost'
  | 'answer lost'
  | 'answer cut'
  | 'sent twice'
  | { readonly afterwards: number }
  | { readonly instead: number };

export interface CuttingProxy {
  readonly uri: string;
  /** Exchanges so far, by method and path. */
  readonly seen: readonly string[];
  close(): Promise<void>;
}

/** An HTTP proxy that asks `next` what to do to each exchange. */
export async function cuttingProxy(
  target: string,
  next: (method: string, path: string) => ProxyFault,
): Promise<CuttingProxy> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    seen.push(`${request.method} ${path.split('?')[0]}`);
    pass(target, request, response, next(request.method ?? 'GET', path)).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as { port: number };
  return {
    uri: `http://127.0.0.1:${address.port}`,
    seen,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function pass(
  target: string,
  request: IncomingMessage,
  response: ServerResponse,
  fault: ProxyFault,
): Promise<void> {
  const chunks = (await request.toArray()) as Buffer[];
  if (fault === 'request lost') return void response.destroy();
  if (typeof fault === 'object' && 'instead' in fault)
    return void response.writeHead(fault.instead).end('not the catalog');
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers))
    if (!['host', 'connection', 'content-length', 'transfer-encoding'].includes(name)) headers.set(name, String(value));
  const method = request.method ?? 'GET';
  const send = async () => {
    const body = chunks.length === 0 ? {} : { body: Buffer.concat(chunks) };
    const answer = await fetch(`${target}${request.url}`, { method, headers, ...body });
    return { answer, bytes: Buffer.from(await answer.arrayBuffer()) };
  };
  if (fault === 'sent twice') await send();
  const { answer, bytes } = await send();
  if (fault === 'answer lost') return void response.destroy();
  if (typeof fault === 'object') return void response.writeHead(fault.afterwards).end('not the catalog');
  const etag = answer.headers.get('etag');
  const kept = { 'content-type': 'application/json', ...(etag === null ? {} : { etag }) };
  if (fault !== 'answer cut' || bytes.length < 2) {
    response.writeHead(answer.status, kept).end(bytes);
    return;
  }
  response.writeHead(answer.status, { ...kept, 'content-length': bytes.length });
  response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy());
}
