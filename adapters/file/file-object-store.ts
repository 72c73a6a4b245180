import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { FormatError, NotFoundError, PreconditionFailedError } from '#core/errors.ts';
import { metadataBytesMax } from '#core/limits.ts';
import { type ByteSource, readBytes } from '#core/ports/byte-source.ts';
import { checkObjectKey, reservedSegment } from '#core/ports/object-key.ts';
import type { ObjectFacts, ObjectStore, ObjectWriter, PutOptions, StoredObject } from '#core/ports/object-store.ts';
import { diskError } from './disk-error.ts';
import { fileByteSource } from './file-byte-source.ts';
import { listKeys } from './list-keys.ts';
import { fileVersion, ObjectLedger } from './object-ledger.ts';
import { isMissing, removeObject, statObject } from './object-path.ts';
import { publishStagedFile } from './publish-staged-file.ts';
import { rootUriOf } from './root-uri.ts';
import { type HashedFile, hashFile, stageFile } from './staged-file.ts';

/**
 * A folder as an object store. Objects are plain files at their keys, so that any program can read them and a file that
 * is dropped in by hand is an object too. A write becomes visible whole and durable, or not at all; ETags are content
 * hashes. Symbolic links are not objects.
 *
 * @param root Created when it does not exist. `<root>/.store` holds the ledger and unfinished writes.
 */
export function fileObjectStore(root: string): ObjectStore {
  try {
    mkdirSync(join(root, reservedSegment, 'staging'), { recursive: true });
    const folder = realpathSync(root);
    return new FileObjectStore(folder, new ObjectLedger(join(folder, reservedSegment, 'objects.sqlite')));
  } catch (error) {
    throw diskError(error, root);
  }
}

class FileObjectStore implements ObjectStore {
  readonly rootUri: string;
  readonly #folder: string;
  readonly #ledger: ObjectLedger;

  constructor(folder: string, ledger: ObjectLedger) {
    this.rootUri = rootUriOf(folder);
    this.#folder = folder;
    this.#ledger = ledger;
  }

  async head(key: string): Promise<ObjectFacts | null> {
    return (await this.#find(key))?.facts ?? null;
  }

  async get(key: string, options: { readonly sizeBytesMax?: number } = {}): Promise<StoredObject> {
    const { source, facts } = await this.#openVersion(key);
    try {
      const sizeBytesMax = options.sizeBytesMax ?? metadataBytesMax;
      if (facts.sizeBytes > sizeBytesMax) {
        throw new FormatError(`Expected at most ${sizeBytesMax} bytes, got ${facts.sizeBytes} (${key}).`, { key });
      }
      return { ...facts, bytes: await readBytes(source, 0, facts.sizeBytes) };
    } finally {
      await source.close();
    }
  }

  async open(key: string, options: { readonly etag?: string } = {}): Promise<ByteSource> {
    const { source, facts } = await this.#openVersion(key);
    if (options.etag !== undefined && options.etag !== facts.etag) {
      await source.close();
      throw new PreconditionFailedError(`Expected version ${options.etag}, got ${facts.etag} (${key}).`, { key });
    }
    return source;
  }

  async put(key: string, bytes: Uint8Array, options: PutOptions = {}): Promise<ObjectFacts> {
    if (options.ifNoneMatch !== undefined || options.ifMatch !== undefined) {
      const current = await this.head(key);
      if (options.ifNoneMatch !== undefined && current !== null) throw conflict(key, 'no object', current.etag);
      if (options.ifMatch !== undefined && current?.etag !== options.ifMatch) {
        throw conflict(key, `version ${options.ifMatch}`, current?.etag ?? 'none');
      }
    }
    const writer = await this.#writer(key, options);
    await writer.append(bytes);
    return writer.commit();
  }

  write(key: string): Promise<ObjectWriter> {
    return this.#writer(key, {});
  }

  async *list(prefix: string): AsyncIterable<ObjectFacts> {
    for (const key of listKeys(this.#folder, prefix)) {
      const facts = await this.head(key);
      if (facts !== null) yield facts;
    }
  }

  async delete(key: string): Promise<void> {
    checkObjectKey(key);
    try {
      this.#ledger.exclusively(() => {
        removeObject(this.#folder, key);
        this.#ledger.remove(key);
      });
    } catch (error) {
      throw diskError(error, key);
    }
  }

  async getTags(key: string): Promise<Readonly<Record<string, string>>> {
    return this.#present(key, await this.#find(key)).tags;
  }

  async setTags(key: string, tags: Readonly<Record<string, string>>): Promise<void> {
    this.#present(key, await this.#find(key));
    this.#ledger.setTags(key, tags);
  }

  async #writer(key: string, condition: PutOptions): Promise<ObjectWriter> {
    checkObjectKey(key);
    const staged = await stageFile(join(this.#folder, reservedSegment, 'staging'), key);
    return {
      append: (bytes) => staged.append(bytes),
      abort: () => staged.discard(),
      commit: async () => {
        const { etag, path } = await staged.finish();
        try {
          const stats = publishStagedFile({ folder: this.#folder, key, path, etag, condition, ledger: this.#ledger });
          return { key, etag, sizeBytes: Number(stats.size), lastModifiedMs: Number(stats.mtimeMs) };
        } catch (error) {
          await staged.discard();
          throw error;
        }
      },
    };
  }

  /** The open file and the facts of exactly that version. */
  async #openVersion(key: string): Promise<{ readonly source: ByteSource; readonly facts: ObjectFacts }> {
    for (;;) {
      const before = this.#present(key, await this.#find(key)).facts;
      const source = await fileByteSource(join(this.#folder, key)).catch((error: unknown) => {
        throw diskError(error, key);
      });
      const after = await this.head(key);
      if (after?.etag === before.etag && source.sizeBytes === before.sizeBytes) return { source, facts: before };
      await source.close();
    }
  }

  /** Facts and tags; the hash is computed where the ledger does not know this version of the file. */
  async #find(key: string): Promise<{ readonly facts: ObjectFacts; readonly tags: Record<string, string> } | null> {
    checkObjectKey(key);
    try {
      let stats = statObject(this.#folder, key);
      if (stats === null) return null;
      let entry = this.#ledger.find(key, stats);
      if (entry === null) {
        const hashed = await hashFile(join(this.#folder, key));
        if (!this.#isRecorded(key, hashed)) return this.#find(key);
        entry = this.#ledger.find(key, hashed.stats) ?? { etag: hashed.etag, tags: {} };
        stats = hashed.stats;
      }
      const lastModifiedMs = Number(stats.mtimeMs);
      return { facts: { key, etag: entry.etag, sizeBytes: Number(stats.size), lastModifiedMs }, tags: entry.tags };
    } catch (error) {
      if (isMissing(error)) return null;
      throw diskError(error, key);
    }
  }

  /** False when the file changed while it was hashed. */
  #isRecorded(key: string, hashed: HashedFile): boolean {
    return this.#ledger.exclusively(() => {
      const stats = statObject(this.#folder, key);
      if (stats === null || fileVersion(stats) !== fileVersion(hashed.stats)) return false;
      this.#ledger.record(key, hashed.etag, hashed.stats, true);
      return true;
    });
  }

  #present<Found>(key: string, found: Found | null): Found {
    if (found === null) throw new NotFoundError(`Expected an object, got none (${key} in ${this.rootUri}).`, { key });
    return found;
  }
}

function conflict(key: string, expected: string, found: string): PreconditionFailedError {
  return new PreconditionFailedError(`Expected ${expected}, got version ${found} (${key}).`, { key });
}
