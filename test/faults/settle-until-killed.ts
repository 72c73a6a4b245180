import type { ObjectStore, ObjectWriter } from '#core/ports/object-store.ts';
import { onQueue as settleQueue } from '#functions/manifest-settler/handler.ts';
import { overStores, segmentedLake } from './segmented-lake.ts';

/**
 * A settler as a process of its own, which is killed right after its n-th change of a store: files of a commit, the commit
 * itself, states and tags. Without a number it prints `store.method key` of all changes.
 */
const [folder, changeText] = process.argv.slice(2) as [string, string?];
const killedAt = changeText === undefined ? null : Number(changeText);
const changes: string[] = [];

async function changing<Result>(name: string, key: string, change: () => Promise<Result>): Promise<Result> {
  const changeNumber = changes.push(`${name} ${key}`);
  const result = await change();
  if (changeNumber === killedAt) process.kill(process.pid, 'SIGKILL');
  return result;
}

function killing(name: string, store: ObjectStore): ObjectStore {
  return {
    rootUri: store.rootUri,
    head: (key) => store.head(key),
    get: (key, options) => store.get(key, options),
    open: (key, options) => store.open(key, options),
    list: (prefix) => store.list(prefix),
    getTags: (key) => store.getTags(key),
    put: (key, bytes, options) => changing(`${name}.put`, key, () => store.put(key, bytes, options)),
    delete: (key) => changing(`${name}.delete`, key, () => store.delete(key)),
    setTags: (key, tags) => changing(`${name}.setTags`, key, () => store.setTags(key, tags)),
    write: async (key): Promise<ObjectWriter> => {
      const writer = await store.write(key);
      return {
        append: (bytes) => writer.append(bytes),
        abort: () => writer.abort(),
        commit: () => changing(`${name}.commit`, key, () => writer.commit()),
      };
    },
  };
}

const lake = segmentedLake(folder);
await settleQueue(overStores(lake, killing('raw', lake.raw), killing('warehouse', lake.warehouse)));
lake.close();
console.log(JSON.stringify(changes));
