import { TemporaryError } from '#core/errors.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';

/**
 * A store that leaves some of its disk free: what is acknowledged can only be taken out of a database that has room for its
 * own log, so that a disk filled to the last byte would never get empty again.
 *
 * @param freeBytes Of the disk, now.
 */
export function withReserve(store: ObjectStore, freeBytes: () => number, reserveBytes: number): ObjectStore {
  const requireRoom = (sizeBytes: number): void => {
    const free = freeBytes();
    if (free - sizeBytes >= reserveBytes) return;
    throw new TemporaryError(
      `Expected ${sizeBytes} bytes free beside a reserve of ${reserveBytes}, got ${free} (${store.rootUri}). Free some space on the disk.`,
      { sizeBytes, freeBytes: free },
    );
  };
  return {
    rootUri: store.rootUri,
    head: (key) => store.head(key),
    get: (key, options) => store.get(key, options),
    open: (key, options) => store.open(key, options),
    list: (prefix) => store.list(prefix),
    delete: (key) => store.delete(key),
    getTags: (key) => store.getTags(key),
    setTags: (key, tags) => store.setTags(key, tags),
    put: async (key, bytes, options) => {
      requireRoom(bytes.length);
      return store.put(key, bytes, options);
    },
    write: async (key) => {
      const writer = await store.write(key);
      return {
        append: async (bytes) => {
          requireRoom(bytes.length);
          await writer.append(bytes);
        },
        commit: () => writer.commit(),
        abort: () => writer.abort(),
      };
    },
  };
}
