import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { SpoolDatabase } from '#adapters/sqlite-spool/spool-database.ts';
import { SqliteCaptureIndex } from '#adapters/sqlite-spool/sqlite-capture-index.ts';
import { SqliteSpoolIndex } from '#adapters/sqlite-spool/sqlite-spool-index.ts';
import type { CaptureIndex } from '#core/ports/capture-index.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import type { SpoolIndex } from '#core/ports/spool-index.ts';

export interface SpoolDisk {
  readonly payloads: ObjectStore;
  readonly index: SpoolIndex;
  readonly captures: CaptureIndex;
}

/** What survives a power cut: payloads, and what SQLite has committed. */
export function emptyDisk(): SpoolDisk {
  const database = new SpoolDatabase(':memory:');
  return {
    payloads: memoryObjectStore(),
    index: new SqliteSpoolIndex(database),
    captures: new SqliteCaptureIndex(database),
  };
}

/** The same disk, which calls `beforeChange` before each change and `afterChange` once it has happened. */
export function watchedDisk(disk: SpoolDisk, beforeChange: () => void, afterChange: () => void = () => {}): SpoolDisk {
  const changes = new Set(['put', 'delete', 'add', 'remove', 'markMade', 'markFailed', 'markRaw']);
  const watched = <Target extends object>(target: Target): Target =>
    new Proxy(target, {
      get(_, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        if (!changes.has(String(name))) return value.bind(target);
        return (...parameters: unknown[]) => {
          beforeChange();
          const result: unknown = value.apply(target, parameters);
          if (!(result instanceof Promise)) {
            afterChange();
            return result;
          }
          return result.then((answer: unknown) => {
            afterChange();
            return answer;
          });
        };
      },
    });
  return { payloads: watched(disk.payloads), index: watched(disk.index), captures: watched(disk.captures) };
}

export async function keysOf(store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  return keys;
}
