import { createHash } from 'node:crypto';
import { FormatError, NotFoundError, PreconditionFailedError } from '#core/errors.ts';
import { metadataBytesMax } from '#core/limits.ts';
import type { ByteSource } from '#core/ports/byte-source.ts';
import type { Clock } from '#core/ports/clock.ts';
import { checkObjectKey, compareKeys } from '#core/ports/object-key.ts';
import type { ObjectFacts, ObjectStore, ObjectWriter, PutOptions, StoredObject } from '#core/ports/object-store.ts';
import { memoryByteSource } from './memory-byte-source.ts';

/** An object store in this process's memory: for tests and previews. `clock` dates the objects; 0 when absent. */
export function memoryObjectStore(name = 'store', clock?: Clock): ObjectStore {
  return new MemoryObjectStore(name, clock);
}

interface Entry {
  readonly bytes: Uint8Array;
  readonly facts: ObjectFacts;
  tags: Readonly<Record<string, string>>;
}

class MemoryObjectStore implements ObjectStore {
  readonly rootUri: string;
  readonly #entries = new Map<string, Entry>();
  readonly #clock: Clock | undefined;

  constructor(name: string, clock: Clock | undefined) {
    this.rootUri = name.includes('://') ? name : `memory://${name}`;
    this.#clock = clock;
  }

  async head(key: string): Promise<ObjectFacts | null> {
    checkObjectKey(key);
    return this.#entries.get(key)?.facts ?? null;
  }

  async get(key: string, options: { readonly sizeBytesMax?: number } = {}): Promise<StoredObject> {
    const entry = this.#entry(key);
    const sizeBytesMax = options.sizeBytesMax ?? metadataBytesMax;
    if (entry.bytes.length > sizeBytesMax) {
      throw new FormatError(`Expected at most ${sizeBytesMax} bytes, got ${entry.bytes.length} (${key}).`, { key });
    }
    return { ...entry.facts, bytes: entry.bytes.slice() };
  }

  async open(key: string, options: { readonly etag?: string } = {}): Promise<ByteSource> {
    const entry = this.#entry(key);
    if (options.etag !== undefined && options.etag !== entry.facts.etag) {
      throw new PreconditionFailedError(`Expected version ${options.etag}, got ${entry.facts.etag} (${key}).`, { key });
    }
    return memoryByteSource(key, entry.bytes);
  }

  async put(key: string, bytes: Uint8Array, options: PutOptions = {}): Promise<ObjectFacts> {
    checkObjectKey(key);
    const current = this.#entries.get(key);
    if (options.ifNoneMatch !== undefined && current !== undefined) {
      throw new PreconditionFailedError(`Expected no object, got version ${current.facts.etag} (${key}).`, { key });
    }
    if (options.ifMatch !== undefined && current?.facts.etag !== options.ifMatch) {
      const found = current?.facts.etag ?? 'none';
      throw new PreconditionFailedError(`Expected version ${options.ifMatch}, got ${found} (${key}).`, { key });
    }
    const kept = bytes.slice();
    const facts: ObjectFacts = {
      key,
      sizeBytes: kept.length,
      etag: createHash('sha256').update(kept).digest('hex').slice(0, 32),
      lastModifiedMs: this.#clock?.nowMs() ?? 0,
    };
    this.#entries.set(key, { bytes: kept, facts, tags: {} });
    return facts;
  }

  async write(key: string): Promise<ObjectWriter> {
    checkObjectKey(key);
    let pieces: Uint8Array[] | null = [];
    const open = (): Uint8Array[] => {
      if (pieces === null) throw new PreconditionFailedError(`Expected an open writer, got a finished one (${key}).`);
      return pieces;
    };
    return {
      append: async (bytes) => void open().push(bytes.slice()),
      commit: async () => {
        const bytes = Buffer.concat(open());
        pieces = null;
        return this.put(key, bytes);
      },
      abort: async () => {
        pieces = null;
      },
    };
  }

  async *list(prefix: string): AsyncIterable<ObjectFacts> {
    const keys = [...this.#entries.keys()].filter((key) => key.startsWith(prefix)).sort(compareKeys);
    for (const key of keys) {
      const entry = this.#entries.get(key);
      if (entry !== undefined) yield entry.facts;
    }
  }

  async delete(key: string): Promise<void> {
    checkObjectKey(key);
    this.#entries.delete(key);
  }

  async getTags(key: string): Promise<Readonly<Record<string, string>>> {
    return { ...this.#entry(key).tags };
  }

  async setTags(key: string, tags: Readonly<Record<string, string>>): Promise<void> {
    this.#entry(key).tags = { ...tags };
  }

  #entry(key: string): Entry {
    checkObjectKey(key);
    const entry = this.#entries.get(key);
    if (entry === undefined) throw new NotFoundError(`Expected an object, got none (${key}).`, { key });
    return entry;
  }
}
