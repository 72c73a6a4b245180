import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type MskOptions, mskKafka } from '#adapters/kafka/msk-connection.ts';
import { mskToken } from '#adapters/kafka/msk-token.ts';
import { ConfigurationError, TemporaryError } from '#core/errors.ts';

interface Tokens {
  readonly nowMs: number;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly cases: readonly { readonly region: string; readonly sessionToken: string | null; readonly url: string }[];
}

const path = join(import.meta.dirname, '../../fixtures/kafka/tokens.json');
const { nowMs, accessKeyId, secretAccessKey, cases } = JSON.parse(readFileSync(path, 'utf8')) as Tokens;
const keys = { accessKeyId, secretAccessKey };
const clusterArn = 'arn:aws:kafka:eu-central-1:123456789012:cluster/parts/0a1b2c3d-0000-4000-8000-0123456789ab-s1';

function answering(status: number, body: string): { options: MskOptions; requests: Request[] } {
  const requests: Request[] = [];
  const send: typeof fetch = async (input, init) => {
    requests.push(new Request(input, init));
    return new Response(body, { status });
  };
  const options = { clusterArn, clientId: 'sink', credentials: async () => keys, nowMs: () => nowMs, fetch: send };
  return { options, requests };
}

const decoded = (token: string): string => Buffer.from(token, 'base64url').toString();
const unsignedPart = /&User-Agent=[^&]*$/;

describe('a token for MSK', () => {
  it.each(cases)("is that of AWS's own signer in $region", ({ region, sessionToken, url }) => {
    const token = mskToken(region, nowMs, { ...keys, ...(sessionToken === null ? {} : { sessionToken }) });
    expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(decoded(token).replace(unsignedPart, '')).toBe(url.replace(unsignedPart, ''));
  });
});

describe('a cluster of MSK', () => {
  it('names its brokers to who signs the question, and lets in by a token of the moment', async () => {
    const brokers = 'boot-1.kafka-serverless.eu-central-1.amazonaws.com:9098,boot-2.example:9098';
    const { options, requests } = answering(200, JSON.stringify({ bootstrapBrokerStringSaslIam: brokers }));
    let momentMs = nowMs;
    const kafka = await mskKafka({ ...options, nowMs: () => momentMs });
    expect(requests.map(({ url }) => url)).toEqual([
      `https://kafka.eu-central-1.amazonaws.com/v1/clusters/${encodeURIComponent(clusterArn)}/bootstrap-brokers`,
    ]);
    expect(requests[0]!.headers.get('authorization')).toContain('/20260601/eu-central-1/kafka/aws4_request');
    expect(kafka).toMatchObject({ brokers: brokers.split(','), clientId: 'sink', tls: {} });
    momentMs += 3_600_000;
    const { token } = kafka.sasl as { token: () => Promise<string> };
    expect(decoded(await token())).toContain('X-Amz-Date=20260601T130000Z');
  });

  it.each([
    ['without access by IAM', 200, '{"bootstrapBrokerStringTls":"a:9094"}', ConfigurationError, /without such brokers/],
    ['with missing rights', 403, '{"message":"no"}', ConfigurationError, /kafka:GetBootstrapBrokers/],
    ['with an answer that is none', 200, '<html>', ConfigurationError, /without such brokers/],
    ['in trouble', 503, '', TemporaryError, /status 503/],
    ['that is asked too often', 429, '', TemporaryError, /status 429/],
  ])('%s is an error that says what to do', async (_, status, body, kind, words) => {
    const { options } = answering(status, body);
    const failure = await mskKafka(options).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(kind);
    expect(String(failure)).toMatch(words);
  });

  it('that does not answer may answer later', async () => {
    const { options } = answering(200, '');
    const send = async (): Promise<Response> => Promise.reject(new TypeError('fetch failed'));
    await expect(mskKafka({ ...options, fetch: send })).rejects.toThrow(TemporaryError);
  });

  it('is named by an ARN', async () => {
    const { options, requests } = answering(200, '');
    await expect(mskKafka({ ...options, clusterArn: 'arn:aws:s3:::bucket' })).rejects.toThrow(ConfigurationError);
    expect(requests).toEqual([]);
  });
});
