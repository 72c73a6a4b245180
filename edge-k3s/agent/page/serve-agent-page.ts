import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AgentStatus } from '#core/edge/agent-status.ts';
import { ConfigurationError } from '#core/errors.ts';
import { pageStyle } from './page-style.ts';
import { statusPage } from './status-page.ts';

export interface AgentPageOptions {
  readonly host: string;
  readonly port: number;
  readonly status: () => AgentStatus;
  /** A PNG; null where there is none any more. */
  readonly quicklook: (granuleKey: string) => Promise<Uint8Array | null>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Uint8Array;
}

const [html, css, json, text, png] = [
  'text/html; charset=utf-8',
  'text/css; charset=utf-8',
  'application/json',
  'text/plain; charset=utf-8',
  'image/png',
];

/** Nothing from elsewhere, and no script at all: the page asks for itself again. */
const headers = {
  'content-security-policy':
    "default-src 'none'; img-src 'self'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/**
 * Serves the page for the person beside the machine: its state, and pictures of its last captures. It only answers questions.
 * @throws ConfigurationError when the port is taken. Disposition: stop.
 */
export async function serveAgentPage(
  options: AgentPageOptions,
): Promise<{ readonly uri: string; close(): Promise<void> }> {
  const server = createServer((request, response) => void respond(request, response, options));
  server.headersTimeout = 5000;
  server.requestTimeout = 10_000;
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new ConfigurationError(
          `Expected ${options.host}:${options.port} to be free for the page, got: ${cause.message}. Give another --page.`,
          {},
          cause,
        ),
      ),
    );
    server.listen(options.port, options.host, () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  return {
    uri: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function respond(request: IncomingMessage, response: ServerResponse, options: AgentPageOptions): Promise<void> {
  let answer: Answer;
  try {
    answer = await answerTo(request, options);
  } catch {
    answer = { status: 500, type: text, body: 'The state cannot be read now. See the log of the agent.\n' };
  }
  response.writeHead(answer.status, { ...headers, 'content-type': answer.type });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

async function answerTo({ method, url, headers: asked }: IncomingMessage, options: AgentPageOptions): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, type: text, body: 'Only GET.\n' };
  // A page of another site that lets its name point here must not read this one.
  if (!isOwnName(asked.host ?? '', options.host)) return { status: 403, type: text, body: 'Ask for localhost.\n' };
  const path = (url ?? '/').split('?')[0]!;
  if (path === '/healthz') return { status: 200, type: text, body: 'ok\n' };
  if (path === '/page.css') return { status: 200, type: css, body: pageStyle };
  if (path === '/readyz' || path === '/status.json') {
    return { status: 200, type: json, body: JSON.stringify(options.status()) };
  }
  if (path === '/') return { status: 200, type: html, body: statusPage(options.status()) };
  const key = /^\/quicklook\/([\w%.-]{1,600})$/.exec(path)?.[1];
  const picture = key === undefined ? null : await options.quicklook(decodeURIComponent(key));
  return picture === null
    ? { status: 404, type: text, body: 'There is nothing here.\n' }
    : { status: 200, type: png, body: picture };
}

/** Names of this machine as people type them, with any port: a port may be mapped. Probes ask by address. */
function isOwnName(host: string, listening: string): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return name === 'localhost' || name === listening || /^[\d.]+$|^[0-9a-f:]+$/i.test(name);
}
