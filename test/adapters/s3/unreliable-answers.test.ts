import fc from 'fast-check';
import { expect, it } from 'vitest';
import { s3Connection } from '#adapters/s3/s3-connection.ts';
import { s3ObjectStore } from '#adapters/s3/s3-object-store.ts';
import { CubelakeError } from '#core/errors.ts';
import { type Fault, fakeS3 } from './fake-s3.ts';

const faults: readonly Fault[] = ['drop-after', 'error-after', 'drop-before', 'error-before', 'conflict', 'truncate'];
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

/** Two writers append their ids to one object, each by reading it and replacing exactly what was read. */
it('loses and doubles no acknowledged write, whatever becomes of requests and answers', async () => {
  const fake = await fakeS3();
  const client = s3Connection({
    endpoint: fake.endpoint,
    region: 'us-east-1',
    isPathStyle: true,
    credentials,
    attemptCountMax: 2,
  });
  const store = s3ObjectStore({ bucket: 'bucket', prefix: 'lake', client });
  const read = async () => {
    const { bytes, etag } = await store.get('list');
    return { ids: JSON.parse(Buffer.from(bytes).toString()) as string[], etag };
  };
  const append = async (id: string): Promise<boolean> => {
    try {
      const { ids, etag } = await read();
      await store.put('list', Buffer.from(JSON.stringify([...ids, id])), { ifMatch: etag });
      return true;
    } catch (error) {
      // What failed is not repeated: whether it took effect is what the writer does not know.
      if (!(error instanceof CubelakeError)) throw error;
      return false;
    }
  };
  const schedule = fc.array(fc.option(fc.constantFrom(...faults), { freq: 2 }), { minLength: 1, maxLength: 40 });
  const property = fc.asyncProperty(schedule, async (planned) => {
    fake.fault = () => null;
    fake.store.objects.clear();
    await store.put('list', Buffer.from('[]'));
    let requestIndex = 0;
    fake.fault = () => planned[requestIndex++] ?? null;
    const acknowledged: string[] = [];
    for (let round = 0; round < 4; round++) {
      const ids = [`a${round}`, `b${round}`];
      const results = await Promise.all(ids.map(append));
      acknowledged.push(...ids.filter((_, writer) => results[writer]));
    }
    fake.fault = () => null;
    const { ids } = await read();
    expect(new Set(ids).size).toBe(ids.length);
    // A write that took effect is acknowledged or unknown, and an acknowledged one is there.
    expect(ids).toEqual(expect.arrayContaining(acknowledged));
  });
  await fc.assert(property, { seed: 11, numRuns: 20 });
  await fake.close();
});
