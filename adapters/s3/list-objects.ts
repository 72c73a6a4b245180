import type { _Object, ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import { ConfigurationError } from '#core/errors.ts';
import { compareKeys } from '#core/ports/object-key.ts';
import type { ObjectFacts } from '#core/ports/object-store.ts';
import { plainEtag } from './conditional-put.ts';
import type { S3Connection } from './s3-connection.ts';
import { s3Error } from './s3-error.ts';
import type { S3Place } from './s3-place.ts';

/**
 * All objects under a prefix in the order of their bytes, page by page where the server lists in this order. What the
 * port cannot name (folder markers) is left out.
 * @throws ConfigurationError when the order was promised and is not kept. Disposition: stop.
 */
export async function* listObjects(
  connection: S3Connection,
  place: S3Place,
  prefix: string,
): AsyncIterable<ObjectFacts> {
  const listed = listPages(connection, place, prefix);
  if (!connection.hasOrderedListings) {
    const all = await Array.fromAsync(listed);
    yield* all.sort((left, right) => compareKeys(left.key, right.key));
    return;
  }
  let previous: string | null = null;
  for await (const facts of listed) {
    if (previous !== null && compareKeys(previous, facts.key) >= 0) throw disordered(place, previous, facts.key);
    previous = facts.key;
    yield facts;
  }
}

async function* listPages(connection: S3Connection, place: S3Place, prefix: string): AsyncIterable<ObjectFacts> {
  const client = await connection.client();
  let token: string | undefined;
  do {
    let page: ListObjectsV2CommandOutput;
    try {
      page = await client.listObjectsV2({
        Bucket: place.bucket,
        Prefix: place.bucketPrefix(prefix),
        // Keys of others may hold characters that XML has no way to say.
        EncodingType: 'url',
        ...(token === undefined ? {} : { ContinuationToken: token }),
      });
    } catch (error) {
      throw s3Error(error, place.rootUri);
    }
    for (const entry of page.Contents ?? []) {
      const key = place.storeKey(keyOf(entry, page.EncodingType));
      if (key !== null) yield facts(key, entry);
    }
    token = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
}

function keyOf(entry: _Object, encoding: string | undefined): string {
  const key = entry.Key ?? '';
  return encoding === 'url' ? decodeURIComponent(key.replaceAll('+', '%20')) : key;
}

function facts(key: string, entry: _Object): ObjectFacts {
  return {
    key,
    sizeBytes: entry.Size ?? 0,
    etag: plainEtag(entry.ETag),
    lastModifiedMs: Math.floor((entry.LastModified?.getTime() ?? 0) / 1000) * 1000,
  };
}

function disordered(place: S3Place, previous: string, key: string): ConfigurationError {
  return new ConfigurationError(
    `Expected keys in the order of their bytes, got "${key}" after "${previous}" (listing of ${place.rootUri}). Name the server by its endpoint, so that listings are sorted here.`,
    { key },
  );
}
