import { afterEach, describe, expect, it } from 'vitest';
import { RepeatedRequests } from '#adapters/rest-server/repeated-requests.ts';
import { createTableRequest } from '#core/formats/iceberg/create-table.ts';
import { formatJson } from '#core/formats/iceberg/json-int64.ts';
import { publish } from '#core/formats/iceberg/publish.ts';
import { idempotentAnswerBytesMax, idempotentAnswerCountMax } from '#core/limits.ts';
import { testClock } from '../../conformance/test-clock.ts';
import { change, dataFile, plots } from '../../core/formats/iceberg/small-table.ts';
import { type ServedLake, servedLake } from '../rest-catalog/served-lake.ts';

const lakes: ServedLake[] = [];
afterEach(async () => {
  for (const lake of lakes.splice(0)) await lake.server.close();
});

async function newLake(): Promise<ServedLake> {
  const lake = await servedLake();
  lakes.push(lake);
  await lake.embedded.createNamespace('gold');
  return lake;
}

async function call(
  lake: ServedLake,
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
) {
  const content = body === undefined ? {} : { body: formatJson(body) };
  const response = await fetch(`${lake.uri}/v1/${path}`, { method, headers, ...content });
  const text = await response.text();
  return { status: response.status, etag: response.headers.get('etag'), json: text === '' ? null : JSON.parse(text) };
}

const make = (lake: ServedLake, name: string) =>
  lake.embedded.createTable({ namespace: 'gold', name }, { ...createTableRequest(plots), name });
const setOwner = (owner: string) => ({ requirements: [], updates: [{ action: 'set-properties', updates: { owner } }] });

describe('namespaces over REST', () => {
  it('have no children, and say where their tables go', async () => {
    const lake = await newLake();
    expect((await call(lake, 'GET', 'namespaces?parent=gold')).json).toEqual({ namespaces: [] });
    expect((await call(lake, 'GET', 'namespaces?parent=none')).status).toBe(404);
    const { json } = await call(lake, 'GET', 'namespaces/gold');
    expect(json.properties).toEqual({ location: 'memory://lake/tables/gold' });
  });

  it('tell which properties were changed, removed and not there', async () => {
    const lake = await newLake();
    await lake.embedded.updateNamespace('gold', { updates: { owner: 'a' }, removals: [] });
    const wanted = { updates: { season: '2026' }, removals: ['owner', 'none'] };
    expect((await call(lake, 'POST', 'namespaces/gold/properties', wanted)).json).toEqual({
      updated: ['season'],
      removed: ['owner'],
      missing: ['none'],
    });
    const both = { updates: { a: '1' }, removals: ['a'] };
    expect((await call(lake, 'POST', 'namespaces/gold/properties', both)).status).toBe(422);
  });

  it('are dropped when they are empty', async () => {
    const lake = await newLake();
    await make(lake, 'plots');
    const refused = await call(lake, 'DELETE', 'namespaces/gold');
    expect([refused.status, refused.json.error.type]).toEqual([409, 'NamespaceNotEmptyException']);
    await lake.embedded.dropTable(plots);
    expect((await call(lake, 'DELETE', 'namespaces/gold')).status).toBe(204);
    expect((await call(lake, 'DELETE', 'namespaces/gold')).status).toBe(404);
  });
});

describe('tables over REST', () => {
  it('are listed by pages that lose and repeat nothing while tables come and go', async () => {
    const lake = await newLake();
    for (const name of ['a', 'b', 'c', 'd', 'e']) await make(lake, name);
    const names: string[] = [];
    let token = '';
    do {
      const { json } = await call(lake, 'GET', `namespaces/gold/tables?pageSize=2&pageToken=${token}`);
      names.push(...json.identifiers.map((each: { name: string }) => each.name));
      token = json['next-page-token'] ?? '';
      if (names.length === 2) await lake.embedded.dropTable({ namespace: 'gold', name: 'a' });
    } while (token !== '');
    expect(names).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect((await call(lake, 'GET', 'namespaces/gold/tables')).json).not.toHaveProperty('next-page-token');
  });

  it('are not sent again to a client that has them, until they change', async () => {
    const lake = await newLake();
    await make(lake, 'plots');
    const path = 'namespaces/gold/tables/plots';
    const first = await call(lake, 'GET', path);
    const known = { 'if-none-match': `"other", W/${first.etag}` };
    expect(await call(lake, 'GET', path, undefined, known)).toEqual({ status: 304, etag: first.etag, json: null });
    expect((await call(lake, 'GET', `${path}?snapshots=refs`, undefined, known)).status).toBe(200);
    const changed = await call(lake, 'POST', path, setOwner('a'));
    expect((await call(lake, 'GET', path, undefined, known)).etag).toBe(changed.etag);
  });

  it('come with all snapshots, or with those that a branch or tag names', async () => {
    const lake = await newLake();
    const context = { ...lake, catalog: lake.embedded, clock: testClock(), random: { next: () => 0.5 } };
    for (const name of ['a', 'b'])
      await publish(context, plots, change(name, { addFiles: [dataFile(lake.warehouse, name)] }));
    const countOf = async (query: string) =>
      (await call(lake, 'GET', `namespaces/gold/tables/plots${query}`)).json.metadata.snapshots.length;
    expect([await countOf(''), await countOf('?snapshots=all'), await countOf('?snapshots=refs')]).toEqual([2, 2, 1]);
  });

  it('are renamed, and nothing is lost when the new name is taken', async () => {
    const lake = await newLake();
    for (const name of ['a', 'b']) await make(lake, name);
    const rename = (source: string, destination: string) =>
      call(lake, 'POST', 'tables/rename', {
        source: { namespace: ['gold'], name: source },
        destination: { namespace: ['gold'], name: destination },
      });
    expect((await rename('a', 'c')).status).toBe(204);
    expect((await rename('a', 'd')).json.error).toMatchObject({ code: 404, type: 'NoSuchTableException' });
    expect((await rename('b', 'c')).json.error).toMatchObject({ code: 409, type: 'AlreadyExistsException' });
    expect((await rename('b', 'Upper')).status).toBe(400);
    expect((await lake.embedded.listTables('gold')).map(({ name }) => name)).toEqual(['b', 'c']);
  });

  it('lie in a folder of their own: under their name, or that with the digits that Trino puts behind it', async () => {
    const lake = await newLake();
    const body = (name: string, location: string) => ({ ...createTableRequest(plots), name, location });
    const root = 'memory://lake/tables/gold';
    const unique = `${root}/t-${'0123456789abcdef'.repeat(2)}`;
    const made = await call(lake, 'POST', 'namespaces/gold/tables', body('t', `${unique}/`));
    expect(made.json.metadata.location).toBe(unique);
    for (const location of [root, `${root}/other`, `${root}/u-1`, `${root}/u/inside`, 'file:///etc', `${root}/u/../t`])
      expect((await call(lake, 'POST', 'namespaces/gold/tables', body('u', location))).status).toBe(400);
    expect(await lake.embedded.listTables('gold')).toHaveLength(1);
  });

  it('are committed one at a time: a transaction of several is refused whole', async () => {
    const lake = await newLake();
    for (const name of ['a', 'b']) await make(lake, name);
    const changeOf = (name: string) => ({ identifier: { namespace: ['gold'], name }, ...setOwner('x') });
    const two = { 'table-changes': [changeOf('a'), changeOf('b')] };
    expect((await call(lake, 'POST', 'transactions/commit', two)).status).toBe(501);
    const ownerOf = async (name: string) =>
      (await lake.embedded.loadTable({ namespace: 'gold', name }))!.metadata.properties['owner'];
    expect(await ownerOf('a')).toBeUndefined();
    expect((await call(lake, 'POST', 'transactions/commit', { 'table-changes': [changeOf('a')] })).status).toBe(204);
    expect(await ownerOf('a')).toBe('x');
  });
});

describe('requests that come again', () => {
  it('get the same answer and change nothing', async () => {
    const lake = await newLake();
    const key = { 'idempotency-key': '0197f1f0-0000-7000-8000-000000000000' };
    const request = createTableRequest(plots);
    const first = await call(lake, 'POST', 'namespaces/gold/tables', request, key);
    const again = await call(lake, 'POST', 'namespaces/gold/tables', request, key);
    expect([first.status, again]).toEqual([200, first]);
    expect((await call(lake, 'POST', 'namespaces/gold/tables', request)).status).toBe(409);
    expect((await call(lake, 'DELETE', 'namespaces/gold/tables/plots', undefined, key)).status).toBe(422);
  });

  it('are performed once when they come together', async () => {
    const lake = await newLake();
    await make(lake, 'plots');
    const key = { 'idempotency-key': 'k' };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => call(lake, 'POST', 'namespaces/gold/tables/plots', setOwner('a'), key)),
    );
    expect(new Set(answers.map(({ etag }) => etag)).size).toBe(1);
    expect((await lake.embedded.loadTable(plots))!.metadata['metadata-log']).toHaveLength(1);
  });

  it('are forgotten after half an hour, when they are too many or too large, and after failures', async () => {
    let nowMs = 0;
    let count = 0;
    const repeated = new RepeatedRequests(() => nowMs);
    const ask = (key: string, status = 200, text = '') =>
      repeated.once(key, ['POST'], async () => ({ status, text, etag: String(count++) }));
    const isKept = async (key: string) => {
      const before = count;
      await ask(key);
      return count === before;
    };
    await ask('a');
    expect(await isKept('a')).toBe(true);
    nowMs += 30 * 60_000 + 1;
    expect(await isKept('a')).toBe(false);
    await ask('failed', 503);
    expect(await isKept('failed')).toBe(false);
    for (let index = 0; index <= idempotentAnswerCountMax + 1; index++) await ask(`many-${index}`);
    expect(await isKept('a')).toBe(false);
    await ask('large', 200, 'x'.repeat(idempotentAnswerBytesMax + 1));
    await ask('next');
    expect(await isKept('large')).toBe(false);
    await expect(repeated.once('next', ['GET'], async () => ({ status: 200, text: '', etag: '' }))).rejects.toThrow();
  });
});
