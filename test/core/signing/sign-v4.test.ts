import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { signV4 } from '#core/signing/sign-v4.ts';

interface Signatures {
  readonly nowMs: number;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly cases: readonly {
    readonly method: string;
    readonly url: string;
    readonly body: string;
    readonly headers: Record<string, string>;
    readonly service: string;
    readonly region: string;
    readonly sessionToken: string | null;
    readonly date: string;
    readonly authorization: string;
  }[];
}

const path = join(import.meta.dirname, '../../fixtures/rest-catalog/signatures.json');
const { nowMs, accessKeyId, secretAccessKey, cases } = JSON.parse(readFileSync(path, 'utf8')) as Signatures;

describe('AWS signatures', () => {
  it.each(cases)("are botocore's for $method $url", (expected) => {
    const { method, url, body, headers, service, region, sessionToken } = expected;
    const credentials = { accessKeyId, secretAccessKey, ...(sessionToken === null ? {} : { sessionToken }) };
    const signed = signV4({ method, url: new URL(url), body, headers }, { service, region, nowMs, credentials });
    expect(signed).toEqual({
      'x-amz-date': expected.date,
      authorization: expected.authorization,
      ...(sessionToken === null ? {} : { 'x-amz-security-token': sessionToken }),
    });
  });

  it('differ with every byte of a body', () => {
    const request = { method: 'POST', url: new URL('https://glue.x.amazonaws.com/'), headers: {} };
    const signing = { region: 'x', service: 'glue', nowMs, credentials: { accessKeyId, secretAccessKey } };
    expect(signV4({ ...request, body: '{}' }, signing)).not.toEqual(signV4({ ...request, body: '{} ' }, signing));
  });
});
