import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IdentifiedUploads } from '#adapters/s3/identified-upload.ts';
import { FormatError, NotFoundError } from '#core/errors.ts';
import { rawObjectBytesMax } from '#core/limits.ts';
import type { FlowContext } from '#core/pipeline/flow-context.ts';
import { objectCreatedMessage } from '#core/pipeline/flow-messages.ts';
import { assembleGranule, granuleOfObject } from '#core/pipeline/granule-assembly.ts';
import { granuleStatus } from '#core/pipeline/granule-status.ts';
import { listPending } from '#core/pipeline/pending-requests.ts';
import type { ObjectFacts, ObjectWriter } from '#core/ports/object-store.ts';

/** `queued again`: the same bytes were there, but nothing was going to happen to them. */
export type UploadResult = 'stored' | 'already there' | 'queued again';

export interface UploadContext extends FlowContext {
  /** For a raw bucket that announces its objects itself; a folder's events are sent here. */
  readonly uploads?: IdentifiedUploads | null;
}

/**
 * Puts a file into raw and sees to its event. A file that is there already with the same bytes sends nothing, unless its
 * event was lost.
 *
 * @throws NotFoundError, FormatError (quarantine); PreconditionFailedError when somebody else writes the same object of a
 *   bucket (retry).
 */
export async function uploadToRaw(lake: UploadContext, key: string, path: string): Promise<UploadResult> {
  const facts = await stat(path).catch((cause: unknown) => {
    throw new NotFoundError(`Expected a file, got none (${path}). Check the path.`, { path }, cause);
  });
  if (!facts.isFile() || facts.size > rawObjectBytesMax) {
    throw new FormatError(`Expected a file of at most ${rawObjectBytesMax} bytes, got another (${path}).`, { path });
  }
  const { same, write } = await placeOf(lake, key, path, facts.size);
  if (same !== null) {
    if (!(await hasLostItsEvent(lake, key))) return 'already there';
    await lake.events.send([objectCreatedMessage(lake.bucket, same)]);
    return 'queued again';
  }
  const writer = await write();
  try {
    for await (const bytes of createReadStream(path, { highWaterMark: 1 << 20 })) await writer.append(bytes as Buffer);
    const stored = await writer.commit();
    if (!lake.uploads) await lake.events.send([objectCreatedMessage(lake.bucket, stored)]);
  } catch (error) {
    await writer.abort();
    throw error;
  }
  return 'stored';
}

interface UploadPlace {
  /** What is there already with the bytes of the file; null when that is to be written. */
  readonly same: ObjectFacts | null;
  readonly write: () => Promise<ObjectWriter>;
}

async function placeOf(lake: UploadContext, key: string, path: string, sizeBytes: number): Promise<UploadPlace> {
  const { uploads } = lake;
  if (uploads) {
    const sha256 = await hashOf(path);
    const found = await uploads.find(key);
    const isSame = found !== null && found.sizeBytes === sizeBytes && found.sha256 === sha256;
    return { same: isSame ? found : null, write: () => uploads.write(key, sha256, found) };
  }
  const found = await lake.raw.head(key);
  // The file store's ETag is a hash of the bytes.
  const isSame = found !== null && found.sizeBytes === sizeBytes && found.etag === (await hashOf(path)).slice(0, 32);
  return { same: isSame ? found : null, write: () => lake.raw.write(key) };
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(bytes as Buffer);
  return hash.digest('hex');
}

async function hasLostItsEvent(lake: FlowContext, key: string): Promise<boolean> {
  const found = granuleOfObject(lake.payloads, key);
  const objects = found === null ? null : await assembleGranule(lake, found.payload, found.granuleKey);
  if (found === null || objects === null) return false;
  const pendingKeys = new Set((await listPending(lake)).map(({ pending }) => pending.granule_key));
  const { lost } = await granuleStatus(lake, { ...found, objects: objects.objects }, pendingKeys, null);
  return lost === 'event';
}
