import { fileURLToPath } from 'node:url';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { readS3Options } from '#adapters/s3/config.ts';
import { type S3Connection, s3Connection } from '#adapters/s3/s3-connection.ts';
import { openS3Store } from '#adapters/s3/s3-object-store.ts';
import { ConfigurationError } from '#core/errors.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';

let s3: S3Connection | null = null;

/**
 * The store that a root URI names. All S3 stores of a process share one client.
 * @throws ConfigurationError for a scheme that no adapter has. Disposition: stop.
 */
export function openStore(uri: string): ObjectStore {
  if (URL.canParse(uri) && uri.startsWith('file:///')) return fileObjectStore(fileURLToPath(uri));
  if (uri.startsWith('s3://')) {
    s3 ??= s3Connection(readS3Options());
    return openS3Store(uri, s3);
  }
  throw new ConfigurationError(
    `Expected a store as file:///folder or s3://bucket/prefix, got "${uri}". Give one of them.`,
    { uri },
  );
}
