import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PutObjectCommandOutput, S3 } from '@aws-sdk/client-s3';
import { PreconditionFailedError, TemporaryError } from '#core/errors.ts';
import type { PutOptions } from '#core/ports/object-store.ts';
import { refusalOf, s3Error } from './s3-error.ts';

/** User metadata that says whose request wrote an object. */
export const writeIdName = 'cubelake-write-id';

const conflictWaitMs = 100;

export interface ConditionalPut {
  readonly client: S3;
  readonly bucket: string;
  readonly bucketKey: string;
  /** For messages. */
  readonly uri: string;
  readonly bytes: Uint8Array;
  readonly condition: PutOptions;
  /** More user metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly attemptCountMax: number;
}

/** The answer to the write, or what was found by reading it back. */
export type PutResult =
  | { readonly answer: PutObjectCommandOutput }
  | { readonly found: { readonly etag: string; readonly lastModifiedMs: number } };

/**
 * A conditional PUT whose outcome is the truth. A request may take effect and lose its answer; the SDK then repeats it
 * and is refused by its own object. So every object carries the id of its write, and whatever is no plain answer is
 * decided by looking at what lies there now.
 *
 * @throws PreconditionFailedError another write holds the key; TemporaryError nobody knows: the request may take effect
 *   yet. Read the key before you decide.
 */
export async function conditionalPut(put: ConditionalPut): Promise<PutResult> {
  const writeId = randomUUID();
  for (let attempt = 1; ; attempt++) {
    try {
      return { answer: await send(put, writeId) };
    } catch (error) {
      const { status, attemptCount } = refusalOf(error);
      const isRefusal = status === 412 || (status === 404 && put.condition.ifMatch !== undefined);
      if (isRefusal && attempt === 1 && attemptCount === 1) throw refused(put, error);
      const isAmbiguous = isRefusal || status === null || status === 409 || status === 408 || status >= 500;
      if (!isAmbiguous) throw s3Error(error, put.uri);
      const found = await lookFor(put, error);
      if (found?.writeId === writeId) return { found };
      if (!isAsBefore(put.condition, found?.etag ?? null)) throw refused(put, error);
      // 409: another request for this key was under way, and neither of them need have won.
      if (status !== 409 || attempt >= put.attemptCountMax) throw unknown(put, error);
      await sleep(conflictWaitMs * attempt);
    }
  }
}

function send({ client, bucket, bucketKey, bytes, condition, metadata }: ConditionalPut, writeId: string) {
  return client.putObject({
    Bucket: bucket,
    Key: bucketKey,
    Body: bytes,
    ContentLength: bytes.byteLength,
    ChecksumAlgorithm: 'CRC32',
    Metadata: { ...metadata, [writeIdName]: writeId },
    ...conditionHeaders(condition),
  });
}

export function conditionHeaders({ ifNoneMatch, ifMatch }: PutOptions): { IfNoneMatch?: '*'; IfMatch?: string } {
  return {
    ...(ifNoneMatch === undefined ? {} : { IfNoneMatch: ifNoneMatch }),
    ...(ifMatch === undefined ? {} : { IfMatch: `"${ifMatch}"` }),
  };
}

interface FoundObject {
  readonly etag: string;
  readonly lastModifiedMs: number;
  readonly writeId: string | null;
}

/** What lies at the key now; null for nothing. */
async function lookFor(put: ConditionalPut, failure: unknown): Promise<FoundObject | null> {
  try {
    const head = await put.client.headObject({ Bucket: put.bucket, Key: put.bucketKey });
    const lastModifiedMs = head.LastModified?.getTime() ?? 0;
    return { etag: plainEtag(head.ETag), lastModifiedMs, writeId: head.Metadata?.[writeIdName] ?? null };
  } catch (error) {
    if (refusalOf(error).status === 404) return null;
    throw unknown(put, failure);
  }
}

function isAsBefore(condition: PutOptions, etag: string | null): boolean {
  return condition.ifMatch === undefined ? etag === null : etag === condition.ifMatch;
}

/** ETag as the port has it: without quotes, and without the mark of a weak one. */
export function plainEtag(etag: string | undefined): string {
  return (etag ?? '').replace(/^W\//, '').replaceAll('"', '');
}

function refused(put: ConditionalPut, cause: unknown): PreconditionFailedError {
  const expected = put.condition.ifMatch === undefined ? 'no object' : `version ${put.condition.ifMatch}`;
  return new PreconditionFailedError(
    `Expected ${expected}, got another version (${put.uri}).`,
    { key: put.uri },
    cause,
  );
}

function unknown(put: ConditionalPut, cause: unknown): TemporaryError {
  return new TemporaryError(
    `Expected an answer to a conditional write, got none that can be trusted (${put.uri}). It may take effect yet: read the object before you decide.`,
    { key: put.uri },
    cause,
  );
}
