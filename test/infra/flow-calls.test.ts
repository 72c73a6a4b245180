import { expect, it } from 'vitest';
import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { systemRandom } from '#adapters/system/system-random.ts';
import type { SettleContext } from '#core/pipeline/flow-context.ts';
import { processGranule } from '#core/pipeline/process-granule.ts';
import { tableAccess } from '#core/pipeline/table-access.ts';
import { silentProgress } from '#core/ports/progress.ts';
import { onBatcherEvent } from '#functions/manifest-batcher/handler.ts';
import { onJobEvent } from '#functions/manifest-settler/handler.ts';
import { onReconcilerEvent } from '#functions/reconciler/handler.ts';
import { type FlowWorld, flowWorld, upload } from '../flow/flow-world.ts';
import { textKey } from '../flow/text-payload.ts';
import { type RecordedCall, recorded, store } from './recorded-calls.ts';
import { policiesOf } from './roles.ts';
import { synthesize } from './synthesized.ts';

// The settler asked Batch for a job, and the batcher tagged raw objects, that their roles did not let them: in memory all was
// well, in AWS no manifest would ever have been settled. Here the functions work in memory and IAM judges their requests.

/** Role, action and resource of every request so far. */
const judged = new Set<string>();

const { mayRole } = policiesOf(synthesize({ catalog: 'pointer' }));

/** A world whose tables are real ones in the warehouse. */
function worldWithTables(): FlowWorld {
  const world = flowWorld();
  return { ...world, context: { ...world.context, ...tablesOf(world.context) } };
}

function tablesOf({ warehouse, clock }: SettleContext): ReturnType<typeof tableAccess> {
  return tableAccess({ catalog: pointerCatalog(warehouse), warehouse, clock, random: systemRandom });
}

/** Does what a function does, as its role. */
async function as<Result>(
  role: string,
  { context }: FlowWorld,
  work: (context: SettleContext) => Promise<Result>,
): Promise<Result> {
  const calls: RecordedCall[] = [];
  const watched = recorded(context, calls);
  const result = await work({ ...watched, ...tablesOf(watched) });
  judge(role, calls);
  return result;
}

function judge(role: string, calls: readonly RecordedCall[]): void {
  for (const [action, resource] of calls) {
    judged.add(`${role} ${action} ${resource}`);
    expect(mayRole(role, action, resource), `${role} ${action} ${resource}`).toBe(true);
  }
}

async function runJobs(world: FlowWorld): Promise<string[]> {
  const calls: RecordedCall[] = [];
  const { raw, warehouse, payloads } = world.context;
  const stores = {
    raw: store(raw, 'cubelake-raw-111122223333-us-east-1', calls),
    warehouse: store(warehouse, 'cubelake-warehouse-111122223333-us-east-1', calls),
  };
  const bodies: string[] = [];
  for (const [jobName, { manifestId, children }] of world.jobs) {
    for (const { index } of children) {
      const granule = {
        ...stores,
        payloads,
        manifestId,
        granuleIndex: index,
        progress: silentProgress,
        step: () => {},
      };
      const isGood = await processGranule(granule).then(
        () => true,
        () => false,
      );
      children[index] = {
        index,
        status: isGood ? 'succeeded' : 'failed',
        attemptCount: 1,
        exitCode: isGood ? 0 : 1,
        reason: null,
      };
    }
    const detail = { jobName, status: 'SUCCEEDED' };
    bodies.push(JSON.stringify({ source: 'aws.batch', 'detail-type': 'Batch Job State Change', detail }));
  }
  judge('cubelake-job', calls);
  return bodies;
}

/** @returns What waits in the queue of the settler. */
async function queued(world: FlowWorld): Promise<string[]> {
  const messages = await world.context.jobEvents.receive(10);
  await world.context.jobEvents.delete(messages.map(({ receipt }) => receipt));
  return messages.map(({ body }) => body);
}

it('lets every function do what it does with good, poison, incomplete, repeated and lost granules', async () => {
  const world = worldWithTables();
  const records = async (name: string, text: string) =>
    (await upload(world, name, text)).map((body, position) => ({ messageId: `${name}${position}`, body }));
  const take = (Records: { messageId: string; body: string }[]) =>
    as('cubelake-batcher', world, (context) => onBatcherEvent(context, { Records }, () => 300_000));
  const flush = () =>
    as('cubelake-batcher', world, (context) => onBatcherEvent(context, { pack: 'flush' }, () => 300_000));
  const settleAll = async (bodies: readonly string[]) => {
    for (const body of bodies) await as('cubelake-settler', world, (context) => onJobEvent(context, body));
  };

  const good = await records('good', 'good');
  const [alone] = await records('alone', 'alone');
  await world.context.raw.delete(textKey('alone', 'sum'));
  await take([...good, ...(await records('bad', 'poison')), alone!]);
  await flush();
  await settleAll(await runJobs(world));

  // Again the same objects, and a day later what never became whole.
  await take(good);
  await flush();
  world.clock.advance(25 * 3_600_000);
  await flush();
  await settleAll(await queued(world));

  await upload(world, 'lost', 'its events were lost');
  for (const event of [{ observe: true }, { reconcile: true }] as const) {
    const answer = await as('cubelake-reconciler', world, (context) => onReconcilerEvent(context, event, 3_600_000));
    if (answer.kind === 'reconciled') expect(answer.report.requeued).toHaveLength(1);
  }
  await settleAll(await queued(world));
  expect(await world.context.raw.getTags(textKey('good', 'txt'))).toEqual({ processing_status: 'complete' });
  expect(await world.context.raw.getTags(textKey('bad', 'txt'))).toEqual({ processing_status: 'failed' });
  expect(await world.context.raw.getTags(textKey('alone', 'txt'))).toEqual({ processing_status: 'failed' });
  // What the roles once lacked is among what was judged.
  expect(judged).toContain('cubelake-batcher sqs:SendMessage <queue Jobs>');
  expect(judged).toContain('cubelake-settler batch:DescribeJobs *');
  expect([...judged].filter((call) => call.includes('/tables/silver/text_lines/metadata/'))).not.toEqual([]);
});
