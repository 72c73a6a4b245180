import { type Quarantine, quarantineSchema } from '#schemas/ledger.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import type { FlowContext } from './flow-context.ts';
import { reprocessMessage } from './flow-messages.ts';
import { readRecord } from './ledger.ts';
import { loadManifest } from './load-manifest.ts';
import { readQuarantine } from './quarantine.ts';

export interface RedriveReport {
  /** Granules in quarantine that are asked for again. */
  readonly granuleKeys: readonly string[];
  /** Dead letters that are in their queues again. */
  readonly deadLetterCount: number;
}

/**
 * Tries everything again that failed: granules in quarantine whose cause may be gone, and dead letters. The same failure
 * is redriven once; when it fails again that is a new failure.
 */
export async function redrive(context: FlowContext): Promise<RedriveReport> {
  const granuleKeys: string[] = [];
  for await (const { key } of context.warehouse.list(controlKeys.quarantinePrefix)) {
    const record = await readRecord(context.warehouse, key, quarantineSchema);
    if (record === null) continue;
    await askAgain(context, record.value);
    granuleKeys.push(record.value.granule_key);
  }
  const deadLetterCount = (await context.events.redrive()) + (await context.jobEvents.redrive());
  return { granuleKeys, deadLetterCount };
}

/** One granule in quarantine; nothing happens when it is not there any more. */
export async function redriveGranule(context: FlowContext, granuleKey: string): Promise<void> {
  const record = await readQuarantine(context, granuleKey);
  if (record !== null) await askAgain(context, record.value);
}

async function askAgain(context: FlowContext, failure: Quarantine): Promise<void> {
  const { payload, granule_key, granule_version_id, manifest_id } = failure;
  const source = manifest_id ? (await loadManifest(context, manifest_id)).source : 'raw';
  const request = granule_version_id ? `redrive of ${granule_version_id}` : null;
  await context.events.send([reprocessMessage({ payload, granule_key, source, request })]);
}
