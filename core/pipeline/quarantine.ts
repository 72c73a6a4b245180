import { type Pending, type Quarantine, quarantineSchema } from '#schemas/ledger.ts';
import type { ObjectVersion } from '#schemas/manifest.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { processingStatusTag } from '#schemas/processing-status.ts';
import type { ObjectFacts, ObjectStore } from '../ports/object-store.ts';
import type { FlowContext } from './flow-context.ts';
import { tagMessage } from './flow-messages.ts';
import { objectVersions } from './granule-version.ts';
import { type LedgerRecord, readRecord, writeRecord } from './ledger.ts';

export async function writeQuarantine(context: Pick<FlowContext, 'warehouse'>, record: Quarantine): Promise<void> {
  await writeRecord(context.warehouse, controlKeys.quarantine(record.granule_key), record);
}

export function readQuarantine(
  context: Pick<FlowContext, 'warehouse'>,
  granuleKey: string,
): Promise<LedgerRecord<Quarantine> | null> {
  return readRecord(context.warehouse, controlKeys.quarantine(granuleKey), quarantineSchema);
}

/** A granule whose other parts never came. A part that comes later makes a new request, and the granule goes on. */
export async function quarantineIncomplete(
  context: FlowContext,
  pending: Pending,
  objects: readonly ObjectFacts[],
  missing: string,
): Promise<void> {
  const parts = objectVersions(objects);
  await writeQuarantine(context, {
    granule_key: pending.granule_key,
    payload: pending.payload,
    granule_version_id: null,
    manifest_id: null,
    parts,
    error: 'IncompleteGranule',
    reason: `Expected ${missing}, got none (${pending.granule_key}). Upload it: the granule then goes on by itself.`,
    disposition: 'quarantine',
  });
  await context.jobEvents.send([tagMessage(objects, 'failed')]);
}

/** Tags the objects that still are the versions that were worked on; an object that was replaced has its own story. */
export async function tagParts(
  raw: ObjectStore,
  parts: readonly ObjectVersion[],
  status: 'complete' | 'failed' | 'waiting',
): Promise<void> {
  for (const part of parts) {
    const current = await raw.head(part.key);
    if (current?.etag !== part.etag) continue;
    const tags = await raw.getTags(part.key);
    if (tags[processingStatusTag.key] !== status) {
      await raw.setTags(part.key, { ...tags, [processingStatusTag.key]: status });
    }
  }
}
