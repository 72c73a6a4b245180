import { describe, expect, it } from 'vitest';
import { CommitConflictError, ConfigurationError } from '#core/errors.ts';
import { planReplacement } from '#core/pipeline/replace/plan-replacement.ts';
import {
  discardReplacement,
  publishReplacement,
  type ReplaceContext,
} from '#core/pipeline/replace/publish-replacement.ts';
import { type GranuleSelection, selectGranules } from '#core/pipeline/replace/select-granules.ts';
import { startReplacement } from '#core/pipeline/replace/stage-replacement.ts';
import { status } from '#core/pipeline/status.ts';
import { type FlowWorld, flowRound, flowToRest, flowWorld, settledTexts, upload } from '../flow/flow-world.ts';
import { textKey, textLines } from '../flow/text-payload.ts';
import { type CrashPoint, crashingProcess, ProcessDied } from './crashing-process.ts';

const everything: GranuleSelection = {
  payload: 'text',
  granule: null,
  calibration: null,
  reference: null,
  sensorId: null,
  farmId: null,
  fromDate: null,
  toDate: null,
  isRolledBack: false,
};

const only = (name: string): GranuleSelection => ({ ...everything, granule: name });

/** Granules a, b and c in the tables, of which a and b are made again. */
async function settledWorld(): Promise<FlowWorld> {
  const world = flowWorld();
  for (const name of ['a', 'b', 'c']) await world.context.events.send(await upload(world, name, `text of ${name}`));
  await flowToRest(world);
  return world;
}

function replacing(context: FlowWorld['context']): ReplaceContext {
  return { ...context, removeBranch: async () => {} };
}

/** What `cubelake reprocess` does. @returns the id */
async function stage(context: FlowWorld['context'], selection: GranuleSelection): Promise<string> {
  const { replacement } = await planReplacement(context, await selectGranules(context, selection), 'raw');
  await startReplacement(context, replacement);
  while (await flowRound(context));
  return replacement.replacement_id;
}

async function replaceAll(context: FlowWorld['context']): Promise<void> {
  for (const name of ['a', 'b']) {
    const id = await stage(context, only(name));
    await publishReplacement(replacing(context), id);
  }
}

describe('a replacement', () => {
  it('shows nothing before it is published, and then changes the files of its granules and no others', async () => {
    const world = await settledWorld();
    const before = world.tables.paths();
    const id = await stage(world.context, only('a'));
    expect(world.tables.paths()).toEqual(before);
    expect(world.tables.paths(`reprocess-${id}`).filter((path) => !before.includes(path))).toHaveLength(1);
    const commitCount = world.tables.commitIds.length;
    await publishReplacement(replacing(world.context), id);
    expect(world.tables.commitIds).toHaveLength(commitCount + 1);
    const after = world.tables.paths();
    expect(after.filter((path) => before.includes(path))).toHaveLength(2);
    expect(await settledTexts(world)).toEqual({ a: 'text of a', b: 'text of b', c: 'text of c' });
    expect((await status(world.context)).counts).toEqual({ complete: 3, failed: 0, running: 0, waiting: 0 });
    await publishReplacement(replacing(world.context), id);
    expect(world.tables.paths()).toEqual(after);
  });

  it('that was discarded changes nothing and is never published; asking again makes another', async () => {
    const world = await settledWorld();
    const before = world.tables.paths();
    const id = await stage(world.context, only('a'));
    await discardReplacement(replacing(world.context), id);
    await expect(publishReplacement(replacing(world.context), id)).rejects.toThrow(ConfigurationError);
    expect(world.tables.paths()).toEqual(before);
    const again = await stage(world.context, only('a'));
    expect(again).not.toBe(id);
    await publishReplacement(replacing(world.context), again);
    await expect(discardReplacement(replacing(world.context), again)).rejects.toThrow(/which is published/);
  });

  it('loses loudly and whole when another one of its granules was published first', async () => {
    const world = await settledWorld();
    const [first, second] = [await stage(world.context, everything), await stage(world.context, only('b'))];
    await publishReplacement(replacing(world.context), second);
    const after = world.tables.paths();
    await expect(publishReplacement(replacing(world.context), first)).rejects.toThrow(CommitConflictError);
    expect(world.tables.paths()).toEqual(after);
    expect(await settledTexts(world)).toEqual({ a: 'text of a', b: 'text of b', c: 'text of c' });
  });

  it('loses to a newer version of its granule, and leaves one that came to the same day alone', async () => {
    const world = await settledWorld();
    const [first, second] = [await stage(world.context, only('a')), await stage(world.context, only('b'))];
    await world.context.events.send([...(await upload(world, 'a', 'newer')), ...(await upload(world, 'd', 'new'))]);
    await flowToRest(world);
    await expect(publishReplacement(replacing(world.context), first)).rejects.toThrow(CommitConflictError);
    await publishReplacement(replacing(world.context), second);
    expect(await settledTexts(world)).toEqual({ a: 'newer', b: 'text of b', c: 'text of c', d: 'new' });
  });

  it('brings rows back that a rollback took out, and takes out those that it brought back', async () => {
    const world = await settledWorld();
    const old = await world.context.liveFiles(textLines, { predicates: [] });
    await world.context.events.send(await upload(world, 'a', 'newer'));
    await flowToRest(world);
    world.tables.setFiles('silver.text_lines', old.files);
    const { granules, counts } = await status(world.context);
    expect(counts).toEqual({ complete: 2, failed: 0, running: 0, waiting: 1 });
    expect(granules[0]).toMatchObject({
      isRolledBack: true,
      reason: expect.stringContaining('rolled back'),
      lost: null,
    });
    const id = await stage(world.context, { ...everything, isRolledBack: true });
    await publishReplacement(replacing(world.context), id);
    expect(await settledTexts(world)).toEqual({ a: 'newer', b: 'text of b', c: 'text of c' });
    expect((await status(world.context)).counts.complete).toBe(3);
  });

  it('goes on where it was killed, at whichever call that was', async () => {
    const dry = crashingProcess(await settledWorld(), null);
    await replaceAll(dry.context);
    const callCount = dry.calls.length;
    expect(callCount).toBeGreaterThan(60);
    for (let callNumber = 1; callNumber <= callCount; callNumber += 2) {
      for (const moment of ['before', 'after'] as const) await expectRepair({ callNumber, moment });
    }
  });
});

async function expectRepair(crash: CrashPoint): Promise<void> {
  const world = await settledWorld();
  const before = world.tables.paths();
  try {
    await replaceAll(crashingProcess(world, crash).context);
  } catch (error) {
    if (!(error instanceof ProcessDied)) throw error;
  }
  world.clock.advance(3_600_000);
  await flowToRest(world);
  await replaceAll(world.context);
  expect(world.tables.paths().filter((path) => before.includes(path))).toHaveLength(1);
  const where = `${crash.moment} call ${crash.callNumber}`;
  expect(await settledTexts(world), where).toEqual({ a: 'text of a', b: 'text of b', c: 'text of c' });
  expect(new Set(world.tables.commitIds).size, where).toBe(world.tables.commitIds.length);
  expect((await status(world.context)).counts, where).toEqual({ complete: 3, failed: 0, running: 0, waiting: 0 });
  expect(await world.context.raw.getTags(textKey('a', 'txt')), where).toEqual({ processing_status: 'complete' });
}
