import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { dayOfDate } from '#core/day.ts';
import { CubelakeError, NotFoundError } from '#core/errors.ts';
import type { DataFile } from '#core/formats/iceberg/data-file.ts';
import { decodeManifestList } from '#core/formats/iceberg/manifest-list.ts';
import { type PublishContext, publish } from '#core/formats/iceberg/publish.ts';
import { fastForward, removeReference, setReference } from '#core/formats/iceberg/references.ts';
import { planScan } from '#core/formats/iceberg/scan.ts';
import { rollbackTable } from '#core/formats/iceberg/snapshots.ts';
import { keyOf } from '#core/formats/iceberg/table-location.ts';
import { ancestorsOf } from '#core/formats/iceberg/table-metadata.ts';
import { compact } from '#core/maintenance/compact.ts';
import { expireSnapshots } from '#core/maintenance/expire-snapshots.ts';
import { planOldMetadataRemoval, removeOldMetadata } from '#core/maintenance/remove-old-metadata.ts';
import { planOrphanRemoval, removeOrphans } from '#core/maintenance/remove-orphans.ts';
import { planManifestRewrite, rewriteManifests } from '#core/maintenance/rewrite-manifests.ts';
import { type Row, stageRows } from '#core/pipeline/stage-table.ts';
import type { ColumnDefinition } from '#schemas/table-definition.ts';
import { BrokenInvariant, ObservedHistory } from './observed-history.ts';
import { simulatedTable } from './simulated-table.ts';
import { type SimulatedProcess, SimulatedWorld } from './simulated-world.ts';

const dayMs = 86_400_000;

/** How often each kind of step is drawn. */
const stepKinds = {
  append: 8,
  twin: 2,
  replace: 5,
  evolve: 2,
  branch: 2,
  tag: 1,
  untag: 1,
  rollback: 1,
  compact: 2,
  expire: 2,
  orphans: 2,
  'old metadata': 1,
  manifests: 1,
} as const;
type StepKind = keyof typeof stepKinds;
const stepDeck = (Object.entries(stepKinds) as [StepKind, number][]).flatMap(([kind, weight]) =>
  Array<StepKind>(weight).fill(kind),
);

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
  readonly #acknowledged = new Map<string, bigint>();
  readonly #refused = new Set<string>();
  /** Changes of this round that another writer may make too. */
  #shared: { readonly commitId: string; readonly files: readonly DataFile[] }[] = [];
  readonly #kinds = new Map<StepKind, number>();
  readonly #keepsObjects: boolean;
  #killCount = 0;
  objectsBeforeHealing: ReadonlyMap<string, Uint8Array> = new Map();
  #uuidCount = 0;

  constructor(seed: number, place: string, keepsObjects = false) {
    this.#keepsObjects = keepsObjects;
    this.#world = new SimulatedWorld(seed, (key, bytes) => this.#history.onPut(key, bytes), place);
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
      this.#shared = [];
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
      acknowledgedCount: this.#acknowledged.size,
      refusedCount: this.#refused.size,
      killCount: this.#killCount,
      kinds: this.#kinds,
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
      const kind = this.#draw();
      this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1);
      await this.#untilDone(await this.#step(kind, `${name}s${step}`));
    }
  }

  #draw(): StepKind {
    return stepDeck[this.#world.random.index(stepDeck.length)]!;
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

  async #step(kind: StepKind, name: string): Promise<(context: PublishContext) => Promise<void>> {
    const { random } = this.#world;
    switch (kind) {
      case 'append':
      case 'branch':
        return this.#publication(name, { fileCount: 1 + random.index(2), branch: kind === 'branch' ? name : null });
      case 'evolve':
        return this.#publication(name, { fileCount: 1, extraColumns: [extraColumn(random.index(3))] });
      case 'twin': {
        const twin = this.#shared[random.index(Math.max(1, this.#shared.length))];
        return twin === undefined ? async () => {} : (context) => this.#publish(context, twin.commitId, twin.files);
      }
      case 'replace': {
        const target = await this.#liveFile();
        return this.#publication(name, { fileCount: 1, ...(target === null ? {} : { target }) });
      }
      case 'tag':
      case 'rollback': {
        const { metadata } = this.#history;
        const ancestors = metadata === null ? [] : ancestorsOf(metadata, metadata['current-snapshot-id']);
        const snapshotId = ancestors[random.index(Math.min(4, Math.max(1, ancestors.length)))]?.['snapshot-id'];
        if (snapshotId === undefined) return async () => {};
        return tolerant(async (context) => {
          if (kind === 'tag') await setReference(context, simulatedTable, { name, kind: 'tag', snapshotId });
          else await rollbackTable(context.catalog, simulatedTable, snapshotId);
        });
      }
      case 'untag': {
        const names = Object.keys(this.#history.metadata?.refs ?? {}).filter((each) => each !== 'main');
        const chosen = names[random.index(Math.max(1, names.length))];
        return tolerant(async (context) => {
          if (chosen !== undefined) await removeReference(context, simulatedTable, chosen);
        });
      }
      default:
        return tolerant((context) => maintain(context, kind));
    }
  }

  /** Files are staged and published under one commit id, however often that takes. */
  #publication(
    commitId: string,
    parts: {
      readonly fileCount: number;
      readonly branch?: string | null;
      readonly extraColumns?: readonly ColumnDefinition[];
      readonly target?: { readonly path: string; readonly rows: readonly string[] };
    },
  ): (context: PublishContext) => Promise<void> {
    const { random } = this.#world;
    const { fileCount, branch = null, extraColumns = [], target } = parts;
    const plans = Array.from({ length: fileCount }, (_, file) => ({
      fileName: `${commitId}f${file}.parquet`,
      date: `2026-05-0${1 + random.index(2)}`,
      rows: Array.from({ length: 1 + random.index(2) }, (_, row) => `${commitId}f${file}-${row}`),
    }));
    const addedRows = plans.flatMap((plan) => plan.rows);
    this.#history.changes.set(commitId, { addedRows, removedRows: target?.rows ?? [] });
    let isOffered = false;
    return async (context) => {
      const files: DataFile[] = [];
      for (const plan of plans) files.push(await untilAnswered(() => stage(context, plan, extraColumns)));
      if (target === undefined && branch === null && !isOffered) this.#shared.push({ commitId, files });
      isOffered = true;
      await this.#publish(context, commitId, files, { branch, extraColumns, target: target?.path ?? null });
      if (branch === null || !this.#acknowledged.has(commitId)) return;
      await tolerant(async () => void (await fastForward(context, simulatedTable, { branch })))(context);
    };
  }

  async #publish(
    context: PublishContext,
    commitId: string,
    addFiles: readonly DataFile[],
    more: {
      readonly branch?: string | null;
      readonly extraColumns?: readonly ColumnDefinition[];
      readonly target?: string | null;
    } = {},
  ): Promise<void> {
    const { branch = null, extraColumns = [], target = null } = more;
    const change = {
      commitId,
      extraColumns,
      addFiles,
      removePaths: target === null ? [] : [target],
      summary: {},
      ...(branch === null ? {} : { branch }),
    };
    for (;;) {
      try {
        const { snapshotId } = await publish(context, simulatedTable, change);
        if (this.#history.snapshotOfCommit.get(commitId) !== snapshotId)
          throw new BrokenInvariant(`commit ${commitId} was acknowledged as snapshot ${snapshotId}, which is not so`);
        this.#acknowledged.set(commitId, snapshotId);
        return;
      } catch (error) {
        if (error instanceof NotFoundError && target !== null) {
          this.#refused.add(commitId);
          return;
        }
        if (!(error instanceof CubelakeError) || error.disposition !== 'retry') throw error;
      }
    }
  }

  /** A live file of main, input or compacted, and its rows. */
  async #liveFile(): Promise<{ readonly path: string; readonly rows: readonly string[] } | null> {
    const { metadata } = this.#history;
    const { store, random } = this.#world;
    if (metadata === null || metadata['current-snapshot-id'] === null) return null;
    const { files } = await planScan({ identifier: simulatedTable, metadata, metadataLocation: '' }, store);
    const file = files[random.index(Math.max(1, files.length))];
    if (file === undefined) return null;
    return { path: file.path, rows: await this.#history.rowsOfFile(store, keyOf(store, file.path)) };
  }

  async #checkAll(): Promise<Set<string>> {
    this.#history.throwIfBroken();
    const { metadata } = this.#history;
    let named = new Set<string>();
    for (const snapshot of metadata?.snapshots ?? [])
      named = named.union(await this.#history.checkSnapshot(this.#world.store, snapshot));
    for (const [commitId, id] of this.#acknowledged)
      if (this.#history.snapshotOfCommit.get(commitId) !== id)
        throw new BrokenInvariant(`commit ${commitId} was acknowledged and is not in the history`);
    for (const commitId of this.#refused)
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

async function maintain(context: PublishContext, kind: StepKind): Promise<void> {
  if (kind === 'compact') await compact(context, simulatedTable);
  if (kind === 'expire') await expireSnapshots(context, simulatedTable, { maxAgeMs: 2 * dayMs, minSnapshotCount: 1 });
  if (kind === 'orphans')
    await removeOrphans(context, simulatedTable, await planOrphanRemoval(context, simulatedTable, { minAgeMs: 0 }));
  if (kind === 'old metadata') await removeOldMetadata(context, await planOldMetadataRemoval(context, simulatedTable));
  if (kind === 'manifests')
    await rewriteManifests(context, simulatedTable, await planManifestRewrite(context, simulatedTable));
}

/** Work that may be given up: whatever failed, nothing may be lost by it. Our own bugs are no excuse. */
function tolerant(work: (context: PublishContext) => Promise<void>): (context: PublishContext) => Promise<void> {
  return async (context) => {
    for (let tries = 0; tries < 3; tries++) {
      try {
        return await work(context);
      } catch (error) {
        if (!(error instanceof CubelakeError) || error.disposition === 'bug') throw error;
        if (error.disposition !== 'retry') return;
      }
    }
  };
}

async function untilAnswered<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof CubelakeError) || error.disposition !== 'retry') throw error;
    }
  }
}

function stage(
  { warehouse }: PublishContext,
  { fileName, date, rows }: { readonly fileName: string; readonly date: string; readonly rows: readonly string[] },
  extraColumns: readonly ColumnDefinition[],
): Promise<DataFile> {
  const day = dayOfDate(date);
  const known: Row = { farm_id: 'knox', acquisition_date: day, processing_id: 'p' };
  const table = { ...simulatedTable, columns: [...simulatedTable.columns, ...extraColumns] };
  const full = rows.map((plotId) =>
    Object.fromEntries(table.columns.map(({ name }) => [name, name === 'plot_id' ? plotId : (known[name] ?? null)])),
  );
  return stageRows(warehouse, table, { farm_id: 'knox', acquisition_date_day: day }, fileName, full);
}

function extraColumn(position: number): ColumnDefinition {
  return {
    id: 20_000 + position,
    name: `extra_${position}`,
    type: 'double',
    required: false,
    doc: 'Extra',
    metrics: 'none',
  };
}
