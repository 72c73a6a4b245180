import { createHash, randomUUID } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PreconditionFailedError } from '#core/errors.ts';
import { diskError } from './disk-error.ts';

const abandonedAfterMs = 24 * 3600 * 1000;
const readBufferBytes = 1024 * 1024;

/** A long write goes to the disk while it grows, so that its end need not wait for all of it. */
const flushStepBytes = 32 * 1024 * 1024;

/** An unfinished write: invisible until it is renamed to its key. */
export interface StagedFile {
  append(bytes: Uint8Array): Promise<void>;
  /** Makes the bytes durable. */
  finish(): Promise<{ readonly path: string; readonly etag: string }>;
  discard(): Promise<void>;
}

/** Opens a new file in the staging folder and removes what crashed writers left there a day ago. */
export async function stageFile(stagingFolder: string, key: string): Promise<StagedFile> {
  const path = join(stagingFolder, `${randomUUID()}.tmp`);
  const hash = createHash('sha256');
  const handle = await open(path, 'wx').catch((error: unknown) => {
    throw diskError(error, key);
  });
  let isOpen = true;
  let unflushedBytes = 0;
  let flushing: Promise<void> | null = null;
  let flushError: unknown = null;
  const flushInBackground = (): void => {
    unflushedBytes = 0;
    flushing = handle
      .datasync()
      .catch((error: unknown) => {
        flushError ??= error;
      })
      .finally(() => {
        flushing = null;
      });
  };
  const discard = async (): Promise<void> => {
    await flushing;
    if (isOpen) await handle.close();
    isOpen = false;
    await rm(path, { force: true });
  };
  const writing = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (!isOpen) throw new PreconditionFailedError(`Expected an open writer, got a finished one (${key}).`, { key });
    try {
      return await work();
    } catch (error) {
      await discard();
      throw diskError(error, key);
    }
  };
  await removeAbandoned(stagingFolder, (await handle.stat()).mtimeMs);
  return {
    discard,
    append: (bytes) =>
      writing(async () => {
        for (let writtenBytes = 0; writtenBytes < bytes.length; ) {
          const result = await handle.write(bytes, writtenBytes, bytes.length - writtenBytes);
          writtenBytes += result.bytesWritten;
        }
        hash.update(bytes);
        unflushedBytes += bytes.length;
        if (unflushedBytes >= flushStepBytes && flushing === null) flushInBackground();
      }),
    finish: () =>
      writing(async () => {
        await flushing;
        // An error is told once by the system: a later sync that succeeds would hide it.
        if (flushError !== null) throw flushError;
        await handle.sync();
        await handle.close();
        isOpen = false;
        return { path, etag: hash.digest('hex').slice(0, 32) };
      }),
  };
}

export interface HashedFile {
  readonly etag: string;
  readonly stats: BigIntStats;
}

/** ETag of a file that did not come through the store, and the version of the file that was hashed. */
export async function hashFile(path: string): Promise<HashedFile> {
  const handle = await open(path, 'r');
  try {
    const hash = createHash('sha256');
    const buffer = new Uint8Array(readBufferBytes);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
    }
    return { etag: hash.digest('hex').slice(0, 32), stats: await handle.stat({ bigint: true }) };
  } finally {
    await handle.close();
  }
}

/** Ages are differences of file times, so that no clock is needed. */
async function removeAbandoned(stagingFolder: string, nowMs: number): Promise<void> {
  for (const name of await readdir(stagingFolder)) {
    const path = join(stagingFolder, name);
    const stats = await stat(path).catch(() => null);
    if (stats !== null && nowMs - stats.mtimeMs > abandonedAfterMs) await rm(path, { force: true });
  }
}

/** The ETag of these bytes, as a writer and `hashFile` compute it. */
export function etagOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}
