// Tables of other writers were corrupted by exactly these histories: a commit whose answer was lost and that was then
// repeated or cleaned up after, a refused write that had been our own, two writers that take the same base.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { CubelakeError, NotFoundError } from '#core/errors.ts';
import { type PublishContext, publish, type TableChange } from '#core/formats/iceberg/publish.ts';
import { planScan } from '#core/formats/iceberg/scan.ts';
import { commitIdKey } from '#core/formats/iceberg/snapshot-summary.ts';
import { currentSchema } from '#core/formats/iceberg/table-metadata.ts';
import { expectSoundTable } from './check-table.ts';
import { type Fault, faultyStore } from './faulty-store.ts';
import { bandColumn, change, dataFile, memoryLake, plots } from './small-table.ts';

/** One step of one writer. `replace` and `twin` name an earlier step by number, of either writer. */
type Step =
  | { readonly kind: 'append'; readonly fileCount: number; readonly farm: string }
  | { readonly kind: 'evolve'; readonly nm: number }
  | { readonly kind: 'replace'; readonly target: number }
  | { readonly kind: 'twin'; readonly target: number };

const farm = fc.constantFrom('knox', 'linn');
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('append' as const), fileCount: fc.integer({ min: 1, max: 3 }), farm }),
  fc.record({ kind: fc.constant('evolve' as const), nm: fc.constantFrom(550, 670, 800) }),
  fc.record({ kind: fc.constant('replace' as const), target: fc.nat(5) }),
  fc.record({ kind: fc.constant('twin' as const), target: fc.nat(5) }),
);
const faults = fc.array(
  fc.oneof(
    { arbitrary: fc.constant<Fault>('none'), weight: 20 },
    { arbitrary: fc.constantFrom<Fault>('before', 'lost', 'retried'), weight: 1 },
  ),
  { minLength: 200, maxLength: 200 },
);

interface World {
  readonly changes: TableChange[];
  /** Changes that some writer was told are done. */
  readonly done: Set<TableChange>;
  /** Changes that can never succeed: another one took their files. */
  readonly refused: Set<TableChange>;
}

function changeOf(each: Step, world: World, name: string, context: PublishContext): TableChange | null {
  const { warehouse } = context;
  if (each.kind === 'append') {
    const names = Array.from({ length: each.fileCount }, (_, index) => `${name}-${index}`);
    return change(name, { addFiles: names.map((file) => dataFile(warehouse, file, { farm: each.farm })) });
  }
  if (each.kind === 'evolve')
    return change(name, { addFiles: [dataFile(warehouse, name)], extraColumns: [bandColumn(each.nm)] });
  const target = world.changes[each.target % Math.max(1, world.changes.length)];
  if (target === undefined) return null;
  if (each.kind === 'twin') return target;
  const removePaths = target.addFiles.map((file) => file.path);
  return change(name, { addFiles: [dataFile(warehouse, name)], removePaths });
}

/** What the settler does: the same change again until it is done or can never be. */
async function publishUntilKnown(context: PublishContext, world: World, wanted: TableChange): Promise<void> {
  for (;;) {
    try {
      await publish(context, plots, wanted);
      world.done.add(wanted);
      return;
    } catch (error) {
      if (!(error instanceof CubelakeError)) throw error;
      if (error instanceof NotFoundError) {
        world.refused.add(wanted);
        return;
      }
      if (error.disposition !== 'retry') throw error;
    }
  }
}

it('two writers lose nothing and publish nothing twice, whatever fails and in whatever order', {
  timeout: 60_000,
}, async () => {
  const writer = fc.array(step, { minLength: 1, maxLength: 4 });
  let commitCount = 0;
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), writer, writer, faults, async (scheduler, first, second, planned) => {
      const store = memoryObjectStore('lake');
      const world: World = { changes: [], done: new Set(), refused: new Set() };
      let call = 0;
      const turn = (label: string) => scheduler.schedule(Promise.resolve(), label) as Promise<void>;
      // After the planned faults the world heals: everybody must come to an end.
      const warehouse = faultyStore(store, turn, () => planned[call++] ?? 'none');
      const healthy = memoryLake(store);
      const context: PublishContext = {
        ...healthy,
        warehouse,
        catalog: pointerCatalog(warehouse, { nowMs: () => 1_780_000_000_000, newUuid: () => 'one-and-the-same' }),
      };
      const run = async (name: string, steps: readonly Step[]) => {
        for (const [index, each] of steps.entries()) {
          const wanted = changeOf(each, world, `${name}${index}`, context);
          if (wanted === null) continue;
          if (!world.changes.includes(wanted)) world.changes.push(wanted);
          await publishUntilKnown(context, world, wanted);
        }
      };
      await scheduler.waitFor(Promise.all([run('a', first), run('b', second)]));

      const table = await healthy.catalog.loadTable(plots);
      if (world.changes.length === 0) return;
      expect(table).not.toBeNull();
      await expectSoundTable(table!, store);
      const history = table!.metadata.snapshots.map((snapshot) => snapshot.summary[commitIdKey]);
      // A twin of a change that was done may find its files gone, never the other way about.
      expect(new Set(history)).toEqual(new Set([...world.done].map((each) => each.commitId)));
      const removed = [...world.done].flatMap((each) => each.removePaths);
      expect(new Set(removed).size).toBe(removed.length);
      const live = [...world.done].flatMap((each) => each.addFiles.map((file) => file.path));
      const { files } = await planScan(table!, store);
      expect(new Set(files.map((file) => file.path))).toEqual(new Set(live.filter((path) => !removed.includes(path))));
      const columns = new Set(currentSchema(table!.metadata).fields.map((field) => field.id));
      for (const each of world.done) for (const { id } of each.extraColumns) expect(columns).toContain(id);
      commitCount += history.length;
    }),
    { seed: 20_261_122, numRuns: 400 },
  );
  expect(commitCount).toBeGreaterThan(800);
});
