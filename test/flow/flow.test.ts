import { describe, expect, it } from 'vitest';
import { FormatError } from '#core/errors.ts';
import { incompleteGranuleMsMax, receiveCountMax } from '#core/limits.ts';
import { objectCreatedMessage, reprocessMessage } from '#core/pipeline/flow-messages.ts';
import { redrive } from '#core/pipeline/redrive.ts';
import { settle } from '#core/pipeline/settle.ts';
import { reconcile, status } from '#core/pipeline/status.ts';
import {
  onQueue as batchQueue,
  onBatcherEvent,
  type PackEvent,
  type SqsEvent,
} from '#functions/manifest-batcher/handler.ts';
import { onQueue as settleQueue } from '#functions/manifest-settler/handler.ts';
import { manifestSchema } from '#schemas/manifest.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { type FlowWorld, flowRound, flowToRest, flowWorld, settledTexts, upload } from './flow-world.ts';
import { textKey } from './text-payload.ts';

const granuleKey = (name: string): string => textKey(name, 'txt').slice(0, -4);

async function manifestSizes(world: FlowWorld): Promise<number[]> {
  const objects = await Array.fromAsync(world.context.warehouse.list(controlKeys.manifestPrefix));
  const sizes = objects.map(async ({ key }) => {
    const { bytes } = await world.context.warehouse.get(key);
    return manifestSchema.parse(JSON.parse(Buffer.from(bytes).toString())).granules.length;
  });
  return (await Promise.all(sizes)).toSorted((left, right) => left - right);
}

/** One call of the batcher in Lambda, with all the time that it wants. */
const call = (world: FlowWorld, event: SqsEvent | PackEvent) => onBatcherEvent(world.context, event, () => 300_000);

describe('the flow from events to tables', () => {
  it('brings a granule whose parts came in any order into the tables once, and tags it complete', async () => {
    const world = flowWorld();
    const events = await upload(world, 'a', 'hello');
    await world.context.events.send(events.toReversed());
    await flowToRest(world);
    expect(await settledTexts(world)).toEqual({ a: 'hello' });
    expect(world.tables.commitIds).toHaveLength(1);
    expect(world.derived.size).toBe(1);
    expect(await world.context.raw.getTags(textKey('a', 'txt'))).toEqual({ processing_status: 'complete' });
    expect((await status(world.context)).counts).toEqual({ complete: 1, failed: 0, running: 0, waiting: 0 });
  });

  it('does nothing for repeated events, neither at once nor later', async () => {
    const world = flowWorld();
    const events = await upload(world, 'a', 'hello');
    await world.context.events.send([...events, ...events]);
    await flowToRest(world);
    await world.context.events.send([...events, ...events]);
    await flowToRest(world);
    expect(world.jobs.size).toBe(1);
    expect(world.tables.commitIds).toHaveLength(1);
    expect(await Array.fromAsync(world.context.warehouse.list(controlKeys.pendingPrefix))).toEqual([]);
  });

  it('puts one newer version of a granule in the place of the older', async () => {
    const world = flowWorld();
    await world.context.events.send(await upload(world, 'a', 'one'));
    await flowToRest(world);
    await world.context.events.send(await upload(world, 'a', 'two'));
    await flowToRest(world);
    expect(await settledTexts(world)).toEqual({ a: 'two' });
    expect(world.tables.paths()).toHaveLength(1);
  });

  it('takes the bytes of an older version back when they are uploaded again', async () => {
    const world = flowWorld();
    for (const text of ['one', 'two', 'one', 'two', 'one']) {
      await world.context.events.send(await upload(world, 'a', text));
      await flowToRest(world);
      expect(await settledTexts(world)).toEqual({ a: text });
      expect(world.tables.paths()).toHaveLength(1);
      expect((await status(world.context)).counts.complete).toBe(1);
    }
  });

  it('drops a version that was overtaken while its job ran', async () => {
    const world = flowWorld();
    await world.context.events.send(await upload(world, 'a', 'one'));
    await batchQueue(world.context, 'flush');
    await world.context.runner.drain(world.context);
    const later = await upload(world, 'a', 'two');
    await flowToRest(world);
    expect(world.tables.paths()).toEqual([]);
    await world.context.events.send(later);
    await flowToRest(world);
    expect(await settledTexts(world)).toEqual({ a: 'two' });
  });

  it('completes 199 granules of a manifest in which one is poison, and says why that one failed', async () => {
    const world = flowWorld();
    for (let granule = 0; granule < 200; granule++) {
      const text = granule === 77 ? 'poison' : `text ${granule}`;
      await world.context.events.send(await upload(world, `g${granule}`, text));
    }
    await flowToRest(world);
    expect(await manifestSizes(world)).toEqual([200]);
    expect(world.tables.paths()).toHaveLength(199);
    expect(world.tables.commitIds).toHaveLength(1);
    const report = await status(world.context);
    expect(report.counts).toEqual({ complete: 199, failed: 1, running: 0, waiting: 0 });
    const failed = report.granules.find((granule) => granule.status === 'failed');
    expect(failed).toMatchObject({ granuleKey: granuleKey('g77'), reason: expect.stringContaining('FormatError: ') });
    expect(await world.context.raw.getTags(textKey('g77', 'txt'))).toEqual({ processing_status: 'failed' });
    expect(await world.context.raw.getTags(textKey('g78', 'txt'))).toEqual({ processing_status: 'complete' });
  });

  it('completes a granule that failed once its bytes are mended', async () => {
    const world = flowWorld();
    await world.context.events.send(await upload(world, 'a', 'poison'));
    await flowToRest(world);
    await world.context.events.send(await upload(world, 'a', 'cured'));
    await flowToRest(world);
    expect(await settledTexts(world)).toEqual({ a: 'cured' });
    expect(await Array.fromAsync(world.context.warehouse.list(controlKeys.quarantinePrefix))).toEqual([]);
  });

  it('gives up on a granule that fails for now after its attempts, and a redrive tries it again', async () => {
    const world = flowWorld();
    await world.context.events.send(await upload(world, 'a', 'flaky'));
    await flowToRest(world);
    expect((await status(world.context)).granules[0]).toMatchObject({
      status: 'failed',
      reason: 'JobFailed: No outcome after 5 attempts, exit code 75: Expected an answer, got none. Try again.',
    });
    expect((await redrive(world.context)).granuleKeys).toEqual([granuleKey('a')]);
    expect((await redrive(world.context)).granuleKeys).toEqual([granuleKey('a')]);
    await flowToRest(world);
    expect(world.jobs.size).toBe(2);
  });

  it('processes a granule again on request, once per request', async () => {
    const world = flowWorld();
    await world.context.events.send(await upload(world, 'a', 'hello'));
    await flowToRest(world);
    const request = {
      payload: 'text',
      granule_key: granuleKey('a'),
      source: 'bronze',
      request: 'calibration 2',
    } as const;
    await world.context.events.send([reprocessMessage(request), reprocessMessage(request)]);
    await flowToRest(world);
    await world.context.events.send([reprocessMessage(request)]);
    await flowToRest(world);
    expect(world.jobs.size).toBe(2);
    expect(await settledTexts(world)).toEqual({ a: 'hello' });
    expect((await status(world.context)).counts.complete).toBe(1);
  });
});

describe('what waits', () => {
  it('waits for a missing part without holding up others or using up receives', async () => {
    const world = flowWorld();
    const [, sum] = await upload(world, 'late', 'hello');
    await world.context.raw.delete(textKey('late', 'txt'));
    await world.context.events.send([sum!, ...(await upload(world, 'b', 'there'))]);
    for (let round = 0; round < receiveCountMax + 2; round++) await flowToRest(world);
    expect(await settledTexts(world)).toEqual({ b: 'there' });
    const waiting = await status(world.context);
    expect(waiting.counts).toEqual({ complete: 1, failed: 0, running: 0, waiting: 1 });
    expect(waiting.granules.find((granule) => granule.status === 'waiting')?.reason).toBe('.txt');
    expect(waiting.deadLetters).toEqual([]);
    const facts = await world.context.raw.put(textKey('late', 'txt'), Buffer.from('hello'));
    await world.context.events.send([objectCreatedMessage('raw', facts)]);
    await flowToRest(world);
    expect(await settledTexts(world)).toEqual({ b: 'there', late: 'hello' });
  });

  it('quarantines a granule that stays incomplete for a day, and goes on when the part comes after all', async () => {
    const world = flowWorld();
    const [, sum] = await upload(world, 'late', 'hello');
    await world.context.raw.delete(textKey('late', 'txt'));
    await world.context.events.send([sum!]);
    await flowToRest(world);
    expect((await status(world.context)).counts.waiting).toBe(1);
    world.clock.advance(incompleteGranuleMsMax);
    await flowToRest(world);
    const [granule] = (await status(world.context)).granules;
    expect(granule).toMatchObject({
      status: 'failed',
      reason: expect.stringMatching(/^IncompleteGranule: Expected \.txt/),
    });
    expect(await world.context.raw.getTags(textKey('late', 'sum'))).toEqual({ processing_status: 'failed' });
    const facts = await world.context.raw.put(textKey('late', 'txt'), Buffer.from('hello'));
    await world.context.events.send([objectCreatedMessage('raw', facts)]);
    await flowToRest(world);
    expect((await status(world.context)).counts.complete).toBe(1);
    expect(await world.context.raw.getTags(textKey('late', 'sum'))).toEqual({ processing_status: 'complete' });
  });

  it('tags objects again that were uploaded again when all was settled, and asks nobody to work', async () => {
    const world = flowWorld();
    await world.context.events.send([
      ...(await upload(world, 'a', 'hello')),
      ...(await upload(world, 'bad', 'poison')),
    ]);
    await flowToRest(world);
    // The same bytes: the store keeps no tag of what it overwrites, and only tagged cubes go to the archive.
    await world.context.events.send([
      ...(await upload(world, 'a', 'hello')),
      ...(await upload(world, 'bad', 'poison')),
    ]);
    expect(await world.context.raw.getTags(textKey('a', 'txt'))).toEqual({});
    await flowToRest(world);
    for (const extension of ['txt', 'sum'] as const) {
      expect(await world.context.raw.getTags(textKey('a', extension))).toEqual({ processing_status: 'complete' });
      expect(await world.context.raw.getTags(textKey('bad', extension))).toEqual({ processing_status: 'failed' });
    }
    expect(world.jobs.size).toBe(1);
    expect(world.tables.commitIds).toHaveLength(1);
  });

  it('lets the settler tag a granule that stayed incomplete: the batcher has no right to', async () => {
    const world = flowWorld();
    const [txt] = await upload(world, 'half', 'hello');
    await world.context.raw.delete(textKey('half', 'sum'));
    await world.context.events.send([txt!]);
    world.clock.advance(incompleteGranuleMsMax + 1);
    expect(await batchQueue(world.context, 'flush')).toMatchObject({ incomplete: [granuleKey('half')] });
    expect(await world.context.raw.getTags(textKey('half', 'txt'))).toEqual({});
    await flowToRest(world);
    expect(await world.context.raw.getTags(textKey('half', 'txt'))).toEqual({ processing_status: 'failed' });
  });

  it('keeps 49 granules for a fuller manifest until a flush, and sends 50 at once', async () => {
    const world = flowWorld();
    const events: string[] = [];
    for (let granule = 0; granule < 50; granule++) events.push(...(await upload(world, `g${granule}`, `${granule}`)));
    const records = events.map((body, position) => ({ messageId: String(position), body }));
    expect(await call(world, { Records: records.slice(0, 98) })).toEqual({ batchItemFailures: [] });
    await call(world, { pack: 'full' });
    expect(await manifestSizes(world)).toEqual([]);
    expect(await call(world, { Records: records.slice(98) })).toEqual({ batchItemFailures: [] });
    // Messages are taken, and send nothing themselves.
    expect(await manifestSizes(world)).toEqual([]);
    await call(world, { pack: 'full' });
    expect(await manifestSizes(world)).toEqual([50]);
    const late = (await upload(world, 'more', 'x')).map((body) => ({ messageId: 'm', body }));
    await call(world, { Records: late });
    expect(await call(world, { pack: 'full' })).toMatchObject({ manifests: [], readyCount: 1 });
    expect(await call(world, { pack: 'flush' })).toMatchObject({ manifests: [{ granuleCount: 1 }], readyCount: 0 });
    expect(await manifestSizes(world)).toEqual([1, 50]);
  });

  it('sends poison messages to the dead letters and keeps working', async () => {
    const world = flowWorld();
    const [txt, sum] = await upload(world, 'a', 'hello');
    const half = { Records: [...JSON.parse(txt!).Records, { eventName: 'ObjectCreated:Put', s3: 'nonsense' }] };
    await world.context.events.send(['not JSON', JSON.stringify(half), sum!]);
    await flowToRest(world);
    expect(await settledTexts(world)).toEqual({ a: 'hello' });
    const { deadLetters } = await status(world.context);
    expect(deadLetters.map(({ body }) => body).toSorted()).toEqual(['not JSON', JSON.stringify(half)].toSorted());
    expect(await world.context.events.depth()).toMatchObject({ visibleCount: 0, hiddenCount: 0, deadCount: 2 });
  });

  it('answers Lambda with the messages that it cannot understand', async () => {
    const world = flowWorld();
    const [txt] = await upload(world, 'a', 'hello');
    const Records = [
      { messageId: '1', body: txt! },
      { messageId: '2', body: '{]' },
    ];
    expect(await call(world, { Records })).toEqual({ batchItemFailures: [{ itemIdentifier: '2' }] });
  });

  it('ignores objects of other buckets and of no payload', async () => {
    const world = flowWorld();
    const facts = await world.context.raw.put('notes.txt', Buffer.from('x'));
    const [txt, sum] = await upload(world, 'a', 'hello');
    const foreign = [txt!, sum!].map((event) => event.replace('"name":"raw"', '"name":"theirs"'));
    await world.context.events.send([objectCreatedMessage('raw', facts), ...foreign]);
    const report = await batchQueue(world.context, 'flush');
    expect(report).toMatchObject({ messageCount: 3, ignoredCount: 3, manifests: [], poison: [] });
    expect((await status(world.context)).otherKeys).toEqual(['notes.txt']);
  });
});

describe('reconciliation', () => {
  it('finds every state of a granule, and brings back events that were lost', async () => {
    const world = flowWorld();
    await world.context.events.send(await upload(world, 'done', 'hello'));
    await world.context.events.send(await upload(world, 'bad', 'poison'));
    await flowToRest(world);
    await upload(world, 'lost', 'no event came');
    const [txt] = await upload(world, 'half', 'x');
    await world.context.raw.delete(textKey('half', 'sum'));
    await world.context.events.send([txt!]);
    await batchQueue(world.context, 'flush');
    const before = await status(world.context);
    expect(before.counts).toEqual({ complete: 1, failed: 1, running: 0, waiting: 2 });
    expect(before.granules.find((granule) => granule.lost === 'event')?.granuleKey).toBe(granuleKey('lost'));
    const report = await reconcile(world.context);
    expect(report.requeued).toEqual([granuleKey('lost')]);
    await flowToRest(world);
    expect((await status(world.context)).counts).toEqual({ complete: 2, failed: 1, running: 0, waiting: 1 });
    expect((await reconcile(world.context)).requeued).toEqual([]);
  });

  it('brings back a job that was lost and the event of a job that ended', async () => {
    const world = flowWorld();
    await world.context.events.send(await upload(world, 'a', 'hello'));
    await batchQueue(world.context, 'flush');
    expect((await status(world.context)).counts.running).toBe(1);
    world.jobs.clear();
    expect((await reconcile(world.context)).requeued).toEqual([granuleKey('a')]);
    await world.context.runner.drain(world.context);
    const [event] = await world.context.jobEvents.receive(1);
    await world.context.jobEvents.delete([event!.receipt]);
    expect((await reconcile(world.context)).granules[0]).toMatchObject({ status: 'running', lost: 'job event' });
    await flowToRest(world);
    expect((await status(world.context)).counts.complete).toBe(1);
  });
});

describe('a settlement', () => {
  it('changes nothing when it is asked for again, early, or by two at once', async () => {
    const world = flowWorld();
    await world.context.events.send(await upload(world, 'a', 'hello'));
    const { manifests } = await batchQueue(world.context, 'flush');
    const { manifestId } = manifests[0]!;
    expect(await settle(world.context, manifestId)).toEqual({ state: 'running' });
    await world.context.runner.drain(world.context);
    const twins = await Promise.all([settle(world.context, manifestId), settle(world.context, manifestId)]);
    expect(twins.map(({ state }) => state)).not.toContain('running');
    expect((await settle(world.context, manifestId)).state).toBe('already settled');
    expect(world.tables.commitIds).toHaveLength(1);
    expect(await settledTexts(world)).toEqual({ a: 'hello' });
  });

  it('sends the end of a job whose settlement fails for good to the dead letters, and says why until it is settled', async () => {
    const world = flowWorld();
    await world.context.events.send(await upload(world, 'a', 'hello'));
    const { publish } = world.context;
    const context = {
      ...world.context,
      publish: () => Promise.reject(new FormatError('Expected a table that can be written, got another.')),
    };
    for (let round = 0; round <= receiveCountMax; round++) {
      await flowRound(context);
      world.clock.advance(60_000);
    }
    expect((await context.jobEvents.depth()).deadCount).toBe(1);
    const reason = 'its job ended and is not settled. FormatError: Expected a table that can be written, got another.';
    expect((await status(context)).granules).toMatchObject([{ status: 'running', lost: 'job event', reason }]);
    await context.jobEvents.redrive();
    await flowRound({ ...context, publish });
    expect((await status(context)).granules).toMatchObject([{ status: 'complete', reason: null }]);
  });

  it('that waits for the manifest of another process is no failure', async () => {
    const world = flowWorld();
    await world.context.events.send(await upload(world, 'other', 'text'));
    const [other] = (await batchQueue(world.context, 'flush')).manifests;
    await world.context.events.send(await upload(world, 'a', 'hello'));
    const held = controlKeys.hold(granuleKey('a'));
    await world.context.warehouse.put(held, Buffer.from(JSON.stringify({ manifest_id: other!.manifestId })));
    const { runner } = world.context;
    const describe = async (jobName: string) => {
      const job = await runner.describe(jobName);
      return job !== null && jobName.includes(other!.manifestId) ? { ...job, status: 'running' as const } : job;
    };
    const busy = { ...world.context, runner: { ...runner, describe } };
    await batchQueue(busy, 'flush');
    await runner.drain(busy);
    expect((await settleQueue(busy)).failures).toEqual([]);
    const { granules } = await status(busy);
    const waiting = granules.find((granule) => granule.granuleKey === granuleKey('a'));
    expect(waiting).toMatchObject({ status: 'running', reason: 'its job ended and is not settled' });
    await reconcile(world.context);
    await flowToRest(world);
    expect(await settledTexts(world)).toEqual({ a: 'hello', other: 'text' });
  });

  it('sends an event for a manifest that nobody wrote to the dead letters', async () => {
    const world = flowWorld();
    const detail = { jobName: `cubelake-${'0'.repeat(32)}`, status: 'FAILED' };
    await world.context.jobEvents.send([JSON.stringify({ 'detail-type': 'Batch Job State Change', detail })]);
    for (let round = 0; round <= receiveCountMax; round++) {
      await flowRound(world.context);
      world.clock.advance(60_000);
    }
    expect((await world.context.jobEvents.depth()).deadCount).toBe(1);
  });
});
