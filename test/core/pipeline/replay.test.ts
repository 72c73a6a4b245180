import { describe, expect, it } from 'vitest';
import { planReplay, replay } from '#core/pipeline/replay.ts';
import { reconcile, status } from '#core/pipeline/status.ts';
import { onQueue as settleQueue } from '#functions/manifest-settler/handler.ts';
import { type FlowWorld, flowToRest, flowWorld, settledTexts, upload } from '../../flow/flow-world.ts';
import { textKey, textLines } from '../../flow/text-payload.ts';

const granuleKey = (name: string): string => textKey(name, 'txt').slice(0, -4);
const all = { prefix: '', sinceMs: 0 };

/** `done` is complete, `bad` has failed, `lost` and `late` lost their events, `late` a day later. */
async function world(): Promise<FlowWorld> {
  const made = flowWorld();
  for (const [name, text] of [
    ['done', 'hello'],
    ['bad', 'poison'],
  ] as const) {
    await made.context.events.send(await upload(made, name, text));
  }
  await flowToRest(made);
  await upload(made, 'lost', 'first');
  made.clock.advance(86_400_000);
  await upload(made, 'late', 'second');
  return made;
}

describe('a replay', () => {
  it('sends what lost its event and what failed, and nothing that is complete', async () => {
    const { context, ...rest } = await world();
    const plan = await replay(context, all);
    expect(plan).toEqual({
      sentKeys: [granuleKey('late'), granuleKey('lost')],
      redrivenKeys: [granuleKey('bad')],
      unchanged: { complete: [granuleKey('done')], running: [], waiting: [] },
      otherKeys: [],
    });
    const jobCount = rest.jobs.size;
    await flowToRest({ context, ...rest });
    expect(await settledTexts({ context, ...rest })).toEqual({ done: 'hello', lost: 'first', late: 'second' });
    // One manifest of what was lost, one of what failed or both in one.
    expect(rest.jobs.size).toBeGreaterThan(jobCount);
    const again = await replay(context, all);
    expect(again.sentKeys).toEqual([]);
    expect(again.unchanged.complete).toHaveLength(3);
  });

  it('plans without sending, by time and by prefix, also by one that ends in the middle of a name', async () => {
    const { context, clock } = await world();
    const sinceMs = clock.nowMs() - 3_600_000;
    expect((await planReplay(context, { prefix: '', sinceMs })).plan).toMatchObject({
      sentKeys: [granuleKey('late')],
      redrivenKeys: [],
    });
    expect((await planReplay(context, { prefix: granuleKey('los'), sinceMs: 0 })).plan).toMatchObject({
      sentKeys: [granuleKey('lost')],
      unchanged: { complete: [] },
    });
    expect((await planReplay(context, { prefix: textKey('late', 'txt'), sinceMs: 0 })).plan.sentKeys).toHaveLength(1);
    expect((await planReplay(context, { prefix: 'raw_cubes/elsewhere/', sinceMs: 0 })).plan.sentKeys).toEqual([]);
    expect((await context.events.depth()).visibleCount).toBe(0);
  });

  it('leaves what was rolled back to whoever rolled it back', async () => {
    const { context, tables } = await world();
    tables.setFiles(`${textLines.namespace}.${textLines.name}`, []);
    expect((await planReplay(context, all)).plan.unchanged.waiting).toEqual([granuleKey('done')]);
  });
});

describe('a reconciliation after a rollback', () => {
  it('asks the settler to take the tag away that lets objects go to the archive', async () => {
    const { context, tables } = await world();
    tables.setFiles(`${textLines.namespace}.${textLines.name}`, []);
    const key = textKey('done', 'txt');
    await reconcile(context);
    expect(await context.raw.getTags(key)).toEqual({ processing_status: 'complete' });
    await settleQueue(context);
    expect(await context.raw.getTags(key)).toEqual({ processing_status: 'waiting' });
  });
});

describe('the status of a folder of raw', () => {
  it('looks at its granules only', async () => {
    const { context } = await world();
    expect((await status(context)).granules).toHaveLength(4);
    expect((await status(context, 'raw_cubes/iowa/farm_1/2026/06/01/')).granules).toHaveLength(4);
    expect((await status(context, 'raw_cubes/ohio/')).granules).toHaveLength(0);
  });
});
