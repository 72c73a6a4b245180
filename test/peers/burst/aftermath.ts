import assert from 'node:assert/strict';
import { inParallel } from '#core/pipeline/in-parallel.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { quarantineSchema } from '#schemas/ledger.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { type Cloud, depthOf } from './cloud.ts';
import type { HarvestCube } from './harvest.ts';

const parallelCount = 12;

export interface Rest {
  readonly settledCount: number;
  readonly pendingCount: number;
  readonly queued: number;
}

/** How far the flow is: granules with a state or a reason, requests without a manifest, messages that someone has yet to take. */
export async function restOf(cloud: Cloud, warehouse: ObjectStore): Promise<Rest> {
  const count = async (prefix: string): Promise<number> => (await Array.fromAsync(warehouse.list(prefix))).length;
  const queued = [await depthOf(cloud, cloud.objectQueueUrl), await depthOf(cloud, cloud.jobQueueUrl)];
  return {
    pendingCount: await count(controlKeys.pendingPrefix),
    settledCount: (await count(controlKeys.granulePrefix)) + (await count(controlKeys.quarantinePrefix)),
    queued: queued[0]! + queued[1]!,
  };
}

/** Every object of raw is tagged with what became of it, and what failed has a reason that says more than "killed". */
export async function checkTags(
  cubes: readonly HarvestCube[],
  { raw, warehouse }: { raw: ObjectStore; warehouse: ObjectStore },
): Promise<void> {
  await inParallel(cubes, parallelCount, async ({ granuleKey, flaw, parts }) => {
    const expected = { processing_status: flaw === null ? 'complete' : 'failed' };
    for (const { key } of parts) assert.deepEqual(await raw.getTags(key), expected, key);
    const quarantine = await warehouse.head(controlKeys.quarantine(granuleKey));
    assert.equal(quarantine !== null, flaw !== null, granuleKey);
    if (quarantine === null) return;
    const { bytes } = await warehouse.get(quarantine.key);
    const { error, reason, disposition } = quarantineSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
    assert.equal(disposition, 'quarantine', `${granuleKey}: ${error}: ${reason}`);
    assert.match(reason, /^Expected .+, got .+/s, granuleKey);
  });
}

/**
 * Dead are the messages that nobody understands, and those whose every receiver was killed: an operator sends these again, and
 * then they must be understood.
 * @returns How many were sent again.
 */
export async function checkDeadLetters(
  cloud: Cloud,
  garbage: readonly string[],
  untilAtRest: () => Promise<void>,
): Promise<number> {
  const dead = await takeDeadLetters(cloud);
  const killed = dead.filter((body) => !garbage.includes(body));
  assert.deepEqual(dead.filter((body) => garbage.includes(body)).toSorted(), garbage.toSorted());
  for (const MessageBody of killed) await cloud.sqs.sendMessage({ QueueUrl: cloud.objectQueueUrl, MessageBody });
  if (killed.length > 0) await untilAtRest();
  assert.deepEqual(await takeDeadLetters(cloud), [], 'dead again, although nobody was killed');
  assert.equal(await depthOf(cloud, cloud.jobDeadLetterUrl), 0, 'ends of jobs among the dead letters');
  return killed.length;
}

/** Bodies of the dead letters, which nobody else sees from now on. */
async function takeDeadLetters(cloud: Cloud): Promise<string[]> {
  const bodies: string[] = [];
  for (;;) {
    const request = { QueueUrl: cloud.objectDeadLetterUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 600 };
    const { Messages = [] } = await cloud.sqs.receiveMessage(request);
    if (Messages.length === 0) return bodies;
    bodies.push(...Messages.map(({ Body }) => Body!));
  }
}
