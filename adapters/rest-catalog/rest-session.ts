import { ConfigurationError, CubelakeError, FormatError, TemporaryError } from '#core/errors.ts';
import { formatJson, parseJson } from '#core/formats/iceberg/json-int64.ts';
import { catalogReadAttemptCountMax, catalogRetryAfterMsMax, commitWaitMsMax, commitWaitMsMin } from '#core/limits.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { Random } from '#core/ports/random.ts';
import { type Asked, answerError, noAnswer, unknownOutcome } from './answer-errors.ts';
import { type Authorizer, authorizer } from './authorization.ts';
import { type CatalogConfiguration, configurationIn } from './catalog-configuration.ts';
import { idempotencyKey } from './idempotency-key.ts';
import type { RestCatalogOptions } from './rest-catalog.ts';
import type { HttpResponse, Transport } from './transport.ts';
import { fetchTransport, wasNeverSent } from './transport.ts';

export interface RestRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'DELETE';
  /** Below the prefix; each segment is encoded here. */
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RestAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** null where there is no body. */
  readonly value: unknown;
}

const timeoutMsDefault = 60_000;

/** Requests to one catalog: its configuration first, then with proof of the sender, repeated only where that is safe. */
export class RestSession {
  readonly #uri: string;
  readonly #options: RestCatalogOptions;
  readonly #transport: Transport;
  readonly #authorizer: Authorizer;
  readonly #clock: Clock;
  readonly #random: Random;
  #configuration: Promise<CatalogConfiguration> | null = null;

  /** @throws ConfigurationError for an address that is none. Disposition: stop. */
  constructor(options: RestCatalogOptions) {
    if (!/^https?:$/.test(URL.parse(options.uri)?.protocol ?? ''))
      throw new ConfigurationError(
        'Expected the http address of a catalog, got another text. Give it as http://host:port/path.',
      );
    this.#uri = options.uri.replace(/\/+$/, '').replace(/\/v1$/, '');
    this.#options = options;
    this.#transport = options.transport ?? fetchTransport;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#authorizer = authorizer(options.authorization, this.#transport, options.clock);
  }

  /** Asked once. A failure is not kept. */
  configuration(): Promise<CatalogConfiguration> {
    this.#configuration ??= this.#askConfiguration().catch((error: unknown) => {
      this.#configuration = null;
      throw error;
    });
    return this.#configuration;
  }

  /**
   * Sends a request and gives its answer when that is a success, a 304 or 404.
   * @throws what `answerError` and `noAnswer` say.
   */
  async send(request: RestRequest): Promise<RestAnswer> {
    const { prefix, isIdempotencyKnown } = await this.configuration();
    const isMutation = request.method === 'POST' || request.method === 'DELETE';
    const path = ['v1', ...prefix, ...request.path.map(encodeURIComponent)].join('/');
    const key = isMutation && isIdempotencyKnown ? { 'idempotency-key': idempotencyKey(this.#clock.nowMs()) } : {};
    return this.#exchange({ ...request, headers: { ...key, ...request.headers } }, path, isMutation);
  }

  async #askConfiguration(): Promise<CatalogConfiguration> {
    const { warehouse } = this.#options;
    const query = warehouse === undefined ? {} : { warehouse };
    const answer = await this.#exchange({ method: 'GET', path: [], query }, 'v1/config', false);
    if (answer.status === 404)
      throw new ConfigurationError(
        `Expected an Iceberg REST catalog at ${withoutSecrets(this.#uri)}, got 404 for v1/config. Check address and warehouse.`,
      );
    return configurationIn(answer.value, this.#options.prefix);
  }

  async #exchange(request: RestRequest, path: string, isMutation: boolean): Promise<RestAnswer> {
    const asked: Asked = { method: request.method, path, isMutation };
    const url = new URL(`${this.#uri}/${path}`);
    for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
    const body = request.body === undefined ? '' : formatJson(request.body);
    let isRenewed = false;
    for (let attempt = 1; ; attempt++) {
      let failure: CubelakeError;
      let waitMs = this.#waitMs(attempt);
      try {
        const response = await this.#once(request, url, body, asked);
        const { status } = response;
        if ((status === 401 || status === 419) && !isRenewed && (await this.#authorizer.renew())) {
          isRenewed = true;
          continue;
        }
        if (status < 300 || status === 304 || status === 404) return toAnswer(response, asked);
        failure = answerError(response, asked);
        waitMs = retryAfterMs(response, this.#clock.nowMs()) ?? waitMs;
      } catch (error) {
        if (!(error instanceof CubelakeError)) throw error;
        failure = error;
      }
      const mayRepeat = failure instanceof TemporaryError && attempt < catalogReadAttemptCountMax;
      if (!mayRepeat || waitMs > catalogRetryAfterMsMax) throw failure;
      await this.#clock.sleepMs(waitMs);
    }
  }

  async #once(request: RestRequest, url: URL, body: string, asked: Asked): Promise<HttpResponse> {
    const plain = {
      accept: 'application/json',
      ...(body === '' ? {} : { 'content-type': 'application/json' }),
      ...request.headers,
    };
    const proof = await this.#authorizer.headers({ method: request.method, url, headers: plain, body });
    const timeoutMs = this.#options.timeoutMs ?? timeoutMsDefault;
    try {
      return await this.#transport({ method: request.method, url, headers: { ...plain, ...proof }, body, timeoutMs });
    } catch (error) {
      if (error instanceof FormatError)
        throw asked.isMutation ? unknownOutcome(asked, 'got too long a one', error) : error;
      throw noAnswer(asked, !wasNeverSent(error), error);
    }
  }

  /** Twice as long after each failure, and between half and all of that. */
  #waitMs(attempt: number): number {
    const longest = Math.min(commitWaitMsMax, commitWaitMsMin * 2 ** attempt);
    return Math.round(longest * (0.5 + 0.5 * this.#random.next()));
  }
}

/** A success whose body is no JSON (it broke off) leaves the outcome of a mutation open. */
function toAnswer({ status, headers, body }: HttpResponse, asked: Asked): RestAnswer {
  if (status === 404 || status === 304 || asked.method === 'HEAD' || body === '')
    return { status, headers, value: status === 404 ? errorTypeIn(body) : null };
  try {
    return { status, headers, value: parseJson(body, asked.path) };
  } catch (error) {
    throw asked.isMutation ? unknownOutcome(asked, `got ${status} with other text than JSON`, error) : error;
  }
}

/** `NoSuchTableException` and the like; empty where the answer does not say. */
function errorTypeIn(body: string): string {
  try {
    const { error } = JSON.parse(body) as { error?: { type?: unknown } };
    return typeof error?.type === 'string' ? error.type : '';
  } catch {
    return '';
  }
}

/** Seconds or a date. null where the server does not say. */
function retryAfterMs({ headers }: HttpResponse, nowMs: number): number | null {
  const text = headers.get('retry-after');
  if (text === undefined) return null;
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : null;
}

function withoutSecrets(uri: string): string {
  const { origin, pathname } = new URL(uri);
  return `${origin}${pathname}`;
}
