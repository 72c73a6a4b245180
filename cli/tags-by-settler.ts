import { tagMessage } from '#core/pipeline/flow-messages.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import type { Queue } from '#core/ports/queue.ts';
import { tagMessageSchema } from '#schemas/flow-messages.ts';
import { processingStatusTag } from '#schemas/processing-status.ts';

const { status: statusSchema } = tagMessageSchema.shape;

/**
 * A raw bucket as a person at a terminal has it: its policy lets only the settler say what became of an object, so that the
 * settler is asked to. In the order of the asking, since its queue keeps it.
 */
export function tagsBySettler(raw: ObjectStore, jobEvents: Queue): ObjectStore {
  return {
    rootUri: raw.rootUri,
    head: (key) => raw.head(key),
    get: (key, options) => raw.get(key, options),
    open: (key, options) => raw.open(key, options),
    put: (key, bytes, options) => raw.put(key, bytes, options),
    write: (key) => raw.write(key),
    list: (prefix) => raw.list(prefix),
    delete: (key) => raw.delete(key),
    getTags: (key) => raw.getTags(key),
    async setTags(key, tags) {
      const facts = await raw.head(key);
      // Gone meanwhile: nothing is left to tag.
      if (facts === null) return;
      await jobEvents.send([tagMessage([facts], statusSchema.parse(tags[processingStatusTag.key]))]);
    },
  };
}
