import { describe, expect, it } from 'vitest';
import { reprocessMessage } from '#core/pipeline/flow-messages.ts';
import { granuleVersionId, jobNameOf, manifestIdOf, objectVersions } from '#core/pipeline/granule-version.ts';
import { settle } from '#core/pipeline/settle.ts';
import { status } from '#core/pipeline/status.ts';
import { onQueue as batchQueue } from '#functions/manifest-batcher/handler.ts';
import type { Granule, Manifest } from '#schemas/manifest.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { type FlowWorld, flowRound, flowToRest, flowWorld, settledTexts, upload } from '../flow/flow-world.ts';
import { textKey } from '../flow/text-payload.ts';
import { crashingProcess } from './crashing-process.ts';

/** Runs one round that falls asleep before its n-th call, until `meanwhile` is over. @returns its calls. */
async function sleepAt(
  world: FlowWorld,
  callNumber: number,
  meanwhile: () => Promise<void>,
): Promise<readonly string[]> {
  let callCount = 0;
  const sleeper = crashingProcess(world, null, async () => {
    if (++callCount === callNumber) await meanwhile();
  });
  await flowRound(sleeper.context);
  return sleeper.calls;
}

async function versionedGranule(world: FlowWorld, name: string, request: string | null): Promise<Granule> {
  const granuleKey = textKey(name, 'txt').slice(0, -4);
  const parts = objectVersions(await Array.fromAsync(world.context.raw.list(`${granuleKey}.`)));
  const version = granuleVersionId(parts, 'raw', request);
  return { payload: 'text', granule_key: granuleKey, granule_version_id: version, parts };
}

async function writeManifest(world: FlowWorld, granules: Granule[]): Promise<string> {
  const manifest: Manifest = { format_version: 1, manifest_id: manifestIdOf(granules), source: 'raw', granules };
  await world.context.warehouse.put(controlKeys.manifest(manifest.manifest_id), Buffer.from(JSON.stringify(manifest)));
  return manifest.manifest_id;
}

async function submit(world: FlowWorld, manifestId: string, granuleCount: number): Promise<void> {
  await world.context.runner.submit({ jobName: jobNameOf(manifestId), manifestId, granuleCount });
}

describe('a scheduler that sleeps at any call and wakes in a world that has moved on', () => {
  it('neither doubles nor brings back anything', { timeout: 120_000 }, async () => {
    const start = async (): Promise<FlowWorld> => {
      const world = flowWorld();
      await world.context.events.send([...(await upload(world, 'a', 'one')), ...(await upload(world, 'b', 'beta'))]);
      return world;
    };
    const callCount = (await sleepAt(await start(), 0, async () => {})).length;
    expect(callCount).toBeGreaterThan(50);
    for (let callNumber = 1; callNumber <= callCount; callNumber++) {
      const world = await start();
      await sleepAt(world, callNumber, async () => {
        world.clock.advance(60_000);
        await flowToRest(world);
        await world.context.events.send(await upload(world, 'a', 'two'));
        await flowToRest(world);
      });
      await world.context.events.send(await upload(world, 'a', 'three'));
      await flowToRest(world);
      expect(await settledTexts(world), `slept at call ${callNumber}`).toEqual({ a: 'three', b: 'beta' });
      expect((await status(world.context)).counts).toEqual({ complete: 2, failed: 0, running: 0, waiting: 0 });
    }
  });

  it('leaves one version of a granule that two manifests settle at once', { timeout: 120_000 }, async () => {
    const start = async (): Promise<{ world: FlowWorld; manifestIds: string[] }> => {
      const world = flowWorld();
      await upload(world, 'a', 'one');
      const manifestIds: string[] = [];
      for (const request of ['calibration 1', 'calibration 2']) {
        const granule_key = textKey('a', 'txt').slice(0, -4);
        await world.context.events.send([reprocessMessage({ payload: 'text', granule_key, source: 'raw', request })]);
        manifestIds.push(...(await batchQueue(world.context, 'flush')).manifests.map(({ manifestId }) => manifestId));
      }
      await world.context.runner.drain(world.context);
      return { world, manifestIds };
    };
    const settleAsleep = async (callNumber: number): Promise<number> => {
      const { world, manifestIds } = await start();
      expect(manifestIds).toHaveLength(2);
      let callCount = 0;
      const sleeper = crashingProcess(world, null, async () => {
        if (++callCount === callNumber) await settle(world.context, manifestIds[1]!);
      });
      await settle(sleeper.context, manifestIds[0]!);
      await settle(world.context, manifestIds[1]!);
      expect(await settledTexts(world), `slept at call ${callNumber}`).toEqual({ a: 'one' });
      expect(world.tables.commitIds).toHaveLength(2);
      return sleeper.calls.length;
    };
    const callCount = await settleAsleep(0);
    for (let callNumber = 1; callNumber <= callCount; callNumber++) await settleAsleep(callNumber);
  });
});

describe('a granule version that two manifests have', () => {
  it('is settled by the manifest that its claim names, which is submitted if its planner died before', async () => {
    const world = flowWorld();
    await upload(world, 'a', 'one');
    await upload(world, 'b', 'beta');
    const a = await versionedGranule(world, 'a', null);
    const b = await versionedGranule(world, 'b', null);
    const bothId = await writeManifest(world, [a, b]);
    const aloneId = await writeManifest(world, [a]);
    const claim = JSON.stringify({ manifest_id: aloneId, final: false });
    await world.context.warehouse.put(controlKeys.claim(a.granule_version_id), Buffer.from(claim));
    await submit(world, bothId, 2);
    await world.context.runner.drain(world.context);
    expect(await settle(world.context, bothId)).toMatchObject({
      settlement: { complete_count: 1, superseded_count: 1 },
    });
    expect(await settledTexts(world)).toEqual({ b: 'beta' });
    await flowToRest(world);
    expect(await settledTexts(world)).toEqual({ a: 'one', b: 'beta' });
  });

  it('is settled by the manifest that was written when its claim names one that never was', async () => {
    const world = flowWorld();
    await upload(world, 'a', 'one');
    const a = await versionedGranule(world, 'a', null);
    const manifestId = await writeManifest(world, [a]);
    const claim = JSON.stringify({ manifest_id: 'f'.repeat(32), final: false });
    await world.context.warehouse.put(controlKeys.claim(a.granule_version_id), Buffer.from(claim));
    await submit(world, manifestId, 1);
    await flowToRest(world);
    expect(await settledTexts(world)).toEqual({ a: 'one' });
  });
});
