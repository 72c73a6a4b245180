import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { Sink } from '#core/edge/sink/sink.ts';
import { CubelakeError } from '#core/errors.ts';
import type { PublishContext } from '#core/formats/iceberg/publish.ts';
import { rollbackTable } from '#core/formats/iceberg/snapshots.ts';
import { compact } from '#core/maintenance/compact.ts';
import { expireSnapshots } from '#core/maintenance/expire-snapshots.ts';
import { aggregateIngested } from '#core/pipeline/aggregate-ingested.ts';
import { tableAccess } from '#core/pipeline/table-access.ts';
import { readTableRows } from '#core/pipeline/table-rows.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { RandomStream } from '#core/simulation/random-stream.ts';
import { ingestOffsetsKey } from '#schemas/edge-messages.ts';
import { goldFieldMetrics, goldPlotIndex, silverReflectance } from '#schemas/tables.ts';
import { type SimulatedProcess, SimulatedWorld } from '../properties/simulated-world.ts';
import { MemoryLog, stopwatchOf, topicName } from './memory-log.ts';
import { cloudPixelCount, settleGranule } from './settle-granule.ts';
import { cellsPart, granuleKeyOf, plotsPart, type SmallPart } from './small-parts.ts';

export interface SinkRun {
  readonly callCount: number;
  readonly killCount: number;
  readonly fencedCount: number;
  readonly rollbackCount: number;
  readonly repeatedCount: number;
  readonly lateCount: number;
}

const granules = ['c1', 'c22', 'c3'];
const group = 'sink';

/**
 * Two sinks of one group, settlements of some granules, rollbacks, expiry and compaction, all failing and dying call by call; then
 * a good hour. Every part's rows are there exactly once, or none where the cloud has made the granule.
 *
 * @throws Error that says which part is there how often.
 */
export async function simulateSink(seed: number): Promise<SinkRun> {
  const world = new SimulatedWorld(seed, () => {}, 'lake');
  const random = new RandomStream(seed, 'sink');
  const log = new MemoryLog();
  const parts: SmallPart[] = [];
  const sums = { killCount: 0, fencedCount: 0, rollbackCount: 0, repeatedCount: 0, lateCount: 0 };
  const settled = new Map<string, { hasPlots: boolean; fails: boolean }>();
  for (const name of granules)
    if (random.uniform() < 0.5) settled.set(name, { hasPlots: random.uniform() < 0.5, fails: random.uniform() < 0.25 });

  const tablesOf = ({ store, clock, random: chance }: SimulatedProcess): PublishContext => ({
    warehouse: store,
    catalog: pointerCatalog(store, {
      nowMs: clock.nowMs,
      newUuid: () => `00000000-0000-4000-8000-${String(seed).padStart(12, '0')}`,
    }),
    clock,
    random: chance,
  });

  /** Runs work in processes until one of them comes to its end. */
  async function untilDone(work: (process: SimulatedProcess) => Promise<void>, attemptCountMax = 60): Promise<void> {
    for (let attempt = 0; attempt < attemptCountMax; attempt++) {
      const process = world.process();
      try {
        if ((await Promise.race([work(process), process.killed])) !== 'killed') return;
        sums.killCount++;
      } catch (error) {
        if (!(error instanceof CubelakeError) || (error.disposition !== 'retry' && error.name !== 'NotFoundError'))
          throw error;
        if (error.name === 'FencedError') sums.fencedCount++;
      } finally {
        process.kill();
      }
    }
  }

  const runSink = (name: string, idleMsMax: number) => async (process: SimulatedProcess) => {
    const tables = tablesOf({ ...process, store: withPauses(process.store, world, random) });
    const sink = new Sink({
      log: log.reader(process),
      deadLetters: MemoryLog.noDeadLetters,
      tables: { ...tables, ...tableAccess(tables) },
      derive: () => aggregateIngested(tables),
      stopwatch: stopwatchOf(world, process),
      progress: {
        report(event, fields) {
          if (event !== 'Parts:Commit:Done') return;
          sums.repeatedCount += Number(fields['repeated']);
          sums.lateCount += Number(fields['late']);
        },
      },
      topic: topicName,
      group: name,
      commitIntervalMs: 400,
      idleMsMax,
      acceptsGap: false,
      startsNewEpoch: false,
    });
    await sink.run(new AbortController().signal);
  };

  async function produce(): Promise<void> {
    const count = 4 + random.index(8);
    for (let at = 0; at < count; at++) {
      const name = granules[random.index(granules.length)]!;
      const part =
        random.uniform() < 0.7 ? cellsPart(name, 10 * at, 1 + random.index(3)) : plotsPart(name, `p${at}`, at / 100);
      parts.push(part);
      log.append(part.message);
      for (let wait = random.index(60); wait > 0; wait--) await world.turn();
      if (random.uniform() < 0.3) log.append(parts[random.index(parts.length)]!.message);
    }
  }

  async function settleOne(name: string): Promise<void> {
    for (let wait = random.index(400); wait > 0; wait--) await world.turn();
    await untilDone((process) => settleGranule(tablesOf(process), granuleKeyOf(name), settled.get(name)!));
  }

  async function maintain(): Promise<void> {
    for (let round = random.index(3); round > 0; round--) {
      for (let wait = random.index(300); wait > 0; wait--) await world.turn();
      const table = random.uniform() < 0.5 ? silverReflectance : goldPlotIndex;
      const kind = random.index(3);
      await untilDone(async (process) => {
        const tables = tablesOf(process);
        const loaded = await tables.catalog.loadTable(table);
        const head = loaded?.metadata.snapshots.find(
          (each) => each['snapshot-id'] === loaded.metadata['current-snapshot-id'],
        );
        if (loaded === null || head === undefined) return;
        if (kind === 0) {
          const parentId = head['parent-snapshot-id'];
          if (parentId === undefined || parentId === null || !(ingestOffsetsKey in head.summary)) return;
          sums.rollbackCount++;
          await rollbackTable(tables.catalog, table, parentId).catch(ignoreRefusal);
        } else if (kind === 1)
          await expireSnapshots(tables, table, { maxAgeMs: 0, minSnapshotCount: 1, isForced: true }).catch(
            ignoreRefusal,
          );
        else await compact(tables, table).catch(ignoreRefusal);
      }, 3);
    }
  }

  await world.drive(
    Promise.all([
      produce(),
      untilDone(runSink(group, 3000)),
      untilDone(runSink(group, 3000)),
      maintain(),
      ...[...settled.keys()].map(settleOne),
    ]),
  );
  world.heal();
  await world.drive(
    (async () => {
      for (const [name, outcome] of settled)
        await untilDone((process) => settleGranule(tablesOf(process), granuleKeyOf(name), outcome));
      await untilDone(runSink(group, 2000));
      // What a person has rolled back is gone from the group's offsets on; another group reads everything again.
      if (sums.rollbackCount > 0) await untilDone(runSink('again', 2000));
    })(),
  );
  await check(tablesAtRest(world, seed), parts, settled);
  return { callCount: world.callCount, ...sums };
}

/** A sink stands still for long at any call, as a suspended machine does, while all others go on. */
function withPauses(store: ObjectStore, world: SimulatedWorld, random: RandomStream): ObjectStore {
  const pause = async (chance: number): Promise<void> => {
    if (random.uniform() < chance) for (let wait = random.index(400); wait > 0; wait--) await world.turn();
  };
  return {
    ...store,
    async get(key, options) {
      await pause(0.01);
      return store.get(key, options);
    },
    // Most often where it has looked at table and ledger and has not committed yet.
    async put(key, bytes, options) {
      await pause(key.includes('/data/') ? 0.2 : 0.02);
      return store.put(key, bytes, options);
    },
  };
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof CubelakeError) || error.disposition === 'bug') throw error;
}

function tablesAtRest(world: SimulatedWorld, seed: number): PublishContext {
  const clock = { nowMs: () => world.nowMs, sleepMs: async () => {} };
  const catalog = pointerCatalog(world.store, { nowMs: clock.nowMs, newUuid: () => String(seed) });
  return { warehouse: world.store, catalog, clock, random: { next: () => 0.5 } };
}

async function check(
  tables: PublishContext,
  parts: readonly SmallPart[],
  settled: ReadonlyMap<string, { hasPlots: boolean; fails: boolean }>,
): Promise<void> {
  const silver = await readTableRows(tables, silverReflectance, ['part_id', 'cube_id', 'r0670', 'line'], []);
  const gold = await readTableRows(tables, goldPlotIndex, ['part_id', 'cube_id', 'mean'], []);
  const isMade = (granuleKey: string): boolean =>
    [...settled].some(([name, { fails }]) => !fails && granuleKeyOf(name) === granuleKey);
  const wrong: string[] = [];
  for (const part of parts) {
    const rows = (part.table === 'silver' ? silver : gold).filter((row) => row['part_id'] === part.id);
    const wanted = isMade(part.granuleKey) ? 0 : part.rowCount;
    if (rows.length !== wanted)
      wrong.push(`${part.table} has ${rows.length} of ${wanted} rows of a part of ${part.granuleKey}`);
    for (const row of rows.filter(() => part.table === 'silver'))
      if (Math.abs((row['r0670'] as number) - (row['line'] as number) * 2e-4) > 1e-6)
        wrong.push(`line ${row['line']} has ${row['r0670']}`);
  }
  for (const [name, { fails, hasPlots }] of settled) {
    const count = (rows: typeof silver) =>
      rows.filter((row) => row['cube_id'] === name && row['part_id'] === null).length;
    if (count(silver) !== (fails ? 0 : cloudPixelCount))
      wrong.push(`${count(silver)} pixels of ${name} from the cloud`);
    if (count(gold) !== (fails || !hasPlots ? 0 : 1)) wrong.push(`${count(gold)} plots of ${name} from the cloud`);
  }
  const fields = await readTableRows(tables, goldFieldMetrics, ['period', 'plot_count', 'valid_count'], []);
  const day = fields.filter((row) => row['period'] === 'day');
  const validCount = gold.length === 0 ? 0 : gold.reduce((sum, row) => sum + (row['part_id'] === null ? 2 : 10), 0);
  const inFields = day.reduce((sum, row) => sum + Number(row['valid_count']), 0);
  if (inFields !== validCount)
    wrong.push(`gold.field_metrics is of ${inFields} values, gold.plot_index of ${validCount}`);
  if (wrong.length > 0) throw new Error(wrong.join('; '));
}
