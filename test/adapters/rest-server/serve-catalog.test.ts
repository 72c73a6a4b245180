import { request as httpRequest } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { type CatalogServer, serveCatalog } from '#adapters/rest-server/serve-catalog.ts';
import { CommitConflictError, CommitStateUnknownError, ConfigurationError, TemporaryError } from '#core/errors.ts';
import { createTableRequest } from '#core/formats/iceberg/create-table.ts';
import { formatJson } from '#core/formats/iceberg/json-int64.ts';
import { publish } from '#core/formats/iceberg/publish.ts';
import type { Catalog } from '#core/ports/catalog.ts';
import { change, dataFile, memoryLake, plots } from '../../core/formats/iceberg/small-table.ts';

const servers: CatalogServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(catalog: Catalog, warehouse = memoryObjectStore('lake')): Promise<number> {
  const server = await serveCatalog({ catalog, warehouse, host: '127.0.0.1', port: 0 });
  servers.push(server);
  return server.port;
}

/** An answer to look into: what is not there shows as a failed expectation. */
interface Json {
  readonly [member: string]: Json;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly json: Json;
}

function call(
  port: number,
  method: string,
  path: string,
  body = '',
  headers: Record<string, string> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port, host: '127.0.0.1', method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode!, text, json: JSON.parse(text === '' ? '{}' : text) as Json });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function lakeWithTable(): Promise<{ port: number; catalog: Catalog }> {
  const context = memoryLake();
  await publish(context, plots, change('a', { addFiles: [dataFile(context.warehouse, 'a')] }));
  return { port: await serve(context.catalog), catalog: context.catalog };
}

const table = '/v1/namespaces/gold/tables/plots';

describe('the REST catalog', () => {
  it('tells what it offers, with or without a prefix in the paths', async () => {
    const { port } = await lakeWithTable();
    const { json } = await call(port, 'GET', '/v1/config?warehouse=lake');
    expect(json).toMatchObject({ defaults: {}, overrides: {} });
    expect(json['endpoints']).toContain('POST /v1/{prefix}/namespaces/{namespace}/tables/{table}');
    expect((await call(port, 'GET', '/v1/namespaces')).json).toEqual({ namespaces: [['gold']] });
    expect((await call(port, 'GET', '/v1/main/namespaces')).json).toEqual({ namespaces: [['gold']] });
  });

  it('lists and loads tables with every digit of their snapshot ids', async () => {
    const { port, catalog } = await lakeWithTable();
    expect((await call(port, 'GET', '/v1/namespaces/gold/tables')).json).toEqual({
      identifiers: [{ namespace: ['gold'], name: 'plots' }],
    });
    const { metadata, metadataLocation } = (await catalog.loadTable(plots))!;
    const { text, json } = await call(port, 'GET', table);
    expect(json['metadata-location']).toBe(metadataLocation);
    expect(text).toContain(`"current-snapshot-id":${metadata['current-snapshot-id']},`);
  });

  it('answers HEAD without a body', async () => {
    const { port } = await lakeWithTable();
    expect(await call(port, 'HEAD', table)).toMatchObject({ status: 204, text: '' });
    expect(await call(port, 'HEAD', '/v1/namespaces/gold')).toMatchObject({ status: 204, text: '' });
    expect(await call(port, 'HEAD', '/v1/namespaces/gold/tables/none')).toMatchObject({ status: 404, text: '' });
  });

  it('creates namespaces and tables, once', async () => {
    const port = await serve(pointerCatalog(memoryObjectStore('lake')));
    const namespace = formatJson({ namespace: ['own'], properties: {} });
    expect((await call(port, 'POST', '/v1/namespaces', namespace)).json).toEqual({
      namespace: ['own'],
      properties: {},
    });
    expect((await call(port, 'POST', '/v1/namespaces', namespace)).json['error']).toMatchObject({
      type: 'AlreadyExistsException',
      code: 409,
    });
    const request = formatJson(createTableRequest(plots));
    const created = await call(port, 'POST', '/v1/namespaces/own/tables', request);
    expect(created.json['metadata']).toMatchObject({ 'format-version': 2, location: 'memory://lake/tables/own/plots' });
    expect(created.json['metadata']).not.toHaveProperty('current-snapshot-id');
    expect((await call(port, 'POST', '/v1/namespaces/own/tables', request)).json['error']).toMatchObject({
      type: 'AlreadyExistsException',
      code: 409,
    });
    expect((await call(port, 'DELETE', '/v1/namespaces/own/tables/plots?purgeRequested=true')).status).toBe(204);
    expect((await call(port, 'GET', '/v1/namespaces/own/tables/plots')).status).toBe(404);
  });

  it('gives tables of Spark, whose ids count from 0, ids from 1', async () => {
    const port = await serve(pointerCatalog(memoryObjectStore('lake')));
    await call(port, 'POST', '/v1/namespaces', formatJson({ namespace: ['own'] }));
    const list = { type: 'list', 'element-id': 2, element: 'int', 'element-required': false };
    const request = {
      name: 't',
      schema: {
        type: 'struct',
        fields: [
          { id: 0, name: 'a', required: false, type: 'int' },
          { id: 1, name: 'b', required: false, type: list },
        ],
      },
      'partition-spec': { fields: [{ 'source-id': 0, name: 'a', transform: 'identity' }] },
    };
    const { json } = await call(port, 'POST', '/v1/namespaces/own/tables', formatJson(request));
    expect(json['metadata']['schemas'][0].fields).toMatchObject([{ id: 1 }, { id: 2, type: { 'element-id': 3 } }]);
    expect(json['metadata']['partition-specs'][0].fields[0]).toMatchObject({ 'source-id': 1, 'field-id': 1000 });
    expect(json['metadata']['last-column-id']).toBe(3);
  });

  it('takes a commit, and refuses one on an old base', async () => {
    const { port, catalog } = await lakeWithTable();
    const current = (await catalog.loadTable(plots))!.metadata['current-snapshot-id'];
    const commit = (snapshotId: bigint | null) =>
      formatJson({
        identifier: { namespace: ['gold'], name: 'plots' },
        requirements: [{ type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': snapshotId }],
        updates: [{ action: 'set-properties', updates: { owner: 'rest' } }],
      });
    expect((await call(port, 'POST', table, commit(null))).json['error']).toMatchObject({
      type: 'CommitFailedException',
      code: 409,
    });
    const done = await call(port, 'POST', table, commit(current));
    expect(done.json['metadata']['properties']).toMatchObject({ owner: 'rest' });
    expect((await call(port, 'POST', `${table}/metrics`, '{}')).status).toBe(204);
  });

  it.each([
    [new CommitConflictError('x'), 409, 'CommitFailedException'],
    [new CommitStateUnknownError('x'), 500, 'CommitStateUnknownException'],
    [new TemporaryError('x'), 503, 'ServiceUnavailableException'],
    [new ConfigurationError('x'), 400, 'BadRequestException'],
    [new TypeError('a secret of ours'), 500, 'InternalServerError'],
  ])('tells %s as %i %s', async (error, status, type) => {
    const catalog = { commitTable: () => Promise.reject(error) } as unknown as Catalog;
    const answer = await call(await serve(catalog), 'POST', table, '{"updates":[]}');
    expect([answer.status, answer.json['error']['type'], answer.json['error']['code']]).toEqual([status, type, status]);
    expect(answer.text).not.toContain('secret');
  });

  it.each([
    ['GET', '/v1/namespaces/gold/tables/none', 404, 'NoSuchTableException'],
    ['GET', '/v1/namespaces/gold/tables/..%2F..%2Fsecret', 404, 'NoSuchTableException'],
    ['GET', '/v1/namespaces/none/tables', 404, 'NoSuchNamespaceException'],
    ['GET', '/v1/namespaces/a%1Fb', 404, 'NoSuchNamespaceException'],
    ['GET', '/', 404, 'NotFoundException'],
    ['GET', '/v1/%E0%A4%A', 400, 'BadRequestException'],
    ['POST', '/v1/namespaces/gold/views', 406, 'UnsupportedOperationException'],
    ['POST', '/v1/namespaces/gold/register', 406, 'UnsupportedOperationException'],
    ['POST', '/v1/tables/rename', 400, 'BadRequestException'],
    ['GET', '/v1/namespaces/gold/tables?pageToken=&pageSize=0', 400, 'BadRequestException'],
    ['GET', '/v1/namespaces/gold/tables/plots?snapshots=some', 400, 'BadRequestException'],
    ['GET', '/v1/namespaces/gold/views', 406, 'UnsupportedOperationException'],
    ['PUT', '/v1/namespaces/gold', 406, 'UnsupportedOperationException'],
  ])('answers %s %s with %i %s', async (method, path, status, type) => {
    const { port } = await lakeWithTable();
    const answer = await call(port, method, path);
    expect([answer.status, answer.json['error']['type']]).toEqual([status, type]);
  });

  it.each([
    ['no JSON', '{'],
    ['an unknown update', '{"updates":[{"action":"explode"}]}'],
    ['an id that is text', '{"updates":[{"action":"remove-statistics","snapshot-id":"1"}]}'],
    ['a type without end', `{"updates":[{"action":"add-schema","schema":${nested(200)}}]}`],
  ])('refuses a commit with %s', async (_what, body) => {
    const { port, catalog } = await lakeWithTable();
    const before = await catalog.loadTable(plots);
    expect((await call(port, 'POST', table, body)).json['error']).toMatchObject({
      type: 'BadRequestException',
      code: 400,
    });
    expect(await catalog.loadTable(plots)).toEqual(before);
  });

  it('serves programs of this machine only, not pages in its browser', async () => {
    const { port } = await lakeWithTable();
    expect((await call(port, 'GET', '/v1/config', '', { host: 'evil.example' })).status).toBe(403);
    expect((await call(port, 'GET', '/v1/config', '', { origin: 'http://evil.example' })).status).toBe(403);
    expect((await call(port, 'GET', '/v1/config', '', { host: `localhost:${port}` })).status).toBe(200);
  });

  it('says that a port is taken', async () => {
    const { port, catalog } = await lakeWithTable();
    const second = serveCatalog({ catalog, warehouse: memoryObjectStore('x'), host: '127.0.0.1', port });
    await expect(second).rejects.toThrow(ConfigurationError);
  });
});

function nested(depth: number): string {
  const type = Array.from({ length: depth }).reduce<string>(
    (inner, _, index) => `{"type":"list","element-id":${index + 2},"element":${inner},"element-required":false}`,
    '"int"',
  );
  return `{"type":"struct","fields":[{"id":1,"name":"a","required":false,"type":${type}}]}`;
}
