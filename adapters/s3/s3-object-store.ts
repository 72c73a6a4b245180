import type { GetObjectCommandOutput, HeadObjectCommandOutput, S3 } from '@aws-sdk/client-s3';
import { FormatError, NotFoundError, PreconditionFailedError } from '#core/errors.ts';
import { metadataBytesMax } from '#core/limits.ts';
import type { ByteSource } from '#core/ports/byte-source.ts';
import type { ObjectFacts, ObjectStore, ObjectWriter, PutOptions, StoredObject } from '#core/ports/object-store.ts';
import { askingAgain, discardBody, readBodyInto } from './answer-body.ts';
import { conditionalPut, plainEtag } from './conditional-put.ts';
import { listObjects } from './list-objects.ts';
import { MultipartWriter } from './multipart-writer.ts';
import { pinnedObject } from './pinned-object.ts';
import type { S3Connection } from './s3-connection.ts';
import { s3Error } from './s3-error.ts';
import { parseS3Uri, type S3Place, s3Place } from './s3-place.ts';

export interface S3ObjectStoreOptions {
  readonly bucket: string;
  /** Without slashes at its ends; empty for the whole bucket. */
  readonly prefix: string;
  readonly client: S3Connection;
}

/**
 * A bucket, or a prefix of one, as an object store. Any S3 that keeps conditional writes will do; one that does not would
 * lose commits, so check it with the conformance suite first.
 *
 * `open` reads one version for as long as it takes in a bucket with versions; without them, a read after an overwrite ends
 * with PreconditionFailedError. Dates are whole seconds of the store's clock. ETags follow the bytes and the way they were
 * uploaded: two equal long objects may differ in theirs.
 */
export function s3ObjectStore(options: S3ObjectStoreOptions): ObjectStore {
  return new S3ObjectStore(s3Place(options.bucket, options.prefix), options.client);
}

/** @param uri `s3://bucket` or `s3://bucket/prefix`. @throws ConfigurationError Disposition: stop. */
export function openS3Store(uri: string, client: S3Connection): ObjectStore {
  return s3ObjectStore({ ...parseS3Uri(uri), client });
}

class S3ObjectStore implements ObjectStore {
  readonly rootUri: string;
  readonly #place: S3Place;
  readonly #connection: S3Connection;

  constructor(place: S3Place, connection: S3Connection) {
    this.rootUri = place.rootUri;
    this.#place = place;
    this.#connection = connection;
  }

  async head(key: string): Promise<ObjectFacts | null> {
    const found = await this.#find(key);
    return found === null ? null : factsOf(key, found);
  }

  get(key: string, options: { readonly sizeBytesMax?: number } = {}): Promise<StoredObject> {
    const sizeBytesMax = options.sizeBytesMax ?? metadataBytesMax;
    return askingAgain(this.#connection.attemptCountMax, async () => {
      const answer = await this.#perform(key, (client, place) => client.getObject(place));
      const facts = factsOf(key, answer);
      if (facts.sizeBytes > sizeBytesMax) {
        discardBody(answer.Body);
        throw new FormatError(`Expected at most ${sizeBytesMax} bytes, got ${facts.sizeBytes} (${key}).`, { key });
      }
      const bytes = new Uint8Array(facts.sizeBytes);
      await readBodyInto(answer.Body, bytes, this.#uri(key));
      return { ...facts, bytes };
    });
  }

  async open(key: string, options: { readonly etag?: string } = {}): Promise<ByteSource> {
    const found = await this.#find(key);
    if (found === null) throw this.#missing(key);
    const { etag, sizeBytes } = factsOf(key, found);
    if (options.etag !== undefined && options.etag !== etag) {
      throw new PreconditionFailedError(`Expected version ${options.etag}, got ${etag} (${this.#uri(key)}).`, { key });
    }
    return pinnedObject({
      client: await this.#connection.client(),
      bucket: this.#place.bucket,
      bucketKey: this.#place.bucketKey(key),
      uri: this.#uri(key),
      sizeBytes,
      etag,
      // "null" names what was written before the bucket kept versions, and is overwritten in place.
      versionId: found.VersionId === undefined || found.VersionId === 'null' ? null : found.VersionId,
      attemptCountMax: this.#connection.attemptCountMax,
    });
  }

  async put(key: string, bytes: Uint8Array, options: PutOptions = {}): Promise<ObjectFacts> {
    const bucketKey = this.#place.bucketKey(key);
    if (options.ifNoneMatch === undefined && options.ifMatch === undefined) {
      const answer = await this.#perform(key, (client, place) =>
        client.putObject({ ...place, Body: bytes, ContentLength: bytes.byteLength, ChecksumAlgorithm: 'CRC32' }),
      );
      return this.#written(key, plainEtag(answer.ETag), bytes.byteLength, answer);
    }
    const result = await conditionalPut({
      client: await this.#connection.client(),
      bucket: this.#place.bucket,
      bucketKey,
      uri: this.#uri(key),
      bytes,
      condition: options,
      attemptCountMax: this.#connection.attemptCountMax,
    });
    if ('found' in result)
      return { key, sizeBytes: bytes.byteLength, etag: result.found.etag, lastModifiedMs: result.found.lastModifiedMs };
    return this.#written(key, plainEtag(result.answer.ETag), bytes.byteLength, result.answer);
  }

  async write(key: string): Promise<ObjectWriter> {
    const bucketKey = this.#place.bucketKey(key);
    return new MultipartWriter({
      client: await this.#connection.client(),
      bucket: this.#place.bucket,
      bucketKey,
      uri: this.#uri(key),
      putWhole: (bytes) => this.put(key, bytes),
      facts: (etag, sizeBytes, answer) => this.#written(key, etag, sizeBytes, answer),
    });
  }

  list(prefix: string): AsyncIterable<ObjectFacts> {
    return listObjects(this.#connection, this.#place, prefix);
  }

  async delete(key: string): Promise<void> {
    await this.#perform(key, (client, place) => client.deleteObject(place));
  }

  async getTags(key: string): Promise<Readonly<Record<string, string>>> {
    const { TagSet } = await this.#perform(key, (client, place) => client.getObjectTagging(place));
    return Object.fromEntries((TagSet ?? []).map(({ Key, Value }) => [Key!, Value!]));
  }

  async setTags(key: string, tags: Readonly<Record<string, string>>): Promise<void> {
    const TagSet = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    await this.#perform(key, (client, place) => client.putObjectTagging({ ...place, Tagging: { TagSet } }));
  }

  async #find(key: string): Promise<HeadObjectCommandOutput | null> {
    try {
      return await this.#perform(key, (client, place) => client.headObject(place));
    } catch (error) {
      if (error instanceof NotFoundError) return null;
      throw error;
    }
  }

  async #perform<Answer>(
    key: string,
    request: (client: S3, place: { Bucket: string; Key: string }) => Promise<Answer>,
  ): Promise<Answer> {
    const place = { Bucket: this.#place.bucket, Key: this.#place.bucketKey(key) };
    const client = await this.#connection.client();
    try {
      return await request(client, place);
    } catch (error) {
      throw s3Error(error, this.#uri(key));
    }
  }

  /** S3 does not say when it stored an object, except by the date of its answer. */
  async #written(key: string, etag: string, sizeBytes: number, answer: object | null): Promise<ObjectFacts> {
    const answeredMs = answer === null ? null : this.#connection.answeredMs(answer);
    const lastModifiedMs = answeredMs ?? (await this.head(key))?.lastModifiedMs ?? 0;
    return { key, sizeBytes, etag, lastModifiedMs };
  }

  #uri(key: string): string {
    return `${this.rootUri}/${key}`;
  }

  #missing(key: string): NotFoundError {
    return new NotFoundError(`Expected an object, got none (${this.#uri(key)}).`, { key });
  }
}

function factsOf(key: string, answer: HeadObjectCommandOutput | GetObjectCommandOutput): ObjectFacts {
  return {
    key,
    sizeBytes: answer.ContentLength ?? 0,
    etag: plainEtag(answer.ETag),
    lastModifiedMs: answer.LastModified?.getTime() ?? 0,
  };
}
