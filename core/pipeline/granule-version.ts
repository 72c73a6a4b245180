import { createHash } from 'node:crypto';
import type { Granule, Manifest, ObjectVersion } from '#schemas/manifest.ts';
import { compareKeys } from '../ports/object-key.ts';
import type { ObjectFacts } from '../ports/object-store.ts';

/** First 32 hex digits of SHA-256. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

export function objectVersions(parts: readonly ObjectFacts[]): ObjectVersion[] {
  return parts
    .map(({ key, etag, sizeBytes }) => ({ key, etag, size_bytes: sizeBytes }))
    .toSorted((left, right) => compareKeys(left.key, right.key));
}

/** Names the bytes of all parts, what the work starts from, and the request where it is more than an arrival. */
export function granuleVersionId(
  parts: readonly ObjectVersion[],
  source: Manifest['source'],
  request: string | null,
): string {
  const sorted = parts.toSorted((left, right) => compareKeys(left.key, right.key));
  const facts = sorted.map(({ key, etag, size_bytes }) => [key, etag, size_bytes]);
  return shortHash(JSON.stringify({ source, request, parts: facts }));
}

/** The same list of granule versions is the same manifest, in whatever order and however often it is planned. */
export function manifestIdOf(granules: readonly Granule[]): string {
  const ids = granules.map((granule) => granule.granule_version_id).toSorted();
  return shortHash(ids.join('\n'));
}

export function isSameVersion(left: readonly ObjectVersion[], right: readonly ObjectVersion[]): boolean {
  const facts = (parts: readonly ObjectVersion[]): string => granuleVersionId(parts, 'raw', null);
  return facts(left) === facts(right);
}

const jobNamePrefix = 'cubelake-';

export function jobNameOf(manifestId: string): string {
  return jobNamePrefix + manifestId;
}

/** null for a job of someone else. */
export function manifestIdOfJob(jobName: string): string | null {
  return /^cubelake-([0-9a-f]{32})$/.exec(jobName)?.[1] ?? null;
}
