import type { Payload } from '#core/pipeline/payload.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { textPayload } from '../flow/text-payload.ts';

/** The text payload, reading exactly the versions that its manifest names: as cubes do. */
export const pinnedTextPayload: Payload = {
  ...textPayload,
  async process(granule, context) {
    const pinned: Pick<ObjectStore, 'get'> = {
      async get(key) {
        const part = granule.parts.find((candidate) => candidate.key === key)!;
        const source = await context.raw.open(key, { etag: part.etag });
        const bytes = new Uint8Array(source.sizeBytes);
        await source.readInto(0, bytes);
        return { key, bytes, etag: part.etag, sizeBytes: bytes.length, lastModifiedMs: 0 };
      },
    };
    return textPayload.process(granule, { ...context, raw: { ...context.raw, ...pinned } });
  },
};
