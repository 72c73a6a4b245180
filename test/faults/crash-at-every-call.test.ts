import { describe, expect, it } from 'vitest';
import { status } from '#core/pipeline/status.ts';
import { claimSchema } from '#schemas/manifest.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { type FlowWorld, flowRound, flowToRest, flowWorld, settledTexts, upload } from '../flow/flow-world.ts';
import { textKey } from '../flow/text-payload.ts';
import { type CrashPoint, crashingProcess, ProcessDied } from './crashing-process.ts';

/** Uploads, and all events, some of them twice and in another order. */
async function arrivals(world: FlowWorld): Promise<void> {
  const a = await upload(world, 'a', 'alpha');
  const b = await upload(world, 'b', 'beta\nbeta');
  const bad = await upload(world, 'bad', 'poison');
  await world.context.events.send([...b.toReversed(), ...bad, ...a, ...b]);
}

/** As `arrivals`, over granules that are in the tables already in another version. */
async function replacements(world: FlowWorld): Promise<void> {
  await world.context.events.send([...(await upload(world, 'a', 'old')), ...(await upload(world, 'b', 'older'))]);
  await flowToRest(world);
  await arrivals(world);
}

/** What comes while nobody is at work. */
async function newerVersion(world: FlowWorld): Promise<void> {
  await world.context.events.send(await upload(world, 'a', 'newer'));
}

async function runUntilDeath(world: FlowWorld, crash: CrashPoint | null): Promise<string[]> {
  const { context, calls } = crashingProcess(world, crash);
  try {
    while (await flowRound(context)) world.clock.advance(1);
  } catch (error) {
    if (!(error instanceof ProcessDied)) throw error;
  }
  return [...calls];
}

async function expectSettledOnce(world: FlowWorld, textOfA = 'alpha'): Promise<void> {
  expect(await settledTexts(world)).toEqual({ a: textOfA, b: 'beta\nbeta' });
  const report = await status(world.context);
  expect(report.counts).toEqual({ complete: 2, failed: 1, running: 0, waiting: 0 });
  expect(report.deadLetters).toEqual([]);
  expect(report.granules.map((granule) => granule.lost)).toEqual([null, null, null]);
  for (const name of ['a', 'b']) {
    expect(await world.context.raw.getTags(textKey(name, 'txt'))).toEqual({ processing_status: 'complete' });
    expect(await world.context.raw.getTags(textKey(name, 'sum'))).toEqual({ processing_status: 'complete' });
  }
  expect(await world.context.raw.getTags(textKey('bad', 'txt'))).toEqual({ processing_status: 'failed' });
  for await (const { key } of world.context.warehouse.list('control/claims/')) {
    const { bytes } = await world.context.warehouse.get(key);
    const claim = claimSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
    // The claim of a version that was overwritten before its manifest was written stays as it is.
    const isWritten = (await world.context.warehouse.head(controlKeys.manifest(claim.manifest_id))) !== null;
    expect(claim.final).toBe(isWritten);
  }
  expect(new Set(world.tables.commitIds).size).toBe(world.tables.commitIds.length);
}

describe.each([
  ['new granules', arrivals],
  ['newer versions of granules', replacements],
] as const)('a scheduler that is killed while it works on %s', (_, prepare) => {
  it('leaves everything to be settled exactly once by the next, wherever it died', { timeout: 120_000 }, async () => {
    const undisturbed = flowWorld();
    await prepare(undisturbed);
    const calls = await runUntilDeath(undisturbed, null);
    await expectSettledOnce(undisturbed);
    const steps = [
      'events.delete',
      'runner.submit',
      'tables.publish',
      'tables.afterCommit',
      'raw.setTags',
      'jobEvents.delete',
    ];
    expect(calls).toEqual(expect.arrayContaining(steps));

    for (let callNumber = 1; callNumber <= calls.length; callNumber++) {
      for (const moment of ['before', 'after'] as const) {
        const world = flowWorld();
        await prepare(world);
        await runUntilDeath(world, { callNumber, moment });
        await flowToRest(world);
        await expectSettledOnce(world).catch((error: unknown) => {
          throw new Error(`died ${moment} call ${callNumber}, ${calls[callNumber - 1]}`, { cause: error });
        });
      }
    }
  });

  it('does so too when a granule changes before the next scheduler starts', { timeout: 120_000 }, async () => {
    const undisturbed = flowWorld();
    await prepare(undisturbed);
    const calls = await runUntilDeath(undisturbed, null);
    for (let callNumber = 1; callNumber <= calls.length; callNumber++) {
      const world = flowWorld();
      await prepare(world);
      await runUntilDeath(world, { callNumber, moment: 'after' });
      await newerVersion(world);
      await flowToRest(world);
      await expectSettledOnce(world, 'newer').catch((error: unknown) => {
        throw new Error(`died after call ${callNumber}, ${calls[callNumber - 1]}`, { cause: error });
      });
    }
  });

  it('does so too when the second scheduler is killed as well', { timeout: 120_000 }, async () => {
    const undisturbed = flowWorld();
    await prepare(undisturbed);
    const callCount = (await runUntilDeath(undisturbed, null)).length;
    for (let first = 1; first <= callCount; first += 5) {
      for (let second = 1; second <= callCount; second += 17) {
        const world = flowWorld();
        await prepare(world);
        await runUntilDeath(world, { callNumber: first, moment: 'after' });
        world.clock.advance(60_000);
        await runUntilDeath(world, { callNumber: second, moment: 'after' });
        await flowToRest(world);
        await expectSettledOnce(world).catch((error: unknown) => {
          throw new Error(`died after calls ${first} and ${second}`, { cause: error });
        });
      }
    }
  });
});
