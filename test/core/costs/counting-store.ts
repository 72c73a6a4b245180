import { downloadRangeBytesMax, uploadPartBytesMin } from '#core/limits.ts';
import type { ByteSource } from '#core/ports/byte-source.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';

/** Requests as S3 bills them: `put` for PUT, POST and LIST, `get` for GET and HEAD; deleting costs nothing. */
export interface RequestCount {
  put: number;
  get: number;
}

/** The store, and what the S3 adapter would send for each call: whole objects below a part in one PUT, ranges in pieces. */
export function countRequests(store: ObjectStore, count: RequestCount): ObjectStore {
  const got = <T>(answer: T): T => {
    count.get++;
    return answer;
  };
  return {
    rootUri: store.rootUri,
    head: (key) => got(store.head(key)),
    get: (key, options) => got(store.get(key, options)),
    open: async (key, options) => countReads(await got(store.open(key, options)), count),
    put: (key, bytes, options) => {
      count.put++;
      return store.put(key, bytes, options);
    },
    write: async (key) => {
      const writer = await store.write(key);
      let sizeBytes = 0;
      return {
        append: (bytes) => {
          sizeBytes += bytes.byteLength;
          return writer.append(bytes);
        },
        commit: () => {
          count.put += sizeBytes < uploadPartBytesMin ? 1 : 2 + Math.ceil(sizeBytes / uploadPartBytesMin);
          return writer.commit();
        },
        abort: () => writer.abort(),
      };
    },
    list: (prefix) => {
      count.put++;
      return store.list(prefix);
    },
    delete: (key) => store.delete(key),
    getTags: (key) => got(store.getTags(key)),
    setTags: (key, tags) => {
      count.put++;
      return store.setTags(key, tags);
    },
  };
}

function countReads(source: ByteSource, count: RequestCount): ByteSource {
  return {
    name: source.name,
    sizeBytes: source.sizeBytes,
    readInto: (offsetBytes, target) => {
      count.get += Math.ceil(target.byteLength / downloadRangeBytesMax);
      return source.readInto(offsetBytes, target);
    },
    localPath: () => source.localPath(),
    close: () => source.close(),
  };
}
