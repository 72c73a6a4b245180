import { z } from 'zod';
import { ConfigurationError, TemporaryError } from '#core/errors.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { Authorization } from './authorization.ts';
import type { Transport } from './transport.ts';

const tokenShape = z.object({ access_token: z.string().min(1), expires_in: z.number().positive().optional() });

/** A token is renewed this long before it expires: a request that begins with it must not end without. */
const earlyMs = 60_000;

/** Where the server does not say how long a token lives, it is taken for an hour; a 401 renews it before. */
const lifeMsDefault = 3600_000;

const tokenTimeoutMs = 30_000;

/**
 * Access tokens for client credentials, one at a time: requests that come while one is fetched wait for the same.
 * @source RFC 6749, section 4.4
 */
export class OAuthTokens {
  readonly #options: Extract<Authorization, { kind: 'oauth2' }>;
  readonly #transport: Transport;
  readonly #clock: Clock;
  #token: Promise<{ readonly text: string; readonly renewAtMs: number }> | null = null;

  constructor(options: Extract<Authorization, { kind: 'oauth2' }>, transport: Transport, clock: Clock) {
    this.#options = options;
    this.#transport = transport;
    this.#clock = clock;
  }

  /** @throws ConfigurationError when the client is refused (stop); TemporaryError when nobody answers (retry). */
  async current(): Promise<string> {
    const before = this.#token;
    const known = before === null ? null : await before.catch(() => null);
    // Another request may have begun to renew it during the wait.
    if ((known === null || known.renewAtMs <= this.#clock.nowMs()) && this.#token === before) this.#token = null;
    this.#token ??= this.#fetch();
    return (await this.#token).text;
  }

  forget(): void {
    this.#token = null;
  }

  async #fetch(): Promise<{ readonly text: string; readonly renewAtMs: number }> {
    const { tokenUri, clientId, clientSecret, scope } = this.#options;
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: await clientSecret(),
      scope: scope ?? 'catalog',
    });
    const startMs = this.#clock.nowMs();
    const response = await this.#transport({
      method: 'POST',
      url: new URL(tokenUri),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
      timeoutMs: tokenTimeoutMs,
    }).catch((cause: unknown) => {
      throw new TemporaryError('Expected a token, got no answer from the token endpoint.', { uri: tokenUri }, cause);
    });
    if (response.status >= 500 || response.status === 429)
      throw new TemporaryError(`Expected a token, got status ${response.status} from the token endpoint.`, {
        uri: tokenUri,
      });
    const token = response.status === 200 ? tokenIn(response.body) : null;
    // Not a word of the answer: it may repeat what was sent.
    if (token === null)
      throw new ConfigurationError(
        `Expected a token for client ${clientId}, got status ${response.status} without one. Check the client's id, secret and scope.`,
        { uri: tokenUri },
      );
    const lifeMs = token.expires_in === undefined ? lifeMsDefault : token.expires_in * 1000;
    return { text: token.access_token, renewAtMs: startMs + lifeMs - Math.min(earlyMs, lifeMs / 2) };
  }
}

function tokenIn(body: string): z.infer<typeof tokenShape> | null {
  try {
    return tokenShape.safeParse(JSON.parse(body)).data ?? null;
  } catch {
    return null;
  }
}
