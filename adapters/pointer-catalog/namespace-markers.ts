import { CommitConflictError, NotFoundError, PreconditionFailedError } from '#core/errors.ts';
import { parseJson } from '#core/formats/iceberg/json-int64.ts';
import type { NamespaceChange, NamespaceProperties } from '#core/ports/catalog.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { nameInKey, namespaceKey, namespacePrefix } from './pointer-keys.ts';

/** A namespace is a small object under `catalog/namespaces/` that holds its properties. */
export class NamespaceMarkers {
  readonly #warehouse: ObjectStore;

  constructor(warehouse: ObjectStore) {
    this.#warehouse = warehouse;
  }

  async list(): Promise<string[]> {
    const facts = await Array.fromAsync(this.#warehouse.list(namespacePrefix));
    return facts.map(({ key }) => nameInKey(key, namespacePrefix));
  }

  async create(namespace: string, properties: NamespaceProperties): Promise<void> {
    try {
      await this.#warehouse.put(namespaceKey(namespace), bytesOf(properties), { ifNoneMatch: '*' });
    } catch (error) {
      if (!(error instanceof PreconditionFailedError)) throw error;
    }
  }

  async load(namespace: string): Promise<NamespaceProperties | null> {
    return (await this.#read(namespace))?.properties ?? null;
  }

  async update(namespace: string, change: NamespaceChange): Promise<void> {
    const found = await this.#read(namespace);
    if (found === null) throw noNamespace(namespace);
    const removed = new Set(change.removals);
    const kept = Object.entries(found.properties).filter(([name]) => !removed.has(name));
    const properties = { ...Object.fromEntries(kept), ...change.updates };
    try {
      await this.#warehouse.put(namespaceKey(namespace), bytesOf(properties), { ifMatch: found.etag });
    } catch (error) {
      if (!(error instanceof PreconditionFailedError)) throw error;
      const message = `Expected namespace ${namespace} as it was read, got a newer one. Another writer changed it first.`;
      throw new CommitConflictError(message, { namespace }, error);
    }
  }

  async drop(namespace: string): Promise<void> {
    await this.#warehouse.delete(namespaceKey(namespace));
  }

  async #read(namespace: string): Promise<{ readonly etag: string; readonly properties: NamespaceProperties } | null> {
    const key = namespaceKey(namespace);
    try {
      const { bytes, etag } = await this.#warehouse.get(key, { sizeBytesMax: 1024 * 1024 });
      const value = parseJson(Buffer.from(bytes).toString('utf8'), key) as { properties?: NamespaceProperties };
      return { etag, properties: value.properties ?? {} };
    } catch (error) {
      if (error instanceof NotFoundError) return null;
      throw error;
    }
  }
}

/** A namespace without properties is `{}`, byte for byte, wherever it is made. */
function bytesOf(properties: NamespaceProperties): Buffer {
  return Buffer.from(JSON.stringify(Object.keys(properties).length === 0 ? {} : { properties }));
}

function noNamespace(namespace: string): NotFoundError {
  return new NotFoundError(`Expected a namespace ${namespace}, got none. Create it first.`, { namespace });
}
