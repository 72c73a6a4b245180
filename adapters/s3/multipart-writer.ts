import { randomUUID } from 'node:crypto';
import type { CompletedPart, S3 } from '@aws-sdk/client-s3';
import { FormatError, PreconditionFailedError, TemporaryError } from '#core/errors.ts';
import {
  uploadPartBytesMin,
  uploadPartCountMax,
  uploadPartCountPerSize,
  uploadPartParallelCount,
} from '#core/limits.ts';
import type { ObjectFacts, ObjectWriter, PutOptions } from '#core/ports/object-store.ts';
import { conditionHeaders, plainEtag, writeIdName } from './conditional-put.ts';
import { refusalOf, s3Error } from './s3-error.ts';

/** Bytes of a part, numbered from 1: parts grow with the object, so that any object S3 can hold needs few enough of them. */
export function partSizeBytes(partNumber: number): number {
  return uploadPartBytesMin * 2 ** Math.floor((partNumber - 1) / uploadPartCountPerSize);
}

export interface MultipartTarget {
  readonly client: S3;
  readonly bucket: string;
  readonly bucketKey: string;
  readonly uri: string;
  /** What must lie at the key when the object becomes visible; anything when absent. */
  readonly condition?: PutOptions;
  /** More user metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** One PUT for what is shorter than a part. */
  putWhole(bytes: Uint8Array): Promise<ObjectFacts>;
  /** Facts of the finished object, as the store tells them. */
  facts(etag: string, sizeBytes: number, answer: object | null): Promise<ObjectFacts>;
}

/**
 * Streams one object in parts with checksums; nothing is visible before `commit`. Holds one part that fills and those
 * that are on their way. A failed part ends the upload and removes its parts.
 */
export class MultipartWriter implements ObjectWriter {
  readonly #target: MultipartTarget;
  readonly #writeId = randomUUID();
  #buffer: Uint8Array;
  #filledBytes = 0;
  #sizeBytes = 0;
  #uploadId: string | null = null;
  readonly #parts: CompletedPart[] = [];
  #partCount = 0;
  readonly #sending = new Set<Promise<void>>();
  #failure: unknown = null;
  #isOpen = true;

  constructor(target: MultipartTarget) {
    this.#target = target;
    // Small objects are many: their buffer starts small.
    this.#buffer = new Uint8Array(64 * 1024);
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.#needOpen();
    for (let taken = 0; taken < bytes.byteLength; ) {
      const partBytes = partSizeBytes(this.#partCount + 1);
      const count = Math.min(bytes.byteLength - taken, partBytes - this.#filledBytes);
      this.#makeRoom(count, partBytes);
      this.#buffer.set(bytes.subarray(taken, taken + count), this.#filledBytes);
      this.#filledBytes += count;
      taken += count;
      if (this.#filledBytes === partBytes) await this.#sendPart();
    }
  }

  async commit(): Promise<ObjectFacts> {
    this.#needOpen();
    const { putWhole, facts } = this.#target;
    if (this.#uploadId === null) {
      this.#isOpen = false;
      return putWhole(this.#buffer.subarray(0, this.#filledBytes));
    }
    if (this.#filledBytes > 0) await this.#sendPart();
    await Promise.all(this.#sending);
    if (this.#failure !== null) await this.#end();
    const { etag, answer } = await this.#complete(this.#uploadId);
    this.#isOpen = false;
    return facts(etag, this.#sizeBytes, answer);
  }

  async abort(): Promise<void> {
    this.#isOpen = false;
    await Promise.all(this.#sending);
    const uploadId = this.#uploadId;
    this.#uploadId = null;
    if (uploadId === null) return;
    const { client, bucket, bucketKey, uri } = this.#target;
    try {
      await client.abortMultipartUpload({ Bucket: bucket, Key: bucketKey, UploadId: uploadId });
    } catch (error) {
      if (refusalOf(error).status !== 404) throw s3Error(error, uri);
    }
  }

  #needOpen(): void {
    if (this.#isOpen) return;
    const { uri } = this.#target;
    throw new PreconditionFailedError(`Expected an open writer, got a finished one (${uri}).`, { key: uri });
  }

  #makeRoom(count: number, partBytes: number): void {
    const neededBytes = this.#filledBytes + count;
    if (neededBytes <= this.#buffer.byteLength) return;
    const grown = new Uint8Array(Math.min(partBytes, Math.max(neededBytes, 2 * this.#buffer.byteLength)));
    grown.set(this.#buffer.subarray(0, this.#filledBytes));
    this.#buffer = grown;
  }

  /** Hands the filled part over and waits until there is room for the next. */
  async #sendPart(): Promise<void> {
    const { client, bucket, bucketKey, uri } = this.#target;
    if (this.#partCount === uploadPartCountMax) {
      this.#failure ??= new FormatError(`Expected at most ${uploadPartCountMax} parts, got more (${uri}).`);
      return this.#end();
    }
    if (this.#uploadId === null) {
      this.#uploadId = await this.#create();
    }
    const body = this.#buffer.subarray(0, this.#filledBytes);
    this.#buffer = new Uint8Array(partSizeBytes(this.#partCount + 2));
    this.#filledBytes = 0;
    this.#sizeBytes += body.byteLength;
    const partNumber = ++this.#partCount;
    const sent = client
      .uploadPart({
        Bucket: bucket,
        Key: bucketKey,
        UploadId: this.#uploadId,
        PartNumber: partNumber,
        Body: body,
        ContentLength: body.byteLength,
        ChecksumAlgorithm: 'CRC32',
      })
      .then(({ ETag, ChecksumCRC32 }) => {
        this.#parts[partNumber - 1] = { PartNumber: partNumber, ETag, ChecksumCRC32 };
      })
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => this.#sending.delete(sent));
    this.#sending.add(sent);
    if (this.#sending.size >= uploadPartParallelCount) await Promise.race(this.#sending);
    if (this.#failure !== null) await this.#end();
  }

  async #create(): Promise<string> {
    const { client, bucket, bucketKey, uri } = this.#target;
    try {
      const { UploadId } = await client.createMultipartUpload({
        Bucket: bucket,
        Key: bucketKey,
        ChecksumAlgorithm: 'CRC32',
        Metadata: { ...this.#target.metadata, [writeIdName]: this.#writeId },
      });
      return UploadId!;
    } catch (error) {
      this.#isOpen = false;
      throw s3Error(error, uri);
    }
  }

  /** Removes the parts and throws the first failure; a failure to remove them would hide it, and they are not visible. */
  async #end(): Promise<never> {
    await this.abort().catch(() => undefined);
    throw s3Error(this.#failure, this.#target.uri);
  }

  /** A completed upload is gone: a repeated request meets NoSuchUpload, and the write id tells whose object lies there. */
  async #complete(uploadId: string): Promise<{ readonly etag: string; readonly answer: object | null }> {
    const { client, bucket, bucketKey, uri } = this.#target;
    const place = { Bucket: bucket, Key: bucketKey };
    try {
      const answer = await client.completeMultipartUpload({
        ...place,
        UploadId: uploadId,
        MultipartUpload: { Parts: this.#parts },
        ...conditionHeaders(this.#target.condition ?? {}),
      });
      return { etag: plainEtag(answer.ETag), answer };
    } catch (error) {
      const { status } = refusalOf(error);
      const isAmbiguous =
        status === null || status === 404 || status === 409 || status === 412 || status === 200 || status >= 500;
      const found = isAmbiguous ? await client.headObject(place).catch(() => null) : null;
      if (found?.Metadata?.[writeIdName] === this.#writeId) return { etag: plainEtag(found.ETag), answer: null };
      if (!isAmbiguous || status === 412) {
        this.#failure = error;
        return this.#end();
      }
      this.#isOpen = false;
      throw new TemporaryError(
        `Expected an answer to the end of an upload, got none that can be trusted (${uri}). Write the object again.`,
        { key: uri },
        error,
      );
    }
  }
}
