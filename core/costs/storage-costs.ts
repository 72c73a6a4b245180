import { partCountPerCube } from './flow-requests.ts';
import { type PriceList, priceOf } from './price-list.ts';
import { billedGb, cubeCountPerSeason, daysPerMonth, monthsPerYear, seasonCount, type Workload } from './workload.ts';

/** As infra/raw-bucket.ts has it. Lifecycle rules act at the midnight after a full day, so everything stays a day longer. */
export const rawTiers = { glacierInstantAfterDays: 1, deepArchiveAfterDays: 365, midnightDays: 1 } as const;

/** Of each object in Deep Archive, S3 bills 32 KiB at its price and 8 KiB at that of Standard. */
const archivedOverheadGb = { deepArchive: 32 / 2 ** 20, standard: 8 / 2 ** 20 };

/**
 * Storage of one month: mean GB (2^30 bytes) of its days, and what they and the transitions in it cost.
 *
 * A raw cube is one large object; its header and capture file stay in Standard, because S3 moves nothing below 128 KiB.
 * Minimum durations (90 days of Glacier Instant Retrieval, 180 of Deep Archive) cost nothing here: nothing is deleted, and
 * the next tier comes after 365 days.
 */
export interface StorageMonth {
  readonly month: number;
  readonly standardGb: number;
  readonly glacierInstantGb: number;
  readonly deepArchiveGb: number;
  readonly bronzeGb: number;
  readonly silverGb: number;
  /** Of all; and of the raw cubes alone, at the price of the first 50 TB. */
  readonly storageUsd: number;
  readonly rawUsd: number;
  readonly transitionUsd: number;
  readonly tagUsd: number;
}

/** @param isTiered False: raw cubes stay in S3 Standard for ever. */
export function storageMonths(workload: Workload, prices: PriceList, isTiered: boolean): StorageMonth[] {
  const dayCount = workload.years * 365;
  const arrivals = arrivalDays(workload, dayCount);
  return Array.from({ length: workload.years * monthsPerYear }, (_, month) => {
    const days = { start: Math.round(month * daysPerMonth), end: Math.round((month + 1) * daysPerMonth) };
    return storageMonth(workload, prices, arrivals, days, month, isTiered);
  });
}

interface Arrival {
  readonly day: number;
  readonly cubeCount: number;
}

/** Seasons begin at equal distances, from the first day on; cubes of a season come evenly. */
function arrivalDays(workload: Workload, dayCount: number): Arrival[] {
  const { seasonDays, seasonsPerYear } = workload;
  const cubeCount = cubeCountPerSeason(workload) / seasonDays;
  const arrivals: Arrival[] = [];
  for (let season = 0; season < seasonCount(workload); season++) {
    const start = Math.round((season * 365) / seasonsPerYear);
    for (let day = start; day < start + seasonDays && day < dayCount; day++) arrivals.push({ day, cubeCount });
  }
  return arrivals;
}

function storageMonth(
  { cubeGb, bronzeRatio, silverRatio }: Workload,
  prices: PriceList,
  arrivals: readonly Arrival[],
  days: { readonly start: number; readonly end: number },
  month: number,
  isTiered: boolean,
): StorageMonth {
  const { glacierInstantAfterDays, deepArchiveAfterDays, midnightDays } = rawTiers;
  const toGlacier = glacierInstantAfterDays + midnightDays;
  const toDeep = deepArchiveAfterDays + midnightDays;
  const cubeDays = { standard: 0, glacierInstant: 0, deepArchive: 0, all: 0 };
  const moved = { glacierInstant: 0, deepArchive: 0 };
  for (const { day, cubeCount } of arrivals) {
    for (let today = Math.max(day, days.start); today < days.end; today++) {
      const age = today - day;
      const tier = !isTiered || age < toGlacier ? 'standard' : age < toDeep ? 'glacierInstant' : 'deepArchive';
      cubeDays[tier] += cubeCount;
      cubeDays.all += cubeCount;
      if (isTiered && age === toGlacier) moved.glacierInstant += cubeCount;
      if (isTiered && age === toDeep) moved.deepArchive += cubeCount;
    }
  }
  const meanGb = (count: number): number => billedGb((count * cubeGb) / (days.end - days.start));
  const archivedCount = cubeDays.deepArchive / (days.end - days.start);
  const rawStandardGb = meanGb(cubeDays.standard) + archivedCount * archivedOverheadGb.standard;
  const deepArchiveGb = meanGb(cubeDays.deepArchive) + archivedCount * archivedOverheadGb.deepArchive;
  const glacierInstantGb = meanGb(cubeDays.glacierInstant);
  const bronzeGb = meanGb(cubeDays.all) * bronzeRatio;
  const silverGb = meanGb(cubeDays.all) * silverRatio;
  const coldUsd =
    priceOf(prices, 's3_glacier_instant', glacierInstantGb) + priceOf(prices, 's3_deep_archive', deepArchiveGb);
  const share = (days.end - days.start) / daysPerMonth;
  const taggedCount = (cubeDays.all / (days.end - days.start)) * partCountPerCube;
  return {
    month,
    standardGb: rawStandardGb,
    glacierInstantGb,
    deepArchiveGb,
    bronzeGb,
    silverGb,
    storageUsd: share * (standardUsd(prices, rawStandardGb + bronzeGb + silverGb) + coldUsd),
    rawUsd: share * (priceOf(prices, 's3_standard_first_50_tb', rawStandardGb) + coldUsd),
    transitionUsd:
      priceOf(prices, 's3_transition_glacier_instant', moved.glacierInstant / 1000) +
      priceOf(prices, 's3_transition_deep_archive', moved.deepArchive / 1000),
    tagUsd: isTiered ? share * priceOf(prices, 's3_tags', taggedCount / 10_000) : 0,
  };
}

/** S3 Standard has three prices: for the first 50 TB, the next 450 TB and all above, of 1024 GB each. */
export function standardUsd(prices: PriceList, gb: number): number {
  const first = Math.min(gb, 50 * 1024);
  const next = Math.min(Math.max(gb - 50 * 1024, 0), 450 * 1024);
  const over = Math.max(gb - 500 * 1024, 0);
  return (
    priceOf(prices, 's3_standard_first_50_tb', first) +
    priceOf(prices, 's3_standard_next_450_tb', next) +
    priceOf(prices, 's3_standard_over_500_tb', over)
  );
}
