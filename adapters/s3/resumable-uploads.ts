import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { CompletedPart, S3 } from '@aws-sdk/client-s3';
import { PreconditionFailedError, TemporaryError } from '#core/errors.ts';
import { uploadPartCountMax } from '#core/limits.ts';
import { type ByteSource, readBytes } from '#core/ports/byte-source.ts';
import type { RawUploads } from '#core/ports/raw-uploads.ts';
import { conditionalPut, plainEtag } from './conditional-put.ts';
import { contentHashName, openIdentifiedUploads } from './identified-upload.ts';
import { partSizeBytes } from './multipart-writer.ts';
import type { S3Connection } from './s3-connection.ts';
import { refusalOf, s3Error } from './s3-error.ts';
import { parseS3Uri, s3Place } from './s3-place.ts';

interface Upload {
  readonly client: S3;
  readonly bucket: string;
  readonly bucketKey: string;
  readonly uri: string;
}

type PartThere = CompletedPart & { readonly Size?: number };

interface Part {
  readonly number: number;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/**
 * Uploads that outlive their process: S3 itself is asked which parts it has, and a part counts when its checksum is that of the
 * bytes here. So nothing needs to be remembered, and nothing that was remembered can be wrong.
 *
 * @param uri `s3://bucket` or `s3://bucket/prefix`. @throws ConfigurationError Disposition: stop.
 */
export function openResumableUploads(uri: string, connection: S3Connection): RawUploads {
  const { bucket, prefix } = parseS3Uri(uri);
  const place = s3Place(bucket, prefix);
  const identified = openIdentifiedUploads(uri, connection);
  return {
    find: (key) => identified.find(key),
    async upload(key, source, sha256, onBytes) {
      const target = { bucket, bucketKey: place.bucketKey(key), uri: `${place.rootUri}/${key}` };
      const upload: Upload = { client: await connection.client(), ...target };
      const metadata = { [contentHashName]: sha256 };
      try {
        const parts = partsOf(source.sizeBytes, upload);
        if (parts.length > 1) return await uploadInParts(upload, source, parts, metadata, onBytes);
        const bytes = await readBytes(source, 0, source.sizeBytes);
        const condition = { ifNoneMatch: '*' } as const;
        await conditionalPut({ ...upload, bytes, metadata, condition, attemptCountMax: connection.attemptCountMax });
        await onBytes(source.sizeBytes);
      } catch (error) {
        throw s3Error(error, upload.uri);
      }
    },
  };
}

function partsOf(sizeBytes: number, { uri }: Upload): Part[] {
  const parts: Part[] = [];
  let offsetBytes = 0;
  // An empty object is one empty part.
  do {
    const number = parts.length + 1;
    if (number > uploadPartCountMax)
      throw new TemporaryError(`Expected at most ${uploadPartCountMax} parts, got more (${uri}).`);
    const part = { number, offsetBytes, sizeBytes: Math.min(partSizeBytes(number), sizeBytes - offsetBytes) };
    parts.push(part);
    offsetBytes += part.sizeBytes;
  } while (offsetBytes < sizeBytes);
  return parts;
}

async function uploadInParts(
  upload: Upload,
  source: ByteSource,
  parts: readonly Part[],
  metadata: Readonly<Record<string, string>>,
  onBytes: (doneBytes: number) => Promise<void>,
): Promise<void> {
  const { client, bucket, bucketKey } = upload;
  const place = { Bucket: bucket, Key: bucketKey };
  const open = await openUpload(upload);
  const uploadId =
    open ??
    (await client.createMultipartUpload({ ...place, ChecksumAlgorithm: 'CRC32', Metadata: metadata })).UploadId!;
  const known = open === null ? new Map<number, PartThere>() : await partsThere(upload, uploadId);
  const done: CompletedPart[] = [];
  for (const part of parts) {
    const bytes = await readBytes(source, part.offsetBytes, part.sizeBytes);
    const checksum = checksumOf(bytes);
    const there = known.get(part.number);
    if (there !== undefined && isSamePart(there, bytes, checksum))
      done.push(completed(part, { ...there, ChecksumCRC32: checksum }));
    else {
      const sent = await client.uploadPart({
        ...place,
        UploadId: uploadId,
        PartNumber: part.number,
        Body: bytes,
        ContentLength: bytes.byteLength,
        ChecksumCRC32: checksum,
      });
      done.push(completed(part, { ...sent, ChecksumCRC32: checksum }));
    }
    await onBytes(part.offsetBytes + part.sizeBytes);
  }
  try {
    await client.completeMultipartUpload({
      ...place,
      UploadId: uploadId,
      MultipartUpload: { Parts: done },
      IfNoneMatch: '*',
    });
  } catch (error) {
    if (refusalOf(error).status !== 412) throw error;
    // What lies there stays; what was sent for nothing goes.
    await client.abortMultipartUpload({ ...place, UploadId: uploadId }).catch(() => undefined);
    throw new PreconditionFailedError(`Expected no object, got one (${upload.uri}).`, { key: upload.uri }, error);
  }
}

/** A store that lists no checksums has MD5 as the ETag of a part. */
function isSamePart(there: PartThere, bytes: Uint8Array, checksum: string): boolean {
  if (there.Size !== bytes.byteLength) return false;
  if (there.ChecksumCRC32 !== undefined) return there.ChecksumCRC32 === checksum;
  return plainEtag(there.ETag) === createHash('md5').update(bytes).digest('hex');
}

function completed({ number }: Part, { ETag, ChecksumCRC32 }: CompletedPart): CompletedPart {
  return { PartNumber: number, ETag, ChecksumCRC32 };
}

/** The newest upload of this key that was begun and not ended; others of it are ended here, since they cost money. */
async function openUpload({ client, bucket, bucketKey }: Upload): Promise<string | null> {
  const { Uploads = [] } = await client.listMultipartUploads({ Bucket: bucket, Prefix: bucketKey });
  const own = Uploads.filter(({ Key }) => Key === bucketKey).toSorted(
    (left, right) => (right.Initiated?.getTime() ?? 0) - (left.Initiated?.getTime() ?? 0),
  );
  for (const { UploadId } of own.slice(1))
    await client.abortMultipartUpload({ Bucket: bucket, Key: bucketKey, UploadId });
  return own[0]?.UploadId ?? null;
}

async function partsThere({ client, bucket, bucketKey }: Upload, uploadId: string): Promise<Map<number, PartThere>> {
  const parts = new Map<number, PartThere>();
  for (let marker: string | undefined; ; ) {
    const answer = await client.listParts({
      Bucket: bucket,
      Key: bucketKey,
      UploadId: uploadId,
      ...(marker === undefined ? {} : { PartNumberMarker: marker }),
    });
    for (const part of answer.Parts ?? [])
      if (part.PartNumber !== undefined) parts.set(part.PartNumber, part as CompletedPart);
    if (answer.IsTruncated !== true) return parts;
    marker = answer.NextPartNumberMarker;
  }
}

/** As S3 writes it: four bytes, most significant first, in base64. */
function checksumOf(bytes: Uint8Array): string {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(crc32(bytes));
  return out.toString('base64');
}
