import { expect, it } from 'vitest';
import { tagParts } from '#core/pipeline/quarantine.ts';
import { onQueue as settleQueue } from '#functions/manifest-settler/handler.ts';
import { tagsBySettler } from '../../cli/tags-by-settler.ts';
import { flowWorld, upload } from '../flow/flow-world.ts';
import { textKey } from '../flow/text-payload.ts';

it('leaves tags to the settler, who sets them in the order of the asking', async () => {
  const world = flowWorld();
  const { context } = world;
  await upload(world, 'a', 'hello');
  const key = textKey('a', 'txt');
  const { etag, sizeBytes } = (await context.raw.head(key))!;
  const parts = [{ key, etag, size_bytes: sizeBytes }];
  const raw = tagsBySettler(context.raw, context.jobEvents);
  await tagParts(raw, parts, 'waiting');
  expect(await context.raw.getTags(key)).toEqual({});
  await settleQueue(context);
  expect(await context.raw.getTags(key)).toEqual({ processing_status: 'waiting' });
  await tagParts(raw, parts, 'complete');
  await settleQueue(context);
  expect(await raw.getTags(key)).toEqual({ processing_status: 'complete' });
});
