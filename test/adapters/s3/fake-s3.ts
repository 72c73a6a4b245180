import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerOf, type FakeAnswer, type FakeRequest, type FakeStore } from './fake-s3-answers.ts';

/**
 * How a request goes wrong:
 * - `error-after`, `drop-after`: it takes effect, and its answer is an error or does not come;
 * - `error-before`, `drop-before`: it does not take effect;
 * - `conflict`: 409 without effect; `truncate`: half of the body; `stall`: half of the body, then silence;
 * - `other-etag`: the answer names a version that nobody asked for.
 */
export type Fault =
  | 'error-after'
  | 'drop-after'
  | 'error-before'
  | 'drop-before'
  | 'conflict'
  | 'truncate'
  | 'stall'
  | 'other-etag';

/** An S3 in this process, as far as the object store uses one, on a free port of 127.0.0.1. Faults are asked per request. */
export interface FakeS3 {
  readonly endpoint: string;
  readonly store: FakeStore;
  /** Every request as `METHOD /path?query`, with its headers. */
  readonly requests: FakeRequest[];
  /** Decides how a request goes wrong; null for not at all. */
  fault: (request: FakeRequest) => Fault | null;
  close(): Promise<void>;
}

export async function fakeS3(): Promise<FakeS3> {
  const store: FakeStore = { objects: new Map(), uploads: new Map() };
  const fake: { -readonly [Name in keyof FakeS3]: FakeS3[Name] } = {
    endpoint: '',
    store,
    requests: [],
    fault: () => null,
    close: async () => undefined,
  };
  const server = createServer((incoming, response) => void serve(fake, incoming, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  fake.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  fake.close = () => closed(server);
  return fake;
}

async function serve(fake: FakeS3, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = Buffer.concat(await Array.fromAsync(incoming as AsyncIterable<Buffer>));
  const url = new URL(incoming.url!, 'http://fake');
  const request: FakeRequest = {
    method: incoming.method!,
    path: decodeURIComponent(url.pathname),
    query: url.searchParams,
    headers: incoming.headers as Record<string, string>,
    body,
  };
  fake.requests.push(request);
  const fault = fake.fault(request);
  if (fault === 'drop-before') return void response.destroy();
  if (fault === 'error-before') return write(response, error(500, 'InternalError'));
  if (fault === 'conflict') return write(response, error(409, 'ConditionalRequestConflict'));
  const answer = answerOf(fake.store, request);
  if (fault === 'drop-after') return void response.destroy();
  if (fault === 'error-after') return write(response, error(500, 'InternalError'));
  if (fault === 'other-etag') answer.headers['etag'] = `"${createHash('md5').update('other').digest('hex')}"`;
  if (fault === 'truncate' || fault === 'stall') return writeHalf(response, answer, fault);
  write(response, answer);
}

function error(status: number, code: string): FakeAnswer {
  return { status, headers: {}, body: Buffer.from(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`) };
}

function write(response: ServerResponse, { status, headers, body }: FakeAnswer): void {
  response.writeHead(status, { 'content-length': body.byteLength, ...headers });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

function writeHalf(response: ServerResponse, { status, headers, body }: FakeAnswer, fault: Fault): void {
  response.writeHead(status, { 'content-length': body.byteLength, ...headers });
  response.write(body.subarray(0, body.byteLength >> 1), () => {
    if (fault === 'truncate') response.destroy();
  });
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
