import { afterEach, describe, expect, it } from 'vitest';
import type { RestCatalogOptions } from '#adapters/rest-catalog/rest-catalog.ts';
import {
  fetchTransport,
  type HttpRequest,
  type HttpResponse,
  type Transport,
} from '#adapters/rest-catalog/transport.ts';
import {
  CommitConflictError,
  CommitStateUnknownError,
  ConfigurationError,
  FormatError,
  NotFoundError,
  TemporaryError,
} from '#core/errors.ts';
import { createTableRequest } from '#core/formats/iceberg/create-table.ts';
import { publish } from '#core/formats/iceberg/publish.ts';
import type { TableCommit } from '#core/formats/iceberg/table-metadata.ts';
import { type TestClock, testClock } from '../../conformance/test-clock.ts';
import { change, dataFile, plots } from '../../core/formats/iceberg/small-table.ts';
import { type CuttingProxy, cuttingProxy, type ProxyFault } from './cutting-proxy.ts';
import { clientOf, type ServedLake, servedLake } from './served-lake.ts';

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each.close();
});

const set = (updates: Record<string, string>): TableCommit => ({
  requirements: [],
  updates: [{ action: 'set-properties', updates }],
});

async function lakeWithTable(): Promise<ServedLake> {
  const lake = await servedLake();
  closing.push(lake.server);
  await lake.embedded.createNamespace('gold');
  await lake.embedded.createTable(plots, createTableRequest(plots));
  return lake;
}

/** A proxy that does `fault` to the first exchange that `isHit`. */
async function proxied(lake: ServedLake, fault: ProxyFault, isHit: (method: string, path: string) => boolean) {
  let isUsed = false;
  const proxy: CuttingProxy = await cuttingProxy(lake.uri, (method, path) => {
    if (isUsed || !isHit(method, path)) return 'none';
    isUsed = true;
    return fault;
  });
  closing.push(proxy);
  return { proxy, catalog: clientOf({ uri: proxy.uri, warehouse: lake.warehouse }) };
}

const configuration: HttpResponse = { status: 200, headers: new Map(), body: '{"defaults":{},"overrides":{}}' };

/** A catalog that gives one answer to everything but its configuration. */
function scripted(answer: (request: HttpRequest, count: number) => Partial<HttpResponse>): {
  readonly transport: Transport;
  readonly requests: HttpRequest[];
} {
  const requests: HttpRequest[] = [];
  const transport: Transport = async (request) => {
    if (request.url.pathname.endsWith('/v1/config')) return configuration;
    requests.push(request);
    return { status: 200, headers: new Map(), body: '{}', ...answer(request, requests.length) };
  };
  return { transport, requests };
}

function client(transport: Transport, options: Partial<RestCatalogOptions> = {}) {
  return clientOf(
    { uri: 'http://catalog.example', warehouse: { rootUri: 'memory://lake' } as never },
    { transport, ...options },
  );
}

const error = (type: string, message = 'said the catalog') => JSON.stringify({ error: { type, message, code: 0 } });

describe('what a commit learns from an answer', () => {
  it.each([
    [400, FormatError],
    [401, ConfigurationError],
    [403, ConfigurationError],
    [404, NotFoundError],
    [406, ConfigurationError],
    [409, CommitConflictError],
    [419, ConfigurationError],
    [429, TemporaryError],
    [500, CommitStateUnknownError],
    [501, ConfigurationError],
    [502, CommitStateUnknownError],
    [503, CommitStateUnknownError],
    [504, CommitStateUnknownError],
    [302, ConfigurationError],
  ])('%i is %o', async (status, expected) => {
    const { transport } = scripted(() => ({ status, body: error('X') }));
    await expect(client(transport).commitTable(plots, set({ a: '1' }))).rejects.toThrow(expected);
  });

  it('sends a commit once, whatever the failure', async () => {
    const { transport, requests } = scripted(() => ({ status: 503 }));
    await expect(client(transport).commitTable(plots, set({ a: '1' }))).rejects.toThrow(CommitStateUnknownError);
    expect(requests).toHaveLength(1);
  });

  it.each<[ProxyFault]>([['answer lost'], ['answer cut'], ['request lost'], [{ afterwards: 503 }]])(
    'with %j it does not know, and publish finds out',
    async (fault) => {
      const lake = await lakeWithTable();
      const isCommit = (method: string, path: string) => method === 'POST' && path.endsWith('/tables/plots');
      const { catalog } = await proxied(lake, fault, isCommit);
      await expect(catalog.commitTable(plots, set({ a: '1' }))).rejects.toThrow(CommitStateUnknownError);
      const happened = (await lake.embedded.loadTable(plots))!.metadata.properties['a'] === '1';
      expect(happened).toBe(fault !== 'request lost');

      const second = await proxied(lake, fault, isCommit);
      const context = { ...lake, catalog: second.catalog, clock: testClock(), random: { next: () => 0.5 } };
      const wanted = change('once', { addFiles: [dataFile(lake.warehouse, 'once')] });
      const published = publish(context, plots, wanted);
      if (fault === 'request lost') await expect(published).rejects.toThrow(CommitStateUnknownError);
      else expect((await published).outcome).toBe('committed');
      expect((await publish(context, plots, wanted)).snapshotId).toBeTypeOf('bigint');
      expect((await lake.embedded.loadTable(plots))!.metadata.snapshots).toHaveLength(1);
    },
  );

  it('knows that nothing happened where nobody listens', async () => {
    const lake = await servedLake();
    await lake.server.close();
    const catalog = clientOf(lake, {
      transport: async (request) => (request.url.pathname === '/v1/config' ? configuration : fetchTransport(request)),
    });
    await expect(catalog.commitTable(plots, set({ a: '1' }))).rejects.toThrow(TemporaryError);
  });

  it('takes the answer of a commit that a proxy sent twice for its own: the server knows the key', async () => {
    const lake = await lakeWithTable();
    const { catalog } = await proxied(lake, 'sent twice', (method) => method === 'POST');
    const commit: TableCommit = {
      requirements: [{ type: 'assert-last-assigned-field-id', 'last-assigned-field-id': 3 }],
      updates: [
        {
          action: 'add-schema',
          schema: {
            type: 'struct',
            'schema-id': 1,
            fields: [{ id: 4, name: 'later', required: false, type: 'double' }],
          },
        },
      ],
    };
    const { metadata } = await catalog.commitTable(plots, commit);
    expect(metadata.schemas).toHaveLength(2);
    expect((await lake.embedded.loadTable(plots))!.metadata['metadata-log']).toHaveLength(1);
  });
});

describe('reading through a catalog in trouble', () => {
  it('waits as long as the catalog asks, and reads again', async () => {
    const clock: TestClock = testClock();
    const startMs = clock.nowMs();
    const { transport, requests } = scripted((_request, count) =>
      count === 1 ? { status: 429, headers: new Map([['retry-after', '7']]) } : { body: '{"namespaces":[["gold"]]}' },
    );
    expect(await client(transport, { clock }).listNamespaces()).toEqual(['gold']);
    expect([requests.length, clock.nowMs() - startMs]).toEqual([2, 7000]);
  });

  it.each([500, 502, 503, 504])('reads five times through %i, then says so', async (status) => {
    const { transport, requests } = scripted(() => ({ status }));
    await expect(client(transport).loadTable(plots)).rejects.toThrow(TemporaryError);
    expect(requests).toHaveLength(5);
  });

  it('does not wait for hours', async () => {
    const { transport, requests } = scripted(() => ({ status: 503, headers: new Map([['retry-after', '86400']]) }));
    await expect(client(transport).loadTable(plots)).rejects.toThrow(TemporaryError);
    expect(requests).toHaveLength(1);
  });

  it('follows pages, and refuses a listing without end', async () => {
    const pages: Record<string, string> = {
      '': '{"namespaces":[["a"]],"next-page-token":"1"}',
      '1': '{"namespaces":[["b","c"]],"next-page-token":"2"}',
      '2': '{"namespaces":[],"next-page-token":null}',
    };
    const { transport } = scripted(({ url }) => ({ body: pages[url.searchParams.get('pageToken') ?? '']! }));
    expect(await client(transport).listNamespaces()).toEqual(['a', 'b.c']);
    const circle = scripted(() => ({ body: '{"namespaces":[],"next-page-token":"again"}' }));
    await expect(client(circle.transport).listNamespaces()).rejects.toThrow(FormatError);
  });

  it('asks whether a table changed instead of loading it again', async () => {
    const lake = await lakeWithTable();
    const { catalog } = await proxied(lake, 'none', () => false);
    const first = (await catalog.loadTable(plots))!;
    expect(await catalog.loadTable(plots)).toBe(first);
    await lake.embedded.commitTable(plots, set({ a: '1' }));
    expect((await catalog.loadTable(plots))!.metadata.properties['a']).toBe('1');
    await lake.embedded.dropTable(plots);
    expect(await catalog.loadTable(plots)).toBeNull();
  });
});

describe('what a client tells and keeps', () => {
  it('joins levels of a namespace by U+001F and puts the prefix of the catalog before them', async () => {
    const requests: string[] = [];
    const transport: Transport = async ({ url }) => {
      requests.push(`${url.pathname}${url.search}`);
      const body = url.pathname.endsWith('config') ? '{"overrides":{"prefix":"catalogs/12%2F3"}}' : '{}';
      return { status: 200, headers: new Map(), body };
    };
    const catalog = client(transport, { uri: 'http://catalog.example/iceberg/', warehouse: 'a:b', prefix: 'own' });
    await catalog.loadNamespace('farm.gold');
    expect(requests).toEqual([
      '/iceberg/v1/config?warehouse=a%3Ab',
      '/iceberg/v1/catalogs/12%2F3/namespaces/farm%1Fgold',
    ]);
  });

  it('keeps members of metadata that it does not know, and every digit of ids', async () => {
    const lake = await lakeWithTable();
    const { metadata } = (await lake.embedded.loadTable(plots))!;
    const { 'current-snapshot-id': _none, ...rest } = metadata;
    const answer = {
      'metadata-location': 'memory://lake/tables/gold/plots/metadata/v1.metadata.json',
      metadata: { ...rest, 'last-sequence-number': 'DIGITS', 'next-row-id': 7, 'a-later-member': { x: [1] } },
      config: { 's3.secret-access-key': 'hidden' },
    };
    const body = JSON.stringify(answer).replace('"DIGITS"', '9007199254740993');
    const { transport } = scripted(() => ({ body }));
    const loaded = (await client(transport).loadTable(plots))!;
    expect(loaded.metadata).toMatchObject({ 'next-row-id': 7, 'a-later-member': { x: [1] } });
    expect(loaded.metadata['last-sequence-number']).toBe(9_007_199_254_740_993n);
    expect(loaded).not.toHaveProperty('config');
  });

  it('refuses a table whose files lie elsewhere', async () => {
    const lake = await lakeWithTable();
    const elsewhere = clientOf({ uri: lake.uri, warehouse: { ...lake.warehouse, rootUri: 'memory://other' } as never });
    await expect(elsewhere.loadTable(plots)).rejects.toThrow(ConfigurationError);
  });

  it.each(['', 'catalog', 'ftp://catalog', '/v1'])('refuses the address %j', (uri) => {
    expect(() => clientOf({ uri, warehouse: {} as never })).toThrow(ConfigurationError);
  });

  it('says that there is no catalog at an address', async () => {
    const transport: Transport = async () => ({ status: 404, headers: new Map(), body: '<html>' });
    await expect(client(transport).listNamespaces()).rejects.toThrow(/v1\/config/);
  });
});
