import { describe, expect, it } from 'vitest';
import { ConfigurationError, TemporaryError } from '#core/errors.ts';
import { examinedGranuleCountMax, manifestGranuleCountMax, manifestSendMsMax } from '#core/limits.ts';
import { objectCreatedMessage } from '#core/pipeline/flow-messages.ts';
import { status } from '#core/pipeline/status.ts';
import { onBatcherEvent } from '#functions/manifest-batcher/handler.ts';
import { type FlowWorld, flowToRest, flowWorld, upload } from '../../flow/flow-world.ts';
import { textKey } from '../../flow/text-payload.ts';

// Lambda calls of the batcher over the flow in memory: 1 000 and more granules that came at once.

async function take(world: FlowWorld, names: readonly string[]): Promise<void> {
  const Records: { messageId: string; body: string }[] = [];
  for (const name of names) {
    for (const body of await upload(world, name, name)) Records.push({ messageId: String(Records.length), body });
  }
  expect(await onBatcherEvent(world.context, { Records }, () => 0)).toEqual({ batchItemFailures: [] });
}

const names = (count: number): string[] => Array.from({ length: count }, (_, position) => `g${position}`);

/** Time that shrinks by one manifest with every question, so that `count` manifests and parts may begin. */
function timeFor(count: number): () => number {
  let left = count;
  return () => (left-- > 0 ? manifestSendMsMax + 1 : manifestSendMsMax);
}

describe('a call of the batcher in Lambda', () => {
  it('sends a burst of more granules than it looks at in one go, in full manifests, and then what is left', async () => {
    const world = flowWorld();
    const count = examinedGranuleCountMax + 30;
    await take(world, names(count));
    const full = await onBatcherEvent(world.context, { pack: 'full' }, () => 300_000);
    // 1 000 are five manifests of 200; the other 30 wait.
    const five = Array.from({ length: 5 }, () => ({ granuleCount: manifestGranuleCountMax }));
    expect(full).toMatchObject({ manifests: five, readyCount: 30, isCutShort: false });
    const flush = await onBatcherEvent(world.context, { pack: 'flush' }, () => 300_000);
    expect(flush).toMatchObject({ manifests: [{ granuleCount: 30 }], readyCount: 0, isCutShort: false });
    await flowToRest(world);
    expect((await status(world.context)).counts).toEqual({ complete: count, failed: 0, running: 0, waiting: 0 });
  });

  it('begins no manifest that it may have no time to finish, and the next call goes on', async () => {
    const world = flowWorld();
    await take(world, names(450));
    // One question before the look, one before each manifest: the third manifest is not begun.
    const first = await onBatcherEvent(world.context, { pack: 'flush' }, timeFor(3));
    expect(first).toMatchObject({ manifests: [{ granuleCount: 150 }, { granuleCount: 150 }], isCutShort: true });
    expect(first).toMatchObject({ readyCount: 150 });
    const second = await onBatcherEvent(world.context, { pack: 'flush' }, () => 300_000);
    expect(second).toMatchObject({ manifests: [{ granuleCount: 150 }], isCutShort: false });
    await flowToRest(world);
    expect((await status(world.context)).counts.complete).toBe(450);
    expect(world.jobs.size).toBe(3);
  });

  it('submits the job of a batcher that died before it could once, not once for each granule', async () => {
    const world = flowWorld();
    await take(world, names(60));
    const { runner } = world.context;
    const dying = { ...runner, submit: () => Promise.reject(new TemporaryError('Expected an answer, got none.')) };
    const died = onBatcherEvent({ ...world.context, runner: dying }, { pack: 'full' }, () => 300_000);
    await expect(died).rejects.toThrow(TemporaryError);
    let submissionCount = 0;
    const counting: typeof runner = {
      ...runner,
      submit: async (job) => {
        submissionCount++;
        await runner.submit(job);
      },
    };
    await onBatcherEvent({ ...world.context, runner: counting }, { pack: 'full' }, () => 300_000);
    expect(submissionCount).toBe(1);
    await flowToRest(world);
    expect((await status(world.context)).counts.complete).toBe(60);
  });

  it('looks at nothing when its time is up already', async () => {
    const world = flowWorld();
    await take(world, ['a']);
    const report = await onBatcherEvent(world.context, { pack: 'flush' }, () => 0);
    expect(report).toMatchObject({ manifests: [], isCutShort: true });
  });

  it('takes the good messages of a batch although some are poison', async () => {
    const world = flowWorld();
    const facts = await world.context.raw.put(textKey('a', 'txt'), Buffer.from('a'));
    const good = objectCreatedMessage('raw', facts);
    const Records = ['{]', good, '{"Records": 7}', good].map((body, position) => ({ messageId: `m${position}`, body }));
    const answer = await onBatcherEvent(world.context, { Records }, () => 0);
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm0' }, { itemIdentifier: 'm2' }] });
    const report = await onBatcherEvent(world.context, { pack: 'flush' }, () => 300_000);
    expect(report).toMatchObject({ waiting: [{ missing: '.sum' }] });
  });

  it.each([{}, { pack: 'all' }, { flush: true }])('refuses %j, which no schedule of ours sends', async (event) => {
    const call = onBatcherEvent(flowWorld().context, event as never, () => 300_000);
    await expect(call).rejects.toThrow(ConfigurationError);
  });
});
