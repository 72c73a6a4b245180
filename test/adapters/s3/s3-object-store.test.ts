import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { partSizeBytes } from '#adapters/s3/multipart-writer.ts';
import { s3Connection } from '#adapters/s3/s3-connection.ts';
import { s3ObjectStore } from '#adapters/s3/s3-object-store.ts';
import {
  ArchivedObjectError,
  ConfigurationError,
  FormatError,
  NotFoundError,
  PreconditionFailedError,
  TemporaryError,
} from '#core/errors.ts';
import { uploadPartBytesMin, uploadPartCountMax } from '#core/limits.ts';
import { readBytes } from '#core/ports/byte-source.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { objectStoreConformance } from '../../conformance/object-store.ts';
import { type FakeS3, type Fault, fakeS3 } from './fake-s3.ts';
import type { FakeRequest } from './fake-s3-answers.ts';

let fake: FakeS3;
let store: ObjectStore;
beforeAll(async () => {
  fake = await fakeS3();
});
afterAll(() => fake.close());

const newStore = (prefix = 'lake'): ObjectStore => {
  fake.store.objects.clear();
  fake.store.uploads.clear();
  const client = s3Connection({
    endpoint: fake.endpoint,
    region: 'us-east-1',
    isPathStyle: true,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    attemptCountMax: 3,
    stallMsMax: 300,
  });
  return s3ObjectStore({ bucket: 'bucket', prefix, client });
};
beforeEach(() => {
  fake.fault = () => null;
  fake.requests.length = 0;
  store = newStore();
});

const modified = new Date(0).toUTCString();
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const bytesAt = (key: string): string | undefined => fake.store.objects.get(`lake/${key}`)?.bytes.toString();
const sent = (method: string): FakeRequest[] => fake.requests.filter((request) => request.method === method);

/** The first `count` requests of a method go wrong. */
function failing(method: string, fault: Fault, count = 1): void {
  let left = count;
  fake.fault = (request) => (request.method === method && left-- > 0 ? fault : null);
}

objectStoreConformance('S3 without versions', () => newStore(), { keepsOpenVersions: false });

describe('a conditional write to S3', () => {
  it.each(['drop-after', 'error-after'] as const)(
    'knows its own object after %s and a repeated request',
    async (fault) => {
      failing('PUT', fault);
      const facts = await store.put('k', text('mine'), { ifNoneMatch: '*' });
      expect(sent('PUT')).toHaveLength(2);
      expect(sent('HEAD')).toHaveLength(1);
      expect(facts.etag).toBe((await store.head('k'))!.etag);
      expect(bytesAt('k')).toBe('mine');
    },
  );

  it('knows its own replacement after the answer was lost', async () => {
    const { etag } = await store.put('k', text('old'));
    failing('PUT', 'drop-after');
    const replaced = await store.put('k', text('new'), { ifMatch: etag });
    expect(await store.head('k')).toMatchObject({ etag: replaced.etag });
  });

  it('knows its own object when no try got an answer', async () => {
    fake.fault = ({ method }) => (method === 'PUT' ? 'drop-after' : null);
    await store.put('k', text('mine'), { ifNoneMatch: '*' });
    expect(bytesAt('k')).toBe('mine');
  });

  it("is refused when the object that a repeated request meets is another writer's", async () => {
    fake.fault = ({ method }) => {
      if (method !== 'PUT' || sent('PUT').length > 1) return null;
      fake.store.objects.set('lake/k', { bytes: Buffer.from('theirs'), etag: 'e', metadata: {}, modified, tags: '' });
      return 'drop-before';
    };
    await expect(store.put('k', text('mine'), { ifNoneMatch: '*' })).rejects.toThrow(PreconditionFailedError);
    expect(bytesAt('k')).toBe('theirs');
  });

  it('asks nobody when its first try is refused', async () => {
    await store.put('k', text('theirs'));
    await expect(store.put('k', text('mine'), { ifNoneMatch: '*' })).rejects.toThrow(PreconditionFailedError);
    expect(sent('HEAD')).toEqual([]);
  });

  it.each(['drop-before', 'error-before'] as const)(
    'does not guess when %s leaves nothing to read back',
    async (fault) => {
      failing('PUT', fault, 3);
      await expect(store.put('k', text('mine'), { ifNoneMatch: '*' })).rejects.toThrow(
        /read the object before you decide/,
      );
    },
  );

  it('does not guess when reading back fails too', async () => {
    fake.fault = ({ method }) => (method === 'PUT' ? 'drop-after' : 'drop-before');
    await expect(store.put('k', text('mine'), { ifNoneMatch: '*' })).rejects.toThrow(TemporaryError);
  });

  it('repeats what met a conflicting request', async () => {
    failing('PUT', 'conflict', 2);
    await store.put('k', text('mine'), { ifNoneMatch: '*' });
    expect(sent('PUT')).toHaveLength(3);
    failing('PUT', 'conflict');
    await expect(store.put('k', text('again'), { ifNoneMatch: '*' })).rejects.toThrow(PreconditionFailedError);
    expect(bytesAt('k')).toBe('mine');
  });
});

describe('reading a range from S3', () => {
  const open = async () => {
    await store.put('k', text('0123456789'));
    return store.open('k');
  };

  it('ends when the object is overwritten or removed between two ranges', async () => {
    const source = await open();
    expect(Buffer.from(await readBytes(source, 0, 5)).toString()).toBe('01234');
    await store.put('k', text('abcdefghij'));
    await expect(readBytes(source, 5, 5)).rejects.toThrow(PreconditionFailedError);
    await store.delete('k');
    await expect(readBytes(source, 5, 5)).rejects.toThrow(NotFoundError);
  });

  it('does not take bytes of another version from a server that ignores the condition', async () => {
    const source = await open();
    failing('GET', 'other-etag');
    await expect(readBytes(source, 0, 5)).rejects.toThrow(PreconditionFailedError);
  });

  it.each(['truncate', 'stall', 'drop-before', 'error-before'] as const)('asks again after %s', async (fault) => {
    const source = await open();
    failing('GET', fault);
    expect(Buffer.from(await readBytes(source, 2, 6)).toString()).toBe('234567');
    expect(sent('GET')).toHaveLength(2);
    failing('GET', fault);
    expect(Buffer.from((await store.get('k')).bytes).toString()).toBe('0123456789');
  });

  it.each(['truncate', 'stall'] as const)('says so when every answer ends with %s', async (fault) => {
    const source = await open();
    failing('GET', fault, 3);
    await expect(readBytes(source, 2, 6)).rejects.toThrow(/Expected a body of 6 bytes, got 3/);
    expect(sent('GET')).toHaveLength(3);
  });

  it('fetches a long range in pieces, each pinned to the version', async () => {
    const bytes = Buffer.alloc(20 * 1024 * 1024 + 3, 'cubelake');
    const { etag } = await store.put('long', bytes);
    const source = await store.open('long');
    expect(bytes.subarray(5).equals(await readBytes(source, 5, bytes.byteLength - 5))).toBe(true);
    // On a busy machine an answer may stall, and its piece is asked for again.
    expect(new Set(sent('GET').map(({ headers }) => headers['range'])).size).toBe(3);
    expect(new Set(sent('GET').map(({ headers }) => headers['if-match']))).toEqual(new Set([`"${etag}"`]));
  });

  it('says that an object is archived, and that a bucket or the right to it is missing', async () => {
    const source = await open();
    fake.store.objects.get('lake/k')!.storageClass = 'GLACIER';
    await expect(readBytes(source, 0, 1)).rejects.toThrow(ArchivedObjectError);
    await expect(store.get('k')).rejects.toThrow(/Restore it, then reprocess/);
  });
});

describe('a streamed upload to S3', () => {
  const long = Buffer.alloc(2 * uploadPartBytesMin + 12345, 'wavelength');
  const append = async () => {
    const writer = await store.write('k');
    for (let start = 0; start < long.byteLength; start += 1_000_003) {
      await writer.append(long.subarray(start, start + 1_000_003));
    }
    return writer;
  };

  it('sends parts with checksums, and nothing is visible before the commit', async () => {
    const writer = await append();
    expect(await Array.fromAsync(store.list(''))).toEqual([]);
    const facts = await writer.commit();
    expect(fake.store.objects.get('lake/k')!.bytes.equals(long)).toBe(true);
    expect(facts).toMatchObject({ sizeBytes: long.byteLength, etag: (await store.head('k'))!.etag });
    const parts = sent('PUT').filter(({ query }) => query.has('partNumber'));
    expect(parts.map(({ body }) => body.byteLength).toSorted((a, b) => a - b)).toEqual([
      12345,
      uploadPartBytesMin,
      uploadPartBytesMin,
    ]);
    expect(parts.every(({ headers }) => headers['x-amz-checksum-crc32'] !== undefined)).toBe(true);
  });

  it('sends a lost part again', async () => {
    let isFirst = true;
    fake.fault = ({ query }) => {
      if (query.get('partNumber') !== '2' || !isFirst) return null;
      isFirst = false;
      return 'drop-before';
    };
    await (await append()).commit();
    expect(fake.store.objects.get('lake/k')!.bytes.equals(long)).toBe(true);
  });

  it('removes its parts and shows nothing when a part cannot be sent', async () => {
    fake.fault = ({ query }) => (query.get('partNumber') === '2' ? 'error-before' : null);
    await expect(append().then((writer) => writer.commit())).rejects.toThrow(TemporaryError);
    expect(fake.store.objects.size).toBe(0);
    expect(fake.store.uploads.size).toBe(0);
  });

  it('removes its parts when it is aborted, and the old object stays', async () => {
    await store.put('k', text('old'));
    const writer = await append();
    expect(fake.store.uploads.size).toBe(1);
    await writer.abort();
    await writer.abort();
    expect(fake.store.uploads.size).toBe(0);
    expect(bytesAt('k')).toBe('old');
    await expect(writer.commit()).rejects.toThrow(PreconditionFailedError);
  });

  it('knows its own object when the answer to the end of the upload was lost', async () => {
    const writer = await append();
    fake.fault = ({ method, query }) =>
      method === 'POST' && query.has('uploadId') && sent('POST').length === 2 ? 'drop-after' : null;
    const facts = await writer.commit();
    expect(sent('POST')).toHaveLength(3);
    expect(facts.etag).toBe((await store.head('k'))!.etag);
  });

  it('does not take the object of another writer for its own', async () => {
    const writer = await append();
    await store.put('k', text('theirs'));
    fake.store.uploads.clear();
    await expect(writer.commit()).rejects.toThrow(TemporaryError);
    expect(bytesAt('k')).toBe('theirs');
  });
});

describe('the sizes of parts', () => {
  it('reach 5 TiB, the longest object, in 10 000 parts of at most 5 GiB', () => {
    let sizeBytes = 0;
    for (let part = 1; part <= uploadPartCountMax; part++) sizeBytes += partSizeBytes(part);
    expect(sizeBytes).toBeGreaterThan(5 * 1024 ** 4);
    expect(partSizeBytes(uploadPartCountMax)).toBeLessThanOrEqual(5 * 1024 ** 3);
    // 1000 parts of 8 MiB hold two raw cubes of 4 GB in parts of the smallest size.
    expect([1, 1000, 1001, 2001].map(partSizeBytes)).toEqual([1, 1, 2, 4].map((times) => times * 8 * 1024 * 1024));
  });
});

describe('names in S3', () => {
  it('keeps to its prefix, and leaves out what the port cannot name', async () => {
    await store.put('a b+c%20é', text('x'));
    for (const key of ['other/k', 'lakeside/k', 'lake/folder/', 'lake/a//b']) {
      fake.store.objects.set(key, { bytes: Buffer.alloc(0), etag: 'e', metadata: {}, modified, tags: '' });
    }
    expect(fake.store.objects.has('lake/a b+c%20é')).toBe(true);
    expect((await Array.fromAsync(store.list(''))).map(({ key }) => key)).toEqual(['a b+c%20é']);
  });

  it('counts the prefix when it checks how long a key is', async () => {
    await expect(store.put('k'.repeat(1020), text('x'))).rejects.toThrow(FormatError);
  });

  it('refuses names that no bucket has', () => {
    const client = s3Connection();
    expect(() => s3ObjectStore({ bucket: 'Bad_Name', prefix: '', client })).toThrow(ConfigurationError);
    expect(() => s3ObjectStore({ bucket: 'good', prefix: 'a/', client })).toThrow(ConfigurationError);
  });
});
