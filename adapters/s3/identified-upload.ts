import { NotFoundError } from '#core/errors.ts';
import type { ObjectFacts, ObjectWriter } from '#core/ports/object-store.ts';
import { conditionalPut, plainEtag } from './conditional-put.ts';
import { MultipartWriter } from './multipart-writer.ts';
import type { S3Connection } from './s3-connection.ts';
import { s3Error } from './s3-error.ts';
import { parseS3Uri, s3Place } from './s3-place.ts';

/** User metadata: SHA-256 of the bytes in hexadecimal digits, as the uploader computed it. */
export const contentHashName = 'cubelake-sha256';

export interface IdentifiedObject extends ObjectFacts {
  /** null for an object that somebody else uploaded. */
  readonly sha256: string | null;
}

/**
 * Uploads that say what they hold: with a key of KMS, or in parts, the ETag of an object says nothing of its bytes, and the
 * same file would be uploaded, announced and looked at again.
 */
export interface IdentifiedUploads {
  find(key: string): Promise<IdentifiedObject | null>;
  /**
   * Streams an object in the place of exactly `before`, or of nothing.
   * `commit` throws PreconditionFailedError when somebody else was first.
   */
  write(key: string, sha256: string, before: ObjectFacts | null): Promise<ObjectWriter>;
}

/** @param uri `s3://bucket` or `s3://bucket/prefix`. @throws ConfigurationError Disposition: stop. */
export function openIdentifiedUploads(uri: string, connection: S3Connection): IdentifiedUploads {
  const { bucket, prefix } = parseS3Uri(uri);
  const place = s3Place(bucket, prefix);
  const find = async (key: string): Promise<IdentifiedObject | null> => {
    const client = await connection.client();
    try {
      const head = await client.headObject({ Bucket: bucket, Key: place.bucketKey(key) });
      return {
        key,
        sizeBytes: head.ContentLength ?? 0,
        etag: plainEtag(head.ETag),
        lastModifiedMs: head.LastModified?.getTime() ?? 0,
        sha256: head.Metadata?.[contentHashName] ?? null,
      };
    } catch (error) {
      const failure = s3Error(error, `${place.rootUri}/${key}`);
      if (failure instanceof NotFoundError) return null;
      throw failure;
    }
  };
  return {
    find,
    async write(key, sha256, before) {
      const client = await connection.client();
      const target = {
        client,
        bucket,
        bucketKey: place.bucketKey(key),
        uri: `${place.rootUri}/${key}`,
        metadata: { [contentHashName]: sha256 },
        condition: before === null ? ({ ifNoneMatch: '*' } as const) : { ifMatch: before.etag },
      };
      const facts = async (etag: string, sizeBytes: number): Promise<ObjectFacts> => {
        const found = await find(key);
        return { key, sizeBytes, etag, lastModifiedMs: found?.lastModifiedMs ?? 0 };
      };
      return new MultipartWriter({
        ...target,
        facts,
        putWhole: async (bytes) => {
          const result = await conditionalPut({ ...target, bytes, attemptCountMax: connection.attemptCountMax });
          return facts('found' in result ? result.found.etag : plainEtag(result.answer.ETag), bytes.byteLength);
        },
      });
    },
  };
}
