import { CubelakeError, FormatError, NotFoundError } from '#core/errors.ts';
import type { DataFile } from '#core/formats/iceberg/data-file.ts';
import { type PublishContext, publish } from '#core/formats/iceberg/publish.ts';
import { fastForward, removeReference, setReference } from '#core/formats/iceberg/references.ts';
import { planScan } from '#core/formats/iceberg/scan.ts';
import { rollbackTable } from '#core/formats/iceberg/snapshots.ts';
import { keyOf } from '#core/formats/iceberg/table-location.ts';
import { ancestorsOf } from '#core/formats/iceberg/table-metadata.ts';
import type { ColumnDefinition } from '#schemas/table-definition.ts';
import { BrokenInvariant, type ObservedHistory } from './observed-history.ts';
import { simulatedTable } from './simulated-table.ts';
import { extraColumn, type FilePlan, maintain, stage, tolerant, untilAnswered } from './simulated-work.ts';
import type { SimulatedWorld } from './simulated-world.ts';

/** How often each kind of step is drawn. */
const stepKinds = {
  append: 8,
  again: 1,
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
export type StepKind = keyof typeof stepKinds;
const stepDeck = (Object.entries(stepKinds) as [StepKind, number][]).flatMap(([kind, weight]) =>
  Array<StepKind>(weight).fill(kind),
);

/** Draws steps of writers and makes each a piece of work that a process may begin again after it was killed. */
export class SimulationSteps {
  readonly acknowledged = new Map<string, bigint>();
  readonly refused = new Set<string>();
  readonly kinds = new Map<StepKind, number>();
  readonly #world: SimulatedWorld;
  readonly #history: ObservedHistory;
  /** Changes of this round that another writer may make too. */
  #shared: { readonly commitId: string; readonly files: readonly DataFile[] }[] = [];

  constructor(world: SimulatedWorld, history: ObservedHistory) {
    this.#world = world;
    this.#history = history;
  }

  beginRound(): void {
    this.#shared = [];
  }

  /** The next step by chance, which counts as taken. */
  draw(): StepKind {
    const kind = stepDeck[this.#world.random.index(stepDeck.length)]!;
    this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1);
    return kind;
  }

  async step(kind: StepKind, name: string): Promise<(context: PublishContext) => Promise<void>> {
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
      case 'again':
        return this.#doublePublication(name);
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
      if (branch === null || !this.acknowledged.has(commitId)) return;
      await tolerant(async () => void (await fastForward(context, simulatedTable, { branch })))(context);
    };
  }

  /**
   * A file that is published under two commit ids, as by a settler that did not look: the second one must find it live, unless
   * somebody took it out meanwhile. It has a partition of its own, where compaction leaves it as it is.
   */
  #doublePublication(commitId: string): (context: PublishContext) => Promise<void> {
    const plan: FilePlan = {
      fileName: `${commitId}.parquet`,
      date: '2026-05-01',
      rows: [commitId],
      farm: `farm-${commitId}`,
    };
    const secondId = `${commitId} again`;
    for (const id of [commitId, secondId]) this.#history.changes.set(id, { addedRows: plan.rows, removedRows: [] });
    return async (context) => {
      const file = await untilAnswered(() => stage(context, plan));
      await this.#publish(context, commitId, [file]);
      await this.#publish(context, secondId, [file], { mayBeLive: true });
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
      readonly mayBeLive?: boolean;
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
        this.acknowledged.set(commitId, snapshotId);
        return;
      } catch (error) {
        if (error instanceof FormatError && more.mayBeLive === true) return;
        if (error instanceof NotFoundError && target !== null) {
          this.refused.add(commitId);
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
}
