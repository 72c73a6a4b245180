import { randomUUID } from 'node:crypto';
import { S3 } from '@aws-sdk/client-s3';
import { readS3Options } from '#adapters/s3/config.ts';
import { type S3Connection, s3Connection } from '#adapters/s3/s3-connection.ts';
import { s3ObjectStore } from '#adapters/s3/s3-object-store.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';

/** The S3 that the check has started. */
export interface PeerS3 {
  readonly endpoint: string;
  readonly connection: S3Connection;
  readonly client: S3;
  /** A new bucket. */
  makeBucket(options?: { readonly isVersioned: boolean }): Promise<string>;
}

export function peerS3(): PeerS3 {
  const endpoint = process.env['PEER_S3_ENDPOINT'];
  if (endpoint === undefined)
    throw new Error('Expected PEER_S3_ENDPOINT, got none. Run the check.sh beside this file.');
  const connection = s3Connection(readS3Options({ ...process.env, CUBELAKE_S3_ENDPOINT: endpoint }));
  const client = new S3({ endpoint, region: 'us-east-1', forcePathStyle: true });
  return {
    endpoint,
    connection,
    client,
    async makeBucket({ isVersioned } = { isVersioned: false }) {
      const Bucket = `peer-${randomUUID()}`;
      await client.createBucket({ Bucket });
      if (isVersioned) await client.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: 'Enabled' } });
      return Bucket;
    },
  };
}

/** Empty stores: a prefix of their own each. */
export function emptyStores(peer: PeerS3, bucket: () => string): () => ObjectStore {
  let count = 0;
  return () => s3ObjectStore({ bucket: bucket(), prefix: `store ${count++}`, client: peer.connection });
}
