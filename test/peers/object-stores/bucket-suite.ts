import { beforeAll, describe, expect, it } from 'vitest';
import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { s3ObjectStore } from '#adapters/s3/s3-object-store.ts';
import { uploadPartBytesMin } from '#core/limits.ts';
import { readBytes } from '#core/ports/byte-source.ts';
import { catalogConformance } from '../../conformance/catalog.ts';
import { objectStoreConformance } from '../../conformance/object-store.ts';
import { emptyStores, peerS3 } from './peer-s3.ts';

const peer = peerS3();
let plainBucket = '';
let versionedBucket = '';
beforeAll(async () => {
  plainBucket = await peer.makeBucket();
  versionedBucket = await peer.makeBucket({ isVersioned: true });
});

/** Before anything else: a server that takes a second creation would lose commits, and every later test would mislead. */
describe('the S3 under test', () => {
  it('refuses a second creation and leaves the bytes as they were', async () => {
    const place = { Bucket: plainBucket, Key: 'probe' };
    await peer.client.putObject({ ...place, Body: 'first', IfNoneMatch: '*' });
    const second = peer.client.putObject({ ...place, Body: 'second', IfNoneMatch: '*' });
    await expect(second).rejects.toMatchObject({ $metadata: { httpStatusCode: 412 } });
    expect(await (await peer.client.getObject(place)).Body!.transformToString()).toBe('first');
    const stale = peer.client.putObject({ ...place, Body: 'third', IfMatch: '"0123456789abcdef0123456789abcdef"' });
    await expect(stale).rejects.toMatchObject({ $metadata: { httpStatusCode: 412 } });
    expect(await (await peer.client.getObject(place)).Body!.transformToString()).toBe('first');
  });
});

// SeaweedFS 4.48 takes a backslash for a slash.
const keepsBackslashes = process.env['PEER_S3_BACKSLASHES'] !== 'slashes';
objectStoreConformance(
  'a bucket',
  emptyStores(peer, () => plainBucket),
  { keepsOpenVersions: false, keepsBackslashes },
);
objectStoreConformance(
  'a bucket with versions',
  emptyStores(peer, () => versionedBucket),
  { keepsOpenVersions: true, keepsBackslashes },
);

const catalogStores = emptyStores(peer, () => plainBucket);
let catalogCount = 0;
catalogConformance('the pointer catalog in a bucket', async () => {
  const warehouse = s3ObjectStore({
    bucket: plainBucket,
    prefix: `warehouse-${catalogCount++}`,
    client: peer.connection,
  });
  return { warehouse, catalog: pointerCatalog(warehouse, { nowMs: () => Date.UTC(2026, 5, 1) }) };
});

describe('a long object in a bucket', () => {
  it('is uploaded in parts and read back in ranges, byte for byte', async () => {
    const store = catalogStores();
    const bytes = Buffer.alloc(3 * uploadPartBytesMin + 4320);
    for (let offset = 0; offset < bytes.length; offset += 4) bytes.writeUInt32LE(offset, offset);
    const writer = await store.write('long object');
    for (let start = 0; start < bytes.length; start += 3_000_000)
      await writer.append(bytes.subarray(start, start + 3_000_000));
    const { etag } = await writer.commit();
    const source = await store.open('long object', { etag });
    expect(bytes.equals(await readBytes(source, 0, bytes.length))).toBe(true);
    expect(await peer.client.listMultipartUploads({ Bucket: plainBucket })).not.toHaveProperty('Uploads.0');
  });
});
