import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reconcile, status } from '#core/pipeline/status.ts';
import { flowRound, flowToRest, flowWorld, settledTexts, upload } from '../flow/flow-world.ts';
import { type CrashPoint, crashingProcess, ProcessDied } from './crashing-process.ts';

const crashPoint = fc.option(
  fc.record({
    callNumber: fc.integer({ min: 1, max: 150 }),
    moment: fc.constantFrom('before' as const, 'after' as const),
  }),
);

/** Lets a seeded number of turns of the event loop pass before each call, so that the seed decides who is first. */
function seededPause(seed: number): () => Promise<void> {
  let state = seed >>> 0;
  return async () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    for (let turn = state >>> 28; turn > 0; turn--) await Promise.resolve();
  };
}

describe('schedulers that work on one lake at the same time', () => {
  it('settle every granule once, in its newest version, whoever is first and whoever dies', {
    timeout: 120_000,
  }, async () => {
    const scheduler = fc.record({ seed: fc.nat(), crash: crashPoint });
    const property = fc.asyncProperty(
      fc.array(scheduler, { minLength: 2, maxLength: 4 }),
      fc.nat(),
      async (schedulers, uploaderSeed) => {
        const world = flowWorld();
        const events = [...(await upload(world, 'a', 'old')), ...(await upload(world, 'b', 'beta'))];
        await world.context.events.send(events);
        const run = async (seed: number, crash: CrashPoint | null): Promise<void> => {
          const { context } = crashingProcess(world, crash, seededPause(seed));
          try {
            for (let round = 0; round < 3; round++) await flowRound(context);
          } catch (error) {
            if (!(error instanceof ProcessDied)) throw error;
          }
        };
        const overwrite = async (): Promise<void> => {
          const pause = seededPause(uploaderSeed);
          for (let call = 0; call < uploaderSeed % 60; call++) await pause();
          const newer = await upload(world, 'a', 'new');
          await pause();
          await world.context.events.send([...newer, ...events]);
        };
        await Promise.all([overwrite(), ...schedulers.map(({ seed, crash }) => run(seed, crash))]);
        await flowToRest(world);
        const report = await status(world.context);
        expect(report.counts).toEqual({ complete: 2, failed: 0, running: 0, waiting: 0 });
        expect(await settledTexts(world)).toEqual({ a: 'new', b: 'beta' });
        expect((await reconcile(world.context)).requeued).toEqual([]);
      },
    );
    await fc.assert(property, { seed: 20260601, numRuns: 400 });
  });
});
