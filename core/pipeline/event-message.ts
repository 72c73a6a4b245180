import {
  eventBridgeObjectSchema,
  type ReprocessMessage,
  reprocessMessageSchema,
  s3EventSchema,
  s3RecordSchema,
  snsNotificationSchema,
} from '#schemas/flow-messages.ts';
import { isObjectKey } from '../ports/object-key.ts';
import { parseJson } from './ledger.ts';

/** An object that was created; `version` differs between any two events of one key. */
export interface ObjectCreated {
  readonly bucket: string;
  readonly key: string;
  readonly version: string;
}

export interface EventMessage {
  readonly created: readonly ObjectCreated[];
  readonly reprocess: ReprocessMessage | null;
  /** Events that ask for nothing: tests, removals, folder markers, other sources. */
  readonly ignoredCount: number;
  /** Why (part of) the message cannot be understood: it belongs to the dead letters. */
  readonly poison: string | null;
}

const nothing: EventMessage = { created: [], reprocess: null, ignoredCount: 0, poison: null };
const nestedDepthMax = 3;

/**
 * Reads a message of the event queue: S3 notifications (versions 2.x), the same wrapped by SNS or sent through
 * EventBridge, and reprocessing requests. Never throws.
 */
export function parseEventMessage(body: string, depth = 0): EventMessage {
  const json = parseJson(body);
  if (json === undefined) return { ...nothing, poison: 'Expected JSON, got other text' };
  const notification = snsNotificationSchema.safeParse(json);
  if (notification.success && depth < nestedDepthMax) return parseEventMessage(notification.data.Message, depth + 1);
  const reprocess = reprocessMessageSchema.safeParse(json);
  if (reprocess.success) return { ...nothing, reprocess: reprocess.data };
  const bridged = eventBridgeObjectSchema.safeParse(json);
  if (bridged.success) return bridgedEvent(bridged.data);
  const event = s3EventSchema.safeParse(json);
  if (event.success) return s3Event(event.data.Records);
  if (isTestEvent(json)) return { ...nothing, ignoredCount: 1 };
  return { ...nothing, poison: 'Expected an S3 event or a reprocessing request, got another message' };
}

function isTestEvent(json: unknown): boolean {
  return typeof json === 'object' && json !== null && 'Event' in json && json.Event === 's3:TestEvent';
}

function bridgedEvent(event: ReturnType<typeof eventBridgeObjectSchema.parse>): EventMessage {
  const { bucket, object } = event.detail;
  if (event['detail-type'] !== 'Object Created' || isFolderMarker(object.key)) return { ...nothing, ignoredCount: 1 };
  if (!isObjectKey(object.key)) return { ...nothing, poison: badKey(object.key) };
  const version = JSON.stringify([object.etag, object['version-id'], object.sequencer]);
  return { ...nothing, created: [{ bucket: bucket.name, key: object.key, version }] };
}

function s3Event(records: readonly unknown[]): EventMessage {
  const created: ObjectCreated[] = [];
  let ignoredCount = 0;
  let poison: string | null = null;
  for (const record of records) {
    const parsed = s3RecordSchema.safeParse(record);
    if (!parsed.success) {
      poison = 'Expected records of an S3 event, got another shape';
      continue;
    }
    const { eventName, eventVersion, s3 } = parsed.data;
    const isCreation = /^(s3:)?ObjectCreated:/.test(eventName) && (eventVersion ?? '2.1').startsWith('2.');
    if (!isCreation || s3 === undefined || isFolderMarker(s3.object.key)) {
      ignoredCount++;
      continue;
    }
    const key = decodeKey(s3.object.key);
    if (key === null || !isObjectKey(key)) {
      poison = badKey(s3.object.key);
      continue;
    }
    const version = JSON.stringify([s3.object.eTag, s3.object.versionId, s3.object.sequencer]);
    created.push({ bucket: s3.bucket.name, key, version });
  }
  return { created, reprocess: null, ignoredCount, poison };
}

/** Once: `+` is a space, then percent escapes of UTF-8. null when they are not. */
export function decodeKey(encoded: string): string | null {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch {
    return null;
  }
}

/** What S3 puts in a notification: only letters, digits and `-_.*~!'()/` stay as they are. */
export function encodeKey(key: string): string {
  return encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/');
}

function isFolderMarker(key: string): boolean {
  return key.endsWith('/') || key.endsWith('%2F') || key.endsWith('%2f');
}

function badKey(key: string): string {
  return `Expected an object key, got ${JSON.stringify(key.slice(0, 100))}`;
}
