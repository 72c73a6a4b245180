// A process may be killed between any two calls to the store. Whatever is then in the store must be a sound table with the
// same rows, and running the same maintenance again must bring it to its end.
import { expect, it } from 'vitest';
import type { PublishContext } from '#core/formats/iceberg/publish.ts';
import { planScan } from '#core/formats/iceberg/scan.ts';
import { keyOf } from '#core/formats/iceberg/table-location.ts';
import { maintainTable } from '#core/maintenance/maintain-table.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { goldPlotIndex } from '#schemas/tables.ts';
import {
  addPlots,
  commit,
  dayMs,
  keysOf,
  type MaintainedLake,
  maintainedLake,
  rowsOf,
  seenThrough,
} from './maintained-lake.ts';

class Killed extends Error {}

/** A store whose process dies at the n-th call, just before it takes effect or just after. */
function dyingStore(
  store: ObjectStore,
  dyingCall: number,
  isAfter: boolean,
): ObjectStore & { readonly callCount: () => number } {
  let count = 0;
  let isDead = false;
  async function call<T>(perform: () => Promise<T>): Promise<T> {
    if (isDead) throw new Killed();
    if (++count < dyingCall) return perform();
    isDead = true;
    if (isAfter) await perform();
    throw new Killed();
  }
  return {
    callCount: () => count,
    rootUri: store.rootUri,
    head: (key) => call(() => store.head(key)),
    get: (key, options) => call(() => store.get(key, options)),
    put: (key, bytes, options) => call(() => store.put(key, bytes, options)),
    delete: (key) => call(() => store.delete(key)),
    open: (key, options) => call(() => store.open(key, options)),
    async write(key) {
      const writer = await call(() => store.write(key));
      return {
        ...writer,
        append: (bytes) => writer.append(bytes),
        abort: () => writer.abort(),
        commit: () => call(() => writer.commit()),
      };
    },
    async *list(prefix) {
      yield* await call(() => Array.fromAsync(store.list(prefix)));
    },
    getTags: (key) => store.getTags(key),
    setTags: (key, tags) => store.setTags(key, tags),
  };
}

/** Small files of two days, a replaced one, a lost one, and a month gone by. */
async function agedLake(): Promise<MaintainedLake> {
  const lake = maintainedLake();
  const [first] = [await addPlots(lake, 'a', 1), await addPlots(lake, 'b', 1), await addPlots(lake, 'c', 1)];
  for (const cube of ['d', 'e']) await addPlots(lake, cube, 1, '2026-05-02');
  await commit(lake, goldPlotIndex, 'cut', [], { removePaths: [first.path] });
  await lake.warehouse.put('tables/gold/plot_index/data/lost.parquet', Buffer.from('lost'));
  lake.nowMs += 40 * dayMs;
  return lake;
}

const tasks = {
  compacts: true,
  rewritesManifests: true,
  expiry: { maxAgeMs: 30 * dayMs, minSnapshotCount: 1 },
  orphans: {},
  isDryRun: false,
};

async function maintain(context: PublishContext): Promise<void> {
  await maintainTable(context, goldPlotIndex, tasks);
}

/** Every snapshot that the table still has can be read whole. */
async function expectReadable(lake: MaintainedLake): Promise<void> {
  const table = (await lake.catalog.loadTable(goldPlotIndex))!;
  for (const snapshot of table.metadata.snapshots) {
    const { files } = await planScan(table, lake.warehouse, { snapshotId: snapshot['snapshot-id'] });
    expect(new Set(files.map((file) => file.path)).size).toBe(files.length);
    expect(files.reduce((sum, file) => sum + file.recordCount, 0)).toBe(Number(snapshot.summary['total-records']));
    for (const file of files)
      expect((await lake.warehouse.head(keyOf(lake.warehouse, file.path)))?.sizeBytes).toBe(file.fileSizeBytes);
  }
}

it.each([false, true])(
  'killed at any call (after it took effect: %s), maintenance leaves the same rows and can be run again',
  { timeout: 60_000 },
  async (isAfter) => {
    const whole = await agedLake();
    const counting = dyingStore(whole.warehouse, Number.POSITIVE_INFINITY, false);
    await maintain(seenThrough(whole, counting));
    const rows = await rowsOf(whole, goldPlotIndex);
    expect(rows).toHaveLength(4);
    const clean = (await keysOf(whole)).filter((key) => !key.includes('/metadata/'));
    expect(clean).toEqual([expect.stringContaining('compacted-'), expect.stringContaining('compacted-')]);

    const callCount = counting.callCount();
    expect(callCount).toBeGreaterThan(80);
    for (let dyingCall = 1; dyingCall <= callCount; dyingCall++) {
      const lake = await agedLake();
      const dying = seenThrough(lake, dyingStore(lake.warehouse, dyingCall, isAfter));
      await expect(maintain(dying)).rejects.toThrow();
      await expectReadable(lake);
      expect(await rowsOf(lake, goldPlotIndex)).toEqual(rows);
      lake.nowMs += 40 * dayMs;
      await maintain(lake);
      expect(await rowsOf(lake, goldPlotIndex)).toEqual(rows);
      expect((await keysOf(lake)).filter((key) => !key.includes('/metadata/'))).toEqual(clean);
    }
  },
);
