import { TemporaryError } from '#core/errors.ts';
import type { ObjectStore, PutOptions } from '#core/ports/object-store.ts';

/**
 * What happens at one call: nothing; it fails and has no effect; it takes effect and its answer is lost; its answer is lost
 * and the client's own retry meets the object that it just wrote.
 */
export type Fault = 'none' | 'before' | 'lost' | 'retried';

/** A store that waits for its turn and may fail at every call that a table writer makes. */
export function faultyStore(
  store: ObjectStore,
  turn: (label: string) => Promise<void>,
  next: () => Fault,
): ObjectStore {
  async function call<T>(label: string, perform: () => Promise<T>): Promise<T> {
    await turn(label);
    const fault = next();
    if (fault === 'before') throw new TemporaryError(`Expected an answer, got a reset connection (${label}).`);
    const result = await perform();
    if (fault === 'none') return result;
    if (fault === 'retried') return perform();
    throw new TemporaryError(`Expected an answer, got none (${label}).`);
  }
  return {
    rootUri: store.rootUri,
    head: (key) => call(`head ${key}`, () => store.head(key)),
    get: (key, options) => call(`get ${key}`, () => store.get(key, options)),
    put: (key, bytes, options?: PutOptions) => call(`put ${key}`, () => store.put(key, bytes, options)),
    delete: (key) => call(`delete ${key}`, () => store.delete(key)),
    open: (key, options) => store.open(key, options),
    write: (key) => store.write(key),
    async *list(prefix) {
      yield* await call(`list ${prefix}`, () => Array.fromAsync(store.list(prefix)));
    },
    getTags: (key) => store.getTags(key),
    setTags: (key, tags) => store.setTags(key, tags),
  };
}
