import { Buffer } from 'node:buffer';
import { ConfigurationError, FormatError } from '#core/errors.ts';
import { objectKeyBytesMax } from '#core/limits.ts';
import { checkObjectKey, isObjectKey } from '#core/ports/object-key.ts';

/** A bucket, and the prefix in it that a store calls its root. Keys of the store become keys of the bucket and back. */
export interface S3Place {
  readonly bucket: string;
  readonly rootUri: string;
  /** @throws FormatError for a key that the port forbids or that is too long with the prefix. Disposition: quarantine. */
  bucketKey(key: string): string;
  /** Start of the bucket keys of a listing. */
  bucketPrefix(prefix: string): string;
  /** null for an object of the bucket that the port cannot name: a folder marker, what a store keeps for itself. */
  storeKey(bucketKey: string): string | null;
}

/** @param prefix Without slashes at its ends; empty for the whole bucket. @throws ConfigurationError Disposition: stop. */
export function s3Place(bucket: string, prefix: string): S3Place {
  const isName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket);
  if (!isName || (prefix !== '' && !isObjectKey(prefix)))
    throw new ConfigurationError(
      `Expected a bucket name and a prefix without slashes at its ends, got "${bucket}" and "${prefix}".`,
    );
  const start = prefix === '' ? '' : `${prefix}/`;
  return {
    bucket,
    rootUri: prefix === '' ? `s3://${bucket}` : `s3://${bucket}/${prefix}`,
    bucketKey(key) {
      checkObjectKey(key);
      const bucketKey = start + key;
      if (Buffer.byteLength(bucketKey) <= objectKeyBytesMax) return bucketKey;
      throw new FormatError(
        `Expected an object key of at most ${objectKeyBytesMax} bytes with its prefix, got more (${bucketKey.slice(0, 100)}). Rename the object.`,
        { key },
      );
    },
    bucketPrefix: (keyPrefix) => start + keyPrefix,
    storeKey(bucketKey) {
      const key = bucketKey.slice(start.length);
      return isObjectKey(key) ? key : null;
    },
  };
}

/** @throws ConfigurationError for anything but `s3://bucket` or `s3://bucket/prefix`. Disposition: stop. */
export function parseS3Uri(uri: string): { readonly bucket: string; readonly prefix: string } {
  const found = /^s3:\/\/([^/]+)(?:\/(.*?))?\/?$/.exec(uri);
  if (found === null)
    throw new ConfigurationError(`Expected s3://bucket/prefix, got "${uri}". Give such a URI.`, { uri });
  return { bucket: found[1]!, prefix: found[2] ?? '' };
}
