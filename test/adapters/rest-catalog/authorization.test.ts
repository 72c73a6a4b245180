import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Authorization } from '#adapters/rest-catalog/authorization.ts';
import { idempotencyKey } from '#adapters/rest-catalog/idempotency-key.ts';
import type { HttpRequest, HttpResponse, Transport } from '#adapters/rest-catalog/transport.ts';
import { ConfigurationError, CubelakeError, TemporaryError } from '#core/errors.ts';
import { testClock } from '../../conformance/test-clock.ts';
import { clientOf } from './served-lake.ts';

const secret = 'the-secret-of-the-client';

function oauth(): Extract<Authorization, { kind: 'oauth2' }> {
  return {
    kind: 'oauth2',
    tokenUri: 'http://identity.example/token',
    clientId: 'cubelake',
    clientSecret: async () => secret,
    scope: 'PRINCIPAL_ROLE:ALL',
  };
}

/** A catalog and its identity provider. Tokens are numbered. */
function scripted(options: {
  readonly lifeSeconds?: number;
  readonly tokenStatus?: number;
  readonly tokenBody?: string;
  readonly refuses?: (token: string | undefined, count: number) => number | null;
}) {
  const tokens: string[] = [];
  const requests: HttpRequest[] = [];
  const transport: Transport = async (request): Promise<HttpResponse> => {
    const headers = new Map<string, string>();
    if (request.url.host === 'identity.example') {
      tokens.push(request.body);
      const body = JSON.stringify({ access_token: `token-${tokens.length}`, expires_in: options.lifeSeconds });
      return { status: options.tokenStatus ?? 200, headers, body: options.tokenBody ?? body };
    }
    requests.push(request);
    const refusal = options.refuses?.(request.headers['authorization'], requests.length) ?? null;
    if (refusal !== null) return { status: refusal, headers, body: JSON.stringify({ error: { message: secret } }) };
    return { status: 200, headers, body: '{"namespaces":[]}' };
  };
  return { transport, tokens, requests };
}

const memory = { uri: 'http://catalog.example', warehouse: { rootUri: 'memory://lake' } as never };

describe('OAuth2 client credentials', () => {
  it('asks once for a token, with what the standard wants, and uses it for all requests', async () => {
    const { transport, tokens, requests } = scripted({ lifeSeconds: 3600 });
    const catalog = clientOf(memory, { transport, authorization: oauth() });
    await Promise.all([catalog.listNamespaces(), catalog.listNamespaces()]);
    expect(tokens).toEqual([
      `grant_type=client_credentials&client_id=cubelake&client_secret=${secret}&scope=PRINCIPAL_ROLE%3AALL`,
    ]);
    expect(requests.map(({ headers }) => headers['authorization'])).toEqual(requests.map(() => 'Bearer token-1'));
  });

  it('takes a new token a minute before the old one expires', async () => {
    const clock = testClock();
    const { transport, tokens } = scripted({ lifeSeconds: 600 });
    const catalog = clientOf(memory, { transport, clock, authorization: oauth() });
    await catalog.listNamespaces();
    clock.advance(539_000);
    await catalog.listNamespaces();
    expect(tokens).toHaveLength(1);
    clock.advance(1000);
    await catalog.listNamespaces();
    expect(tokens).toHaveLength(2);
  });

  it('renews a token that is refused, once, and sends a commit again with it', async () => {
    const { transport, tokens, requests } = scripted({ refuses: (token) => (token === 'Bearer token-1' ? 401 : null) });
    const catalog = clientOf(memory, { transport, authorization: oauth() });
    await catalog.createNamespace('gold');
    expect(tokens).toHaveLength(2);
    expect(requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
    const always = scripted({ refuses: () => 401 });
    const refused = clientOf(memory, { transport: always.transport, authorization: oauth() }).listNamespaces();
    await expect(refused).rejects.toThrow(ConfigurationError);
    expect(always.requests).toHaveLength(2);
  });

  it.each([
    [{ tokenStatus: 401 }, ConfigurationError],
    [{ tokenStatus: 400, tokenBody: `{"error":"${secret}"}` }, ConfigurationError],
    [{ tokenStatus: 200, tokenBody: `<html>${secret}` }, ConfigurationError],
    [{ tokenStatus: 503 }, TemporaryError],
    [{ refuses: () => 403 }, ConfigurationError],
    [{ refuses: () => 401 }, ConfigurationError],
  ])('says no secret with %j', async (options, expected) => {
    const { transport } = scripted(options);
    const catalog = clientOf(memory, { transport, authorization: oauth() });
    const error: unknown = await catalog.listNamespaces().catch((each: unknown) => each);
    expect(error).toBeInstanceOf(expected);
    if (!('refuses' in options) || options.refuses() === 401)
      expect(inspect(error, { depth: 9 })).not.toContain(secret);
    expect(inspect(error, { depth: 9 })).not.toContain('token-1');
  });
});

describe('other proofs', () => {
  it('sends a bearer token, and a newer one after a refusal', async () => {
    let token = 'old';
    const { transport, requests } = scripted({
      refuses: (sent) => {
        token = 'new';
        return sent === 'Bearer old' ? 401 : null;
      },
    });
    const authorization = { kind: 'bearer', token: async () => token } as const;
    await clientOf(memory, { transport, authorization }).listNamespaces();
    expect(requests.map(({ headers }) => headers['authorization'])).toContain('Bearer new');
    const stale = { kind: 'bearer', token: async () => 'old' } as const;
    const refused = clientOf(memory, { transport, authorization: stale }).listNamespaces();
    await expect(refused).rejects.toThrow(ConfigurationError);
  });

  it('signs each request for AWS with the credentials of that moment', async () => {
    const { transport, requests } = scripted({});
    let count = 0;
    const credentials = async () => ({
      accessKeyId: `AKID${count++}`,
      secretAccessKey: secret,
      sessionToken: 'session',
    });
    const authorization = { kind: 'sigv4', region: 'eu-central-1', service: 'glue', credentials } as const;
    await clientOf(memory, { transport, authorization }).listNamespaces();
    expect(requests.map(({ headers }) => headers['authorization']?.slice(0, 38))).toEqual([
      'AWS4-HMAC-SHA256 Credential=AKID0/2026',
      'AWS4-HMAC-SHA256 Credential=AKID1/2026',
    ]);
    expect(requests[0]!.headers['x-amz-security-token']).toBe('session');
  });

  it('makes keys of version 7 that sort by time', () => {
    const keys = [1_780_000_000_000, 1_780_000_000_001, 1_790_000_000_000].map(idempotencyKey);
    for (const key of keys)
      expect(key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(keys.toSorted()).toEqual(keys);
    expect(Number.parseInt(keys[0]!.replace('-', '').slice(0, 12), 16)).toBe(1_780_000_000_000);
    expect(idempotencyKey(0)).not.toBe(idempotencyKey(0));
  });

  it('gives every failure a disposition', async () => {
    const transport: Transport = async () => Promise.reject(new Error('reset'));
    await expect(clientOf(memory, { transport }).listNamespaces()).rejects.toBeInstanceOf(CubelakeError);
  });
});
