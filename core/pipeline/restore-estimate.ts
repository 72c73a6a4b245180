import type { ArchiveKind, RestoreTier } from '../ports/archive.ts';

/** What AWS asks for getting objects out of an archive. */
interface RetrievalPrice {
  readonly usdPerGb: number;
  readonly usdPerThousandRequests: number;
  /** Until the last object is readable, as AWS promises it. */
  readonly hoursMax: number;
}

/** Published prices of us-east-1, in USD without tax; GB are 10^9 bytes. */
export const restorePrices = {
  publishedIn: '2025',
  region: 'us-east-1',
  /** Keeping the readable copy: S3 Standard, first 50 TB. */
  copyUsdPerGbMonth: 0.023,
  tiers: {
    flexible: {
      bulk: { usdPerGb: 0, usdPerThousandRequests: 0, hoursMax: 12 },
      standard: { usdPerGb: 0.01, usdPerThousandRequests: 0.05, hoursMax: 5 },
      expedited: { usdPerGb: 0.03, usdPerThousandRequests: 10, hoursMax: 0.1 },
    },
    deep: {
      bulk: { usdPerGb: 0.0025, usdPerThousandRequests: 0.025, hoursMax: 48 },
      standard: { usdPerGb: 0.02, usdPerThousandRequests: 0.1, hoursMax: 12 },
    },
  } as Readonly<Record<ArchiveKind, Readonly<Partial<Record<RestoreTier, RetrievalPrice>>>>>,
} as const;

const bytesPerGb = 1e9;
const daysPerMonth = 30;

export interface ArchivedBytes {
  readonly archive: ArchiveKind;
  readonly sizeBytes: number;
}

export interface RestoreEstimate {
  readonly tier: RestoreTier;
  readonly objectCount: number;
  readonly sizeBytes: number;
  readonly hoursMax: number;
  readonly retrievalUsd: number;
  readonly requestUsd: number;
  /** Of the readable copies for all their days. */
  readonly copyUsd: number;
  readonly usd: number;
}

/**
 * What a restore costs and takes in one tier:
 *   usd = GB * retrieval + objects / 1000 * requests + GB * days / 30 * copy
 *
 * @returns null when an archive of one of the objects does not have the tier.
 */
export function estimateRestore(
  objects: readonly ArchivedBytes[],
  tier: RestoreTier,
  days: number,
): RestoreEstimate | null {
  let sizeBytes = 0;
  let retrievalUsd = 0;
  let requestUsd = 0;
  let hoursMax = 0;
  for (const object of objects) {
    const price = restorePrices.tiers[object.archive][tier];
    if (price === undefined) return null;
    sizeBytes += object.sizeBytes;
    retrievalUsd += (object.sizeBytes / bytesPerGb) * price.usdPerGb;
    requestUsd += price.usdPerThousandRequests / 1000;
    hoursMax = Math.max(hoursMax, price.hoursMax);
  }
  const copyUsd = (sizeBytes / bytesPerGb) * (days / daysPerMonth) * restorePrices.copyUsdPerGbMonth;
  const usd = retrievalUsd + requestUsd + copyUsd;
  return { tier, objectCount: objects.length, sizeBytes, hoursMax, retrievalUsd, requestUsd, copyUsd, usd };
}
