import type { ByteSource } from './byte-source.ts';

/**
 * One bucket. Keys are `/`-separated, at most 1024 bytes of UTF-8, without empty, `.` or `..` segments.
 *
 * Promises that every adapter keeps (test/conformance/object-store.ts):
 * - a reader sees a whole object or none; a write that failed leaves nothing visible;
 * - `put` with `ifNoneMatch` creates or throws PreconditionFailedError: of any number of racers exactly one wins;
 * - `put` with `ifMatch` replaces exactly that ETag or throws PreconditionFailedError;
 * - list is in ascending order of UTF-8 bytes and sees every completed write;
 * - deleting what is not there is no error.
 */
export interface ObjectStore {
  /** URI of the root, without a trailing slash: `file:///lake/warehouse`, `s3://bucket/warehouse`. */
  readonly rootUri: string;
  head(key: string): Promise<ObjectFacts | null>;
  /** Whole small object. @throws NotFoundError; FormatError above `sizeBytesMax` (default core/limits metadataBytesMax). */
  get(key: string, options?: { readonly sizeBytesMax?: number }): Promise<StoredObject>;
  /** @throws NotFoundError; PreconditionFailedError when `etag` is given and is not the current one. */
  open(key: string, options?: { readonly etag?: string }): Promise<ByteSource>;
  put(key: string, bytes: Uint8Array, options?: PutOptions): Promise<ObjectFacts>;
  /** Streams one object of unknown length; nothing is visible before `commit`. */
  write(key: string): Promise<ObjectWriter>;
  /** All objects whose key starts with `prefix`. */
  list(prefix: string): AsyncIterable<ObjectFacts>;
  delete(key: string): Promise<void>;
  getTags(key: string): Promise<Readonly<Record<string, string>>>;
  /** Replaces the whole tag set. @throws NotFoundError */
  setTags(key: string, tags: Readonly<Record<string, string>>): Promise<void>;
}

export interface ObjectFacts {
  readonly key: string;
  readonly sizeBytes: number;
  /** Changes whenever the bytes change; without quotes. */
  readonly etag: string;
  readonly lastModifiedMs: number;
}

export interface StoredObject extends ObjectFacts {
  readonly bytes: Uint8Array;
}

export interface PutOptions {
  /** Create only: fails when the key exists. */
  readonly ifNoneMatch?: '*';
  /** Replace only this version. */
  readonly ifMatch?: string;
}

export interface ObjectWriter {
  /** The buffer may be reused by the caller as soon as the promise resolves. */
  append(bytes: Uint8Array): Promise<void>;
  /** Publishes the object whole. */
  commit(): Promise<ObjectFacts>;
  /** Removes what was written; safe to call twice. */
  abort(): Promise<void>;
}
