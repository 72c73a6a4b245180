import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { systemClock } from '#adapters/system/system-clock.ts';
import { systemRandom } from '#adapters/system/system-random.ts';
import { ConfigurationError } from '#core/errors.ts';
import { readCatalogConfig } from '#functions/config.ts';
import { openCatalog } from '#functions/open-catalog.ts';

const requests: IncomingMessage[] = [];
const server = createServer((request, response) => {
  requests.push(request);
  response.setHeader('content-type', 'application/json');
  if (request.url!.includes('/oauth/tokens'))
    response.end('{"access_token":"fresh","token_type":"bearer","expires_in":60}');
  else
    response.end(
      request.url!.includes('/v1/config') ? '{"defaults":{},"overrides":{}}' : '{"namespaces":[["silver"]]}',
    );
});
let uri = '';

beforeEach(async () => {
  requests.length = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

/** Namespaces through the catalog that the variables name. */
async function namespaces(variables: Record<string, string>): Promise<string[]> {
  const ports = { warehouse: memoryObjectStore(), clock: systemClock, random: systemRandom };
  return openCatalog(readCatalogConfig(variables), ports).listNamespaces();
}

describe('the catalog of a configuration', () => {
  it('is the pointer catalog in the warehouse where no address is given', async () => {
    expect(await namespaces({})).toEqual([]);
    expect(requests).toEqual([]);
  });

  it.each([
    ['nobody', {}, undefined],
    ['a token', { CUBELAKE_CATALOG_AUTHORIZATION: 'bearer', CUBELAKE_CATALOG_TOKEN: 'secret' }, 'Bearer secret'],
    [
      'a client',
      {
        CUBELAKE_CATALOG_AUTHORIZATION: 'oauth2',
        CUBELAKE_CATALOG_CLIENT_ID: 'cubelake',
        CUBELAKE_CATALOG_CLIENT_SECRET: 'secret',
      },
      'Bearer fresh',
    ],
  ])('asks a REST catalog as %s', async (_, variables, authorization) => {
    expect(await namespaces({ CUBELAKE_CATALOG_URI: uri, ...variables })).toEqual(['silver']);
    expect(requests.at(-1)!.headers['authorization']).toBe(authorization);
  });

  it('signs for AWS by its address alone', () => {
    const config = readCatalogConfig({ CUBELAKE_CATALOG_URI: 'https://glue.eu-central-1.amazonaws.com/iceberg' });
    expect(config).toMatchObject({ authorization: { kind: 'sigv4', service: 'glue', region: 'eu-central-1' } });
    const tables = readCatalogConfig({ CUBELAKE_CATALOG_URI: 'https://s3tables.us-east-1.amazonaws.com/iceberg' });
    expect(tables).toMatchObject({ authorization: { kind: 'sigv4', service: 's3tables', region: 'us-east-1' } });
  });

  it.each([
    ['an address that is none', { CUBELAKE_CATALOG_URI: 'here' }, /CUBELAKE_CATALOG_URI/],
    ['an unknown way', { CUBELAKE_CATALOG_URI: 'http://a', CUBELAKE_CATALOG_AUTHORIZATION: 'magic' }, /magic/],
    [
      'no token',
      { CUBELAKE_CATALOG_URI: 'http://a', CUBELAKE_CATALOG_AUTHORIZATION: 'bearer' },
      /CUBELAKE_CATALOG_TOKEN/,
    ],
  ])('is refused with %s', (_, variables, message) => {
    expect(() => readCatalogConfig(variables)).toThrow(ConfigurationError);
    expect(() => readCatalogConfig(variables)).toThrow(message);
  });
});
