import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type IdentifiedUploads, openIdentifiedUploads } from '#adapters/s3/identified-upload.ts';
import { s3Connection } from '#adapters/s3/s3-connection.ts';
import { PreconditionFailedError } from '#core/errors.ts';
import { uploadPartBytesMin } from '#core/limits.ts';
import type { ObjectFacts } from '#core/ports/object-store.ts';
import { type FakeS3, type Fault, fakeS3 } from './fake-s3.ts';

let fake: FakeS3;
let uploads: IdentifiedUploads;
beforeAll(async () => {
  fake = await fakeS3();
});
afterAll(() => fake.close());
beforeEach(() => {
  fake.fault = () => null;
  fake.store.objects.clear();
  const connection = s3Connection({
    endpoint: fake.endpoint,
    region: 'us-east-1',
    isPathStyle: true,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    attemptCountMax: 3,
    stallMsMax: 10_000,
  });
  uploads = openIdentifiedUploads('s3://bucket/raw', connection);
});

async function write(sha256: string, sizeBytes: number, before: ObjectFacts | null): Promise<ObjectFacts> {
  const writer = await uploads.write('k', sha256, before);
  await writer.append(new Uint8Array(sizeBytes).fill(sha256.charCodeAt(0)));
  return writer.commit();
}

/** The request that makes an object visible goes wrong once. */
function failOnce(fault: Fault): void {
  let isDone = false;
  fake.fault = ({ method, query }) => {
    const isLast = (method === 'PUT' && !query.has('partNumber')) || (method === 'POST' && query.has('uploadId'));
    if (isDone || !isLast) return null;
    isDone = true;
    return fault;
  };
}

describe.each([
  ['in one request', 5],
  ['in parts', uploadPartBytesMin + 5],
] as const)('an upload %s that says what it holds', (_, sizeBytes) => {
  it('is found with the hash of its bytes, and replaced only by who knows it', async () => {
    expect(await uploads.find('k')).toBe(null);
    const first = await write('a', sizeBytes, null);
    expect(await uploads.find('k')).toMatchObject({ sha256: 'a', sizeBytes, etag: first.etag });
    await expect(write('b', sizeBytes, null)).rejects.toThrow(PreconditionFailedError);
    await write('c', sizeBytes, first);
    await expect(write('d', sizeBytes, first)).rejects.toThrow(PreconditionFailedError);
    expect(await uploads.find('k')).toMatchObject({ sha256: 'c' });
  });

  it.each(['drop-after', 'error-after'] as const)(
    'is known as done although its answer was lost (%s)',
    async (fault) => {
      failOnce(fault);
      const stored = await write('a', sizeBytes, null);
      expect(await uploads.find('k')).toMatchObject({ sha256: 'a', etag: stored.etag, sizeBytes });
    },
  );
});

it('knows no hash of what somebody else uploaded', async () => {
  const object = { bytes: Buffer.from('x'), etag: 'e', metadata: {}, modified: new Date(0).toUTCString(), tags: '' };
  fake.store.objects.set('raw/k', object);
  expect(await uploads.find('k')).toEqual({ key: 'k', sizeBytes: 1, etag: 'e', lastModifiedMs: 0, sha256: null });
});
