import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GetObjectCommandOutput, S3 } from '@aws-sdk/client-s3';
import { PreconditionFailedError, TemporaryError, TruncatedInputError } from '#core/errors.ts';
import { downloadRangeBytesMax, downloadRangeParallelCount } from '#core/limits.ts';
import type { ByteSource } from '#core/ports/byte-source.ts';
import { askingAgain, BrokenBodyError, discardBody, readBodyInto } from './answer-body.ts';
import { plainEtag } from './conditional-put.ts';
import { s3Error } from './s3-error.ts';

/** One version of one object. */
export interface PinnedObject {
  readonly client: S3;
  readonly bucket: string;
  readonly bucketKey: string;
  readonly uri: string;
  readonly sizeBytes: number;
  readonly etag: string;
  /** null in a bucket without versions: reading ends with PreconditionFailedError once the object is overwritten. */
  readonly versionId: string | null;
  readonly attemptCountMax: number;
}

/**
 * Reads ranges of exactly one version: every request names the version where the bucket keeps versions, and its ETag
 * always. Long ranges are fetched in pieces, some at a time.
 */
export function pinnedObject(pinned: PinnedObject): ByteSource {
  let download: Promise<string> | null = null;
  let folder: string | null = null;
  const source: ByteSource = {
    name: pinned.uri,
    sizeBytes: pinned.sizeBytes,
    readInto: (offsetBytes, target) => readRange(pinned, offsetBytes, target),
    localPath() {
      download ??= (async () => {
        folder = await mkdtemp(join(tmpdir(), 'cubelake-object-'));
        const path = join(folder, 'object');
        await downloadTo(pinned, path);
        return path;
      })();
      return download;
    },
    async close() {
      await download?.catch(() => undefined);
      if (folder !== null) await rm(folder, { recursive: true, force: true });
      folder = null;
    },
  };
  return source;
}

async function readRange(pinned: PinnedObject, offsetBytes: number, target: Uint8Array): Promise<void> {
  const endBytes = offsetBytes + target.byteLength;
  if (endBytes > pinned.sizeBytes) {
    throw new TruncatedInputError({ path: pinned.uri, expectedBytes: endBytes, actualBytes: pinned.sizeBytes });
  }
  const pieces: Uint8Array[] = [];
  for (let start = 0; start < target.byteLength; start += downloadRangeBytesMax) {
    pieces.push(target.subarray(start, start + downloadRangeBytesMax));
  }
  let nextPiece = 0;
  const fetchPieces = async (): Promise<void> => {
    for (let piece = nextPiece++; piece < pieces.length; piece = nextPiece++) {
      const pieceOffsetBytes = offsetBytes + piece * downloadRangeBytesMax;
      await askingAgain(pinned.attemptCountMax, () => fetchPiece(pinned, pieceOffsetBytes, pieces[piece]!));
    }
  };
  const fetchers = Math.min(downloadRangeParallelCount, pieces.length);
  await Promise.all(Array.from({ length: fetchers }, fetchPieces));
}

async function fetchPiece(pinned: PinnedObject, offsetBytes: number, target: Uint8Array): Promise<void> {
  const lastByte = offsetBytes + target.byteLength - 1;
  let answer: GetObjectCommandOutput;
  try {
    answer = await pinned.client.getObject({
      Bucket: pinned.bucket,
      Key: pinned.bucketKey,
      Range: `bytes=${offsetBytes}-${lastByte}`,
      IfMatch: `"${pinned.etag}"`,
      ...(pinned.versionId === null ? {} : { VersionId: pinned.versionId }),
    });
  } catch (error) {
    throw s3Error(error, pinned.uri);
  }
  const etag = plainEtag(answer.ETag);
  if (etag !== pinned.etag) {
    discardBody(answer.Body);
    throw new PreconditionFailedError(
      `Expected version ${pinned.etag}, got ${etag} (${pinned.uri}). The object was overwritten while it was read.`,
      { key: pinned.uri },
    );
  }
  const expectedRange = `bytes ${offsetBytes}-${lastByte}/${pinned.sizeBytes}`;
  if (answer.ContentRange !== expectedRange) {
    discardBody(answer.Body);
    throw new BrokenBodyError(
      `Expected the range "${expectedRange}", got "${answer.ContentRange}" (${pinned.uri}). Try again.`,
      { key: pinned.uri },
    );
  }
  await readBodyInto(answer.Body, target, pinned.uri);
}

async function downloadTo(pinned: PinnedObject, path: string): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    const windowBytes = downloadRangeBytesMax * downloadRangeParallelCount;
    const buffer = new Uint8Array(Math.min(windowBytes, pinned.sizeBytes));
    for (let offsetBytes = 0; offsetBytes < pinned.sizeBytes; offsetBytes += buffer.byteLength) {
      const target = buffer.subarray(0, Math.min(buffer.byteLength, pinned.sizeBytes - offsetBytes));
      await readRange(pinned, offsetBytes, target);
      await writeAll(handle, target, path);
    }
  } finally {
    await handle.close();
  }
}

async function writeAll(handle: Awaited<ReturnType<typeof open>>, bytes: Uint8Array, path: string): Promise<void> {
  try {
    for (let writtenBytes = 0; writtenBytes < bytes.byteLength; ) {
      writtenBytes += (await handle.write(bytes, writtenBytes)).bytesWritten;
    }
  } catch (cause) {
    throw new TemporaryError(
      `Expected scratch space for an object that is read as a file, got ${(cause as Error).message} (${path}). Free some space or set TMPDIR.`,
      { path },
      cause,
    );
  }
}
