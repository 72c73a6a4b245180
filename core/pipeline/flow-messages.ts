import { jobEventSchema, type ReprocessMessage, type TagMessage, tagMessageSchema } from '#schemas/flow-messages.ts';
import type { ObjectFacts } from '../ports/object-store.ts';
import { encodeKey } from './event-message.ts';
import { jobNameOf, manifestIdOfJob, objectVersions } from './granule-version.ts';
import { parseJson } from './ledger.ts';

/** The notification that S3 would send for an object that was created. */
export function objectCreatedMessage(bucket: string, facts: ObjectFacts): string {
  const object = {
    key: encodeKey(facts.key),
    size: facts.sizeBytes,
    eTag: facts.etag,
    sequencer: Math.floor(facts.lastModifiedMs).toString(16).toUpperCase().padStart(16, '0'),
  };
  const s3 = { s3SchemaVersion: '1.0', bucket: { name: bucket }, object };
  const record = { eventVersion: '2.1', eventSource: 'aws:s3', eventName: 'ObjectCreated:Put', s3 };
  return JSON.stringify({ Records: [record] });
}

export function reprocessMessage(message: Omit<ReprocessMessage, 'cubelake'>): string {
  return JSON.stringify({ cubelake: 'reprocess', ...message });
}

/** For the settler: what to tag these objects of raw with. */
export function tagMessage(objects: readonly ObjectFacts[], status: TagMessage['status']): string {
  const uploaded_ms = objects.reduce((newest, { lastModifiedMs }) => Math.max(newest, lastModifiedMs), 0);
  const message: TagMessage = { cubelake: 'tag', status, parts: objectVersions(objects), uploaded_ms };
  return JSON.stringify(message);
}

/** @returns null for any other message. */
export function parseTagMessage(body: string): TagMessage | null {
  return tagMessageSchema.safeParse(parseJson(body)).data ?? null;
}

/** The event that AWS Batch would send when a job ends. */
export function jobEndedMessage(manifestId: string, status: 'succeeded' | 'failed'): string {
  return JSON.stringify({
    source: 'cubelake.local-batch',
    'detail-type': 'Batch Job State Change',
    detail: { jobName: jobNameOf(manifestId), status: status.toUpperCase() },
  });
}

/**
 * Manifest whose job ended; null for a job of someone else or one that goes on.
 * @returns undefined when the message is no job event.
 */
export function parseJobEvent(body: string): string | null | undefined {
  const event = jobEventSchema.safeParse(parseJson(body));
  if (!event.success) return undefined;
  const { jobName, status } = event.data.detail;
  return status === 'SUCCEEDED' || status === 'FAILED' ? manifestIdOfJob(jobName) : null;
}
