import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError, FormatError, NotFoundError, PreconditionFailedError } from '#core/errors.ts';
import { metadataBytesMax } from '#core/limits.ts';
import { type ByteSource, readBytes } from '#core/ports/byte-source.ts';
import { checkObjectKey } from '#core/ports/object-key.ts';
import type { ObjectFacts, ObjectStore, ObjectWriter, StoredObject } from '#core/ports/object-store.ts';
import { diskError } from './disk-error.ts';
import { fileByteSource } from './file-byte-source.ts';
import { listKeys } from './list-keys.ts';
import { statObject } from './object-path.ts';
import { rootUriOf } from './root-uri.ts';
import { etagOf, hashFile } from './staged-file.ts';

/**
 * The objects of a folder for those who may only read it: nothing is made in it, no ledger either, so that ETags are
 * computed whenever they are asked for, and there are no tags. Every write is refused.
 *
 * @throws ConfigurationError when the folder is not there or may not be read. Disposition: stop.
 */
export function readOnlyFolder(root: string): ObjectStore {
  try {
    return new ReadOnlyFolder(realpathSync(root));
  } catch (error) {
    throw diskError(error, root);
  }
}

class ReadOnlyFolder implements ObjectStore {
  readonly rootUri: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.rootUri = rootUriOf(folder);
    this.#folder = folder;
  }

  async head(key: string): Promise<ObjectFacts | null> {
    checkObjectKey(key);
    try {
      if (statObject(this.#folder, key) === null) return null;
      const { etag, stats } = await hashFile(join(this.#folder, key));
      return { key, etag, sizeBytes: Number(stats.size), lastModifiedMs: Number(stats.mtimeMs) };
    } catch (error) {
      throw diskError(error, key);
    }
  }

  async get(key: string, options: { readonly sizeBytesMax?: number } = {}): Promise<StoredObject> {
    const source = await this.#openFile(key);
    try {
      const sizeBytesMax = options.sizeBytesMax ?? metadataBytesMax;
      if (source.sizeBytes > sizeBytesMax)
        throw new FormatError(`Expected at most ${sizeBytesMax} bytes, got ${source.sizeBytes} (${key}).`, { key });
      // Writers replace files whole: what is open is one version, and its hash is its ETag.
      const bytes = await readBytes(source, 0, source.sizeBytes);
      const lastModifiedMs = Number(statObject(this.#folder, key)?.mtimeMs ?? 0n);
      return { key, etag: etagOf(bytes), sizeBytes: bytes.length, lastModifiedMs, bytes };
    } finally {
      await source.close();
    }
  }

  async open(key: string, options: { readonly etag?: string } = {}): Promise<ByteSource> {
    const { etag } = options;
    const found = etag === undefined ? null : await this.head(key);
    if (etag !== undefined && found?.etag !== etag)
      throw new PreconditionFailedError(`Expected version ${etag}, got ${found?.etag ?? 'none'} (${key}).`, { key });
    return this.#openFile(key);
  }

  async *list(prefix: string): AsyncIterable<ObjectFacts> {
    for (const key of listKeys(this.#folder, prefix)) {
      const facts = await this.head(key);
      if (facts !== null) yield facts;
    }
  }

  async getTags(): Promise<Readonly<Record<string, string>>> {
    return {};
  }

  async put(key: string): Promise<ObjectFacts> {
    throw this.#refusal(key);
  }

  async write(key: string): Promise<ObjectWriter> {
    throw this.#refusal(key);
  }

  async delete(key: string): Promise<void> {
    throw this.#refusal(key);
  }

  async setTags(key: string): Promise<void> {
    throw this.#refusal(key);
  }

  async #openFile(key: string): Promise<ByteSource> {
    checkObjectKey(key);
    if (statObject(this.#folder, key) === null)
      throw new NotFoundError(`Expected an object, got none (${key} in ${this.rootUri}).`, { key });
    return fileByteSource(join(this.#folder, key)).catch((error: unknown) => {
      throw diskError(error, key);
    });
  }

  #refusal(key: string): ConfigurationError {
    return new ConfigurationError(`Expected only reads, got a write (${key} in ${this.rootUri}).`, { key });
  }
}
