import { FormatError } from '#core/errors.ts';
import { metadataBytesMax } from '#core/limits.ts';

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Empty: none. */
  readonly body: string;
  readonly timeoutMs: number;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Sends one request, once. Rejects when there is no whole answer: whether the server acted on it is then unknown. */
export type Transport = (request: HttpRequest) => Promise<HttpResponse>;

/** Over Node's fetch. Redirects are answers, not followed: what is signed for one place is not sent to another. */
export const fetchTransport: Transport = async ({ method, url, headers, body, timeoutMs }) => {
  const response = await fetch(url, {
    method,
    headers,
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
    ...(body === '' ? {} : { body }),
  });
  return { status: response.status, headers: new Map(response.headers), body: await boundedText(response) };
};

async function boundedText(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let lengthBytes = 0;
  for await (const part of response.body ?? []) {
    lengthBytes += part.length;
    if (lengthBytes > metadataBytesMax)
      throw new FormatError(`Expected at most ${metadataBytesMax} bytes of metadata, got more (${response.url}).`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Failures of a connection that was never made: the server has seen nothing of the request. */
const unsentCodes: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

export function wasNeverSent(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return typeof cause === 'object' && cause !== null && 'code' in cause && unsentCodes.has(cause.code);
}
