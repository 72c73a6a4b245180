import { describe, expect, it } from 'vitest';
import {
  committedTableCount,
  flowRequests,
  partCountPerCube,
  sizedRequests,
  uploadRequests,
} from '#core/costs/flow-requests.ts';
import { settleRequestsPerGranule } from '#core/costs/service-costs.ts';
import { cubePayload } from '#core/pipeline/cube/cube-payload.ts';
import { sequentialTilePool } from '#core/pipeline/cube/open-tile-processor.ts';
import { objectCreatedMessage } from '#core/pipeline/flow-messages.ts';
import { onQueue as batchQueue } from '#functions/manifest-batcher/handler.ts';
import { onQueue as settleQueue } from '#functions/manifest-settler/handler.ts';
import { flowRound, flowWorld, upload } from '../../flow/flow-world.ts';
import { granuleKey, putSmallCube } from '../pipeline/small-cube.ts';
import { countRequests, type RequestCount } from './counting-store.ts';

const openHdf5 = (): never => {
  throw new Error('no HDF5 here');
};

/** Cubes of one manifest through the whole flow, but for the commits to Iceberg tables. */
async function requestsOf(cubeCount: number, lineCount: number): Promise<RequestCount> {
  const world = flowWorld();
  const { context } = world;
  const { parts } = await putSmallCube(context.raw, { lineCount });
  expect(parts).toHaveLength(partCountPerCube);
  const messages: string[] = [];
  for (let cube = 1; cube <= cubeCount; cube++) {
    for (const { key } of parts) {
      const { bytes } = await context.raw.get(key);
      const facts = await context.raw.put(key.replace(granuleKey, granuleKey.replace(/c1$/, `c${cube}`)), bytes);
      messages.push(objectCreatedMessage('raw', facts));
    }
  }
  await context.events.send(messages);
  const count = { put: 0, get: 0 };
  const raw = countRequests(context.raw, count);
  const warehouse = countRequests(context.warehouse, count);
  const payload = cubePayload({ openHdf5, tilePool: sequentialTilePool({ raw, warehouse, openHdf5 }) });
  // Commits of the payload's tables, and of the field metrics that follow from them.
  expect(payload.tables.length + 1).toBe(committedTableCount);
  await flowRound({ ...context, raw, warehouse, payloads: [payload] });
  expect([...world.jobs.values()].flatMap(({ children }) => children.map(({ status }) => status))).toEqual(
    Array.from({ length: cubeCount }, () => 'succeeded'),
  );
  return count;
}

/** All requests from the end of the jobs of a manifest to its settlement, but for the commits. */
async function settlementRequests(granuleCount: number): Promise<number> {
  const world = flowWorld();
  const { context } = world;
  for (let granule = 0; granule < granuleCount; granule++)
    await context.events.send(await upload(world, `granule-${granule}`, 'text'));
  await batchQueue(context, 'flush');
  await context.runner.drain(context);
  const count = { put: 0, get: 0 };
  const raw = countRequests(context.raw, count);
  const warehouse = countRequests(context.warehouse, count);
  const { settled } = await settleQueue({ ...context, raw, warehouse });
  expect(settled).toHaveLength(1);
  return count.put + count.get;
}

// Tiles of this cube have 64 lines: the two last requests for each are counted by the tile.
const tileLineCount = 64;

describe('requests of a settlement', () => {
  it('are for every granule, one after another, as many as the plan takes for the settler', async () => {
    const [two, four] = [await settlementRequests(2), await settlementRequests(4)];
    expect((four - two) / 2).toBe(settleRequestsPerGranule);
  });
});

describe('requests of the flow', () => {
  it('are for every further tile, cube and manifest as many as the plan counts', async () => {
    const [two, four, tall] = [
      await requestsOf(2, 2 * tileLineCount),
      await requestsOf(4, 2 * tileLineCount),
      await requestsOf(2, 12 * tileLineCount),
    ];
    for (const kind of ['put', 'get'] as const) {
      const { perGranule, perManifest, perTile } = flowRequests;
      expect((tall[kind] - two[kind]) / 2 / 10).toBe(perTile[kind]);
      expect((four[kind] - two[kind]) / 2).toBe(perGranule[kind] + 2 * perTile[kind]);
      expect(two[kind]).toBe(perManifest[kind] + 2 * (perGranule[kind] + 2 * perTile[kind]));
    }
  });

  it('grow with the bytes: parts of 8 MiB, tiles of 12 MiB, ranges of 8 MiB', () => {
    const mib = 2 ** 20;
    expect([8 * mib - 1, 8 * mib, 20 * mib].map(uploadRequests)).toEqual([1, 3, 5]);
    // 120 MiB: 10 tiles of 2 ranges, shards of 8.86 MiB in 2 parts and 2 requests around them; silver is one file of
    // 123.6 MiB in 16 parts.
    expect(sizedRequests(120 * mib)).toEqual({ put: 10 * 4 + 18, get: 20 });
    expect(sizedRequests(1 * mib)).toEqual({ put: 2, get: 1 });
  });
});
