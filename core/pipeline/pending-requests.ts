import { type Pending, pendingSchema } from '#schemas/ledger.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { ledgerParallelCount } from '../limits.ts';
import { parseEventMessage } from './event-message.ts';
import type { FlowContext } from './flow-context.ts';
import { granuleOfObject, payloadNamed } from './granule-assembly.ts';
import { shortHash } from './granule-version.ts';
import { inParallel } from './in-parallel.ts';
import { readRecord, writeRecord } from './ledger.ts';

/** A request of the ledger with the key of its record. */
export interface PendingRequest {
  readonly key: string;
  readonly pending: Pending;
}

export interface Intake {
  readonly requestCount: number;
  /** Events that ask for nothing, and objects that belong to no payload. */
  readonly ignoredCount: number;
  /** Why the message, or a part of it, belongs to the dead letters. */
  readonly poison: string | null;
}

/**
 * Writes what one message asks for into the ledger. From then on the message may be deleted: the request stays until a
 * manifest with the granule was submitted, however long that takes, while a queue would count its receives. An event has
 * a request of its own, so that removing the request of an older version never removes the one of a newer.
 */
export async function takeMessage(context: FlowContext, body: string): Promise<Intake> {
  const message = parseEventMessage(body);
  const requests = new Map<string, Pending>();
  let { ignoredCount, poison } = message;
  for (const object of message.created) {
    const found = object.bucket === context.bucket ? granuleOfObject(context.payloads, object.key) : null;
    if (found === null) {
      ignoredCount++;
      continue;
    }
    const pending = {
      payload: found.payload.name,
      granule_key: found.granuleKey,
      source: 'raw',
      request: null,
    } as const;
    requests.set(shortHash(JSON.stringify([pending, object.key, object.version])), pending);
  }
  if (message.reprocess !== null) {
    const { cubelake: _, ...pending } = message.reprocess;
    if (isOfPayload(context, pending)) requests.set(shortHash(JSON.stringify(pending)), pending);
    else poison = `Expected a granule of a known payload, got ${JSON.stringify(pending.granule_key.slice(0, 100))}`;
  }
  await inParallel([...requests], ledgerParallelCount, ([requestId, pending]) =>
    writeRecord(context.warehouse, controlKeys.pending(requestId), pending),
  );
  return { requestCount: requests.size, ignoredCount, poison };
}

function isOfPayload(context: FlowContext, pending: Pending): boolean {
  return context.payloads.some(({ name }) => name === pending.payload);
}

export async function listPending(context: FlowContext): Promise<PendingRequest[]> {
  const keys: string[] = [];
  for await (const { key } of context.warehouse.list(controlKeys.pendingPrefix)) keys.push(key);
  const records = await inParallel(keys, ledgerParallelCount, async (key) => {
    const record = await readRecord(context.warehouse, key, pendingSchema);
    return record === null ? [] : [{ key, pending: record.value }];
  });
  const requests = records.flat();
  for (const { pending } of requests) payloadNamed(context.payloads, pending.payload);
  return requests;
}

/** Events of all parts of a granule ask for the same work. */
export function groupByWork(requests: readonly PendingRequest[]): PendingRequest[][] {
  return [...Map.groupBy(requests, ({ pending }) => JSON.stringify(Object.entries(pending).toSorted())).values()];
}

export async function removePending(context: FlowContext, requests: readonly PendingRequest[]): Promise<void> {
  await inParallel(requests, ledgerParallelCount, ({ key }) => context.warehouse.delete(key));
}
