import type { HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import { ConfigurationError, NotFoundError } from '#core/errors.ts';
import type { Archive, ArchiveKind, ArchiveState, RestoreTier } from '#core/ports/archive.ts';
import type { S3Connection } from './s3-connection.ts';
import { refusalOf, s3Error } from './s3-error.ts';
import { parseS3Uri, s3Place } from './s3-place.ts';

/** Storage classes of Glacier that need a restore. Glacier Instant Retrieval answers like any other class. */
const archiveOfClass: Readonly<Record<string, ArchiveKind>> = { GLACIER: 'flexible', DEEP_ARCHIVE: 'deep' };

const tierNames = { bulk: 'Bulk', standard: 'Standard', expedited: 'Expedited' } as const satisfies Readonly<
  Record<RestoreTier, string>
>;

/** The objects of a bucket, or a prefix of one, that lie in Glacier. @throws ConfigurationError Disposition: stop. */
export function openS3Archive(uri: string, connection: S3Connection): Archive {
  const { bucket, prefix } = parseS3Uri(uri);
  const place = s3Place(bucket, prefix);
  const at = (key: string) => ({ Bucket: bucket, Key: place.bucketKey(key) });
  const stateOf = async (key: string): Promise<ArchiveState | null> => {
    const client = await connection.client();
    try {
      return stateByHead(await client.headObject(at(key)));
    } catch (error) {
      const failure = s3Error(error, `${place.rootUri}/${key}`);
      if (failure instanceof NotFoundError) return null;
      throw failure;
    }
  };
  return {
    stateOf,
    async restore(key, { tier, days }) {
      const state = await stateOf(key);
      if (state?.kind === 'readable') return 'readable';
      if (state?.kind === 'restoring') return 'under way';
      if (tier === 'expedited' && state?.archive === 'deep')
        throw new ConfigurationError(
          `Expected bulk or standard as tier, got expedited, which Deep Archive does not have (${place.rootUri}/${key}).`,
          { key },
        );
      const client = await connection.client();
      // A copy that is there already has its days changed; a tier would be refused.
      const parameters = state?.kind === 'restored' ? {} : { GlacierJobParameters: { Tier: tierNames[tier] } };
      try {
        await client.restoreObject({ ...at(key), RestoreRequest: { Days: days, ...parameters } });
        return 'asked';
      } catch (error) {
        // Another request came first, or the object was written anew meanwhile.
        const { code } = refusalOf(error);
        if (code === 'RestoreAlreadyInProgress') return 'under way';
        if (code === 'ObjectAlreadyInActiveTierError') return 'readable';
        throw s3Error(error, `${place.rootUri}/${key}`);
      }
    },
  };
}

/** `x-amz-restore`: `ongoing-request="true"`, or `ongoing-request="false", expiry-date="Fri, 23 Dec 2012 00:00:00 GMT"`. */
export function stateByHead(head: Pick<HeadObjectCommandOutput, 'StorageClass' | 'Restore'>): ArchiveState {
  const name = head.StorageClass ?? 'STANDARD';
  if (!Object.hasOwn(archiveOfClass, name)) return { kind: 'readable' };
  const archive = archiveOfClass[name]!;
  const restore = head.Restore ?? '';
  if (restore.includes('ongoing-request="true"')) return { kind: 'restoring', archive };
  if (!restore.includes('ongoing-request="false"')) return { kind: 'archived', archive };
  const untilMs = Date.parse(/expiry-date="([^"]*)"/.exec(restore)?.[1] ?? '');
  return { kind: 'restored', archive, untilMs: Number.isNaN(untilMs) ? null : untilMs };
}
