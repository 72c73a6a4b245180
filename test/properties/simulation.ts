import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { decodeManifestList } from '#core/formats/iceberg/manifest-list.ts';
import type { PublishContext } from '#core/formats/iceberg/publish.ts';
import { keyOf } from '#core/formats/iceberg/table-location.ts';
import { BrokenInvariant, ObservedHistory } from './observed-history.ts';
import { dayMs, maintain } from './simulated-work.ts';
import { type SimulatedProcess, SimulatedWorld } from './simulated-world.ts';
import { SimulationSteps, type StepKind } from './simulation-steps.ts';

/** What one seed did, for a test to see that something happened. */
export interface SimulationReport {
  readonly commitCount: number;
  readonly callCount: number;
  readonly acknowledgedCount: number;
  readonly refusedCount: number;
  readonly killCount: number;
  readonly kinds: ReadonlyMap<StepKind, number>;
}

/**
 * Runs 2 to 8 writers on one table for some rounds with days between them, each writer some steps of its own, in a world
 * that fails; then heals the world, lets all maintenance come to its end and holds that nothing but the table is left.
 *
 * @throws BrokenInvariant, or what a writer met and should not have.
 */
export async function simulate(seed: number): Promise<SimulationReport> {
  return new Simulation(seed, 'lake').run();
}

/**
 * The same, and all objects as the faults left them, before the world is healed, as if they lay at `rootUri`: for other programs
 * to read.
 * @throws as `simulate`
 */
export async function simulatedObjects(
  seed: number,
  rootUri: string,
): Promise<{ readonly report: SimulationReport; readonly objects: ReadonlyMap<string, Uint8Array> }> {
  const simulation = new Simulation(seed, rootUri, true);
  const report = await simulation.run();
  return { report, objects: simulation.objectsBeforeHealing };
}

class Simulation {
  readonly #history = new ObservedHistory();
  readonly #world: SimulatedWorld;
  readonly #steps: SimulationSteps;
  readonly #keepsObjects: boolean;
  #killCount = 0;
  objectsBeforeHealing: ReadonlyMap<string, Uint8Array> = new Map();
  #uuidCount = 0;

  constructor(seed: number, place: string, keepsObjects = false) {
    this.#keepsObjects = keepsObjects;
    this.#world = new SimulatedWorld(seed, (key, bytes) => this.#history.onPut(key, bytes), place);
    this.#steps = new SimulationSteps(this.#world, this.#history);
  }

  async #objects(): Promise<Map<string, Uint8Array>> {
    const { store } = this.#world;
    const out = new Map<string, Uint8Array>();
    for await (const { key } of store.list('')) out.set(key, (await store.get(key)).bytes);
    return out;
  }

  async run(): Promise<SimulationReport> {
    const { random } = this.#world;
    const roundCount = 1 + random.index(3);
    const writerCount = 2 + random.index(7);
    for (let round = 0; round < roundCount; round++) {
      this.#steps.beginRound();
      const writers = Array.from({ length: writerCount }, (_, writer) => this.#writer(`r${round}w${writer}`));
      await this.#world.drive(Promise.all(writers), () => this.#look());
      await this.#checkAll();
      this.#world.nowMs += Math.round(random.between(2, 12) * dayMs);
    }
    if (this.#keepsObjects) this.objectsBeforeHealing = await this.#objects();
    await this.#finish();
    return {
      commitCount: this.#history.snapshotOfCommit.size,
      callCount: this.#world.callCount,
      acknowledgedCount: this.#steps.acknowledged.size,
      refusedCount: this.#steps.refused.size,
      killCount: this.#killCount,
      kinds: this.#steps.kinds,
    };
  }

  /** Somebody who has pinned any snapshot may look at any moment. */
  async #look(): Promise<void> {
    this.#history.throwIfBroken();
    const { metadata } = this.#history;
    if (metadata === null || this.#world.random.uniform() > 0.004) return;
    const snapshot = metadata.snapshots[this.#world.random.index(metadata.snapshots.length)];
    if (snapshot !== undefined) await this.#history.checkSnapshot(this.#world.store, snapshot);
  }

  async #writer(name: string): Promise<void> {
    const stepCount = 1 + this.#world.random.index(4);
    for (let step = 0; step < stepCount; step++) {
      await this.#untilDone(await this.#steps.step(this.#steps.draw(), `${name}s${step}`));
    }
  }

  /** A killed process is started again with the same step. */
  async #untilDone(step: (context: PublishContext) => Promise<void>): Promise<void> {
    for (;;) {
      const process = this.#world.process();
      const outcome = await Promise.race([step(this.#contextOf(process)), process.killed]);
      if (outcome !== 'killed') return;
      this.#killCount++;
    }
  }

  #contextOf({ store, clock, random }: SimulatedProcess): PublishContext {
    const newUuid = () => `00000000-0000-4000-8000-${String(this.#uuidCount++).padStart(12, '0')}`;
    return { warehouse: store, clock, random, catalog: pointerCatalog(store, { nowMs: clock.nowMs, newUuid }) };
  }

  async #checkAll(): Promise<Set<string>> {
    this.#history.throwIfBroken();
    const { metadata } = this.#history;
    let named = new Set<string>();
    for (const snapshot of metadata?.snapshots ?? [])
      named = named.union(await this.#history.checkSnapshot(this.#world.store, snapshot));
    for (const [commitId, id] of this.#steps.acknowledged)
      if (this.#history.snapshotOfCommit.get(commitId) !== id)
        throw new BrokenInvariant(`commit ${commitId} was acknowledged and is not in the history`);
    for (const commitId of this.#steps.refused)
      if (this.#history.snapshotOfCommit.has(commitId))
        throw new BrokenInvariant(`commit ${commitId} was refused and is in the history`);
    return named;
  }

  /** The world heals: maintenance ends, rows stay, and what is left in the store is named by the table. */
  async #finish(): Promise<void> {
    this.#world.heal();
    if (this.#history.metadata === null) return;
    const rows = this.#history.rowsOf(this.#history.metadata['current-snapshot-id']);
    const context = this.#contextOf(this.#world.process());
    const perform = (work: () => Promise<unknown>) => this.#world.drive(work());
    for (const kind of ['compact', 'manifests'] as const) await perform(() => maintain(context, kind));
    this.#world.nowMs += 60 * dayMs;
    for (const kind of ['expire', 'orphans', 'old metadata'] as const) await perform(() => maintain(context, kind));
    const keys = await this.#checkAll();
    const { metadata } = this.#history;
    const after = this.#history.rowsOf(metadata!['current-snapshot-id']);
    if (after.size !== rows.size || !after.isSubsetOf(rows)) throw new BrokenInvariant('maintenance changed rows');
    const { store } = this.#world;
    for (const snapshot of metadata!.snapshots) {
      const listKey = keyOf(store, snapshot['manifest-list']);
      keys.add(listKey);
      for (const manifest of decodeManifestList((await store.get(listKey)).bytes, listKey))
        keys.add(keyOf(store, manifest.path));
    }
    for await (const { key } of store.list('tables/'))
      if (/\.(avro|parquet)$/.test(key) && !keys.has(key)) throw new BrokenInvariant(`${key} is left of nobody`);
  }
}
