import { parquetReadObjects } from 'hyparquet';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { sqliteQueue } from '#adapters/sqlite-queue/sqlite-queue.ts';
import type { SettleContext } from '#core/pipeline/flow-context.ts';
import { objectCreatedMessage } from '#core/pipeline/flow-messages.ts';
import type { PackMode } from '#core/pipeline/pack-manifest.ts';
import { onQueue as batchQueue } from '#functions/manifest-batcher/handler.ts';
import { onQueue as settleQueue } from '#functions/manifest-settler/handler.ts';
import { granuleStateSchema } from '#schemas/granule-state.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { type TestClock, testClock } from '../conformance/test-clock.ts';
import { FileSet } from './file-set.ts';
import { inProcessRunner, type JobTable } from './in-process-runner.ts';
import { textKey, textPayload } from './text-payload.ts';

export const visibilityTimeoutMs = 60_000;

/** Everything that outlives a process, and a context over it as one process sees it. */
export interface FlowWorld {
  readonly clock: TestClock;
  readonly tables: FileSet;
  readonly jobs: JobTable;
  readonly context: SettleContext & { readonly runner: ReturnType<typeof inProcessRunner> };
  /** Commit ids that `afterCommit` was called with. */
  readonly derived: Set<string>;
}

export function flowWorld(): FlowWorld {
  const clock = testClock();
  const tables = new FileSet();
  const jobs: JobTable = new Map();
  const derived = new Set<string>();
  const context = {
    bucket: 'raw',
    raw: memoryObjectStore('raw', clock),
    warehouse: memoryObjectStore('warehouse', clock),
    events: sqliteQueue({ path: ':memory:', name: 'events', clock, visibilityTimeoutMs }),
    jobEvents: sqliteQueue({ path: ':memory:', name: 'job events', clock, visibilityTimeoutMs }),
    runner: inProcessRunner(jobs),
    payloads: [textPayload],
    clock,
    publish: tables.publish,
    liveFiles: tables.liveFiles,
    processingsIn: tables.processingsIn,
    withoutProcessings: tables.withoutProcessings,
    afterCommit: async ({ commitId }: { commitId: string }) => void derived.add(commitId),
  };
  return { clock, tables, jobs, context, derived };
}

/** Puts the objects of a granule; the events are returned, so that a test can send them as it likes. */
export async function upload(world: FlowWorld, name: string, text: string): Promise<string[]> {
  const events: string[] = [];
  for (const [extension, content] of [['txt', text] as const, ['sum', String(text.length)] as const]) {
    const facts = await world.context.raw.put(textKey(name, extension), Buffer.from(content));
    events.push(objectCreatedMessage('raw', facts));
  }
  return events;
}

/** One round of the local scheduler. @returns false when nothing moved. */
export async function flowRound(context: FlowWorld['context'], mode: PackMode = 'flush'): Promise<boolean> {
  const batched = await batchQueue(context, mode);
  await context.runner.drain(context);
  const { settled, failures } = await settleQueue(context);
  return batched.messageCount + batched.manifests.length + settled.length + failures.length > 0;
}

/** Runs until nothing moves, twice over, with hidden messages visible again in between. */
export async function flowToRest(world: FlowWorld): Promise<void> {
  for (let pass = 0; pass < 2; pass++) {
    while (await flowRound(world.context)) world.clock.advance(visibilityTimeoutMs);
    world.clock.advance(visibilityTimeoutMs);
  }
}

/**
 * Granule name -> its text, read from the rows of all live files. A granule that is in two live files, or rows that its
 * state does not name, are errors.
 */
export async function settledTexts(world: FlowWorld): Promise<Record<string, string>> {
  const { warehouse } = world.context;
  const texts: Record<string, string> = {};
  for (const path of world.tables.paths()) {
    const { bytes } = await warehouse.get(path.slice(warehouse.rootUri.length + 1));
    const rows = await parquetReadObjects({ file: new Uint8Array(bytes).buffer });
    const granule = String(rows[0]!['granule']);
    const name = granule.split('/').at(-1)!;
    if (name in texts) throw new Error(`${name} has two live files`);
    texts[name] = rows.map((row) => row['text']).join('\n');
    const state = JSON.parse(Buffer.from((await warehouse.get(controlKeys.granule(granule))).bytes).toString());
    const { processing_id } = granuleStateSchema.parse(state);
    if (!path.endsWith(`/${processing_id}.parquet`))
      throw new Error(`the state of ${name} names processing ${processing_id}, the table holds ${path}`);
  }
  return texts;
}
