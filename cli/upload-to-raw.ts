import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { FormatError, NotFoundError } from '#core/errors.ts';
import { rawObjectBytesMax } from '#core/limits.ts';
import { objectCreatedMessage } from '#core/pipeline/flow-messages.ts';
import { assembleGranule, granuleOfObject } from '#core/pipeline/granule-assembly.ts';
import { granuleStatus } from '#core/pipeline/granule-status.ts';
import { listPending } from '#core/pipeline/pending-requests.ts';
import type { Lake } from './open-lake.ts';

/** `queued again`: the same bytes were there, but nothing was going to happen to them. */
export type UploadResult = 'stored' | 'already there' | 'queued again';

/**
 * Puts a file into raw and sends the event for it. A file that is there already with the same bytes sends nothing,
 * unless its event was lost.
 *
 * @throws NotFoundError, FormatError. Disposition: quarantine.
 */
export async function uploadToRaw(lake: Lake, key: string, path: string): Promise<UploadResult> {
  const facts = await stat(path).catch((cause: unknown) => {
    throw new NotFoundError(`Expected a file, got none (${path}). Check the path.`, { path }, cause);
  });
  if (!facts.isFile() || facts.size > rawObjectBytesMax) {
    throw new FormatError(`Expected a file of at most ${rawObjectBytesMax} bytes, got another (${path}).`, { path });
  }
  const before = await lake.raw.head(key);
  if (before !== null && before.sizeBytes === facts.size && before.etag === (await etagOf(path))) {
    if (!(await hasLostItsEvent(lake, key))) return 'already there';
    await lake.events.send([objectCreatedMessage(lake.bucket, before)]);
    return 'queued again';
  }
  const writer = await lake.raw.write(key);
  try {
    for await (const bytes of createReadStream(path, { highWaterMark: 1 << 20 })) await writer.append(bytes as Buffer);
    const stored = await writer.commit();
    await lake.events.send([objectCreatedMessage(lake.bucket, stored)]);
  } catch (error) {
    await writer.abort();
    throw error;
  }
  return 'stored';
}

/** The ETag that the file store gives these bytes. */
async function etagOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(bytes as Buffer);
  return hash.digest('hex').slice(0, 32);
}

async function hasLostItsEvent(lake: Lake, key: string): Promise<boolean> {
  const found = granuleOfObject(lake.payloads, key);
  const objects = found === null ? null : await assembleGranule(lake, found.payload, found.granuleKey);
  if (found === null || objects === null) return false;
  const pendingKeys = new Set((await listPending(lake)).map(({ pending }) => pending.granule_key));
  const { lost } = await granuleStatus(lake, { ...found, objects: objects.objects }, pendingKeys, null);
  return lost === 'event';
}
