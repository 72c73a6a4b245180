/** What is to be planned for. GB are 10^9 bytes and TB 10^12, as drives and links count; S3 bills 2^30. */
export interface Workload {
  readonly farmCount: number;
  readonly tbPerSeason: number;
  readonly cubeGb: number;
  readonly seasonsPerYear: number;
  /** Days over which a season's cubes arrive evenly. */
  readonly seasonDays: number;
  readonly years: number;
  /** Area of all farms; null when nobody said. */
  readonly hectares: number | null;
  readonly vcpuSecondsPerGb: number;
  readonly bronzeRatio: number;
  readonly silverRatio: number;
  readonly spotInterruptionsPerHour: number;
  readonly onDemandShare: number;
}

export const monthsPerYear = 12;
export const daysPerMonth = 365 / monthsPerYear;
export const hoursPerMonth = 24 * daysPerMonth;

/** S3 bills GB of 2^30 bytes. */
export const billedGb = (gb: number): number => (gb * 1e9) / 2 ** 30;

export function cubeCountPerSeason({ tbPerSeason, cubeGb }: Workload): number {
  return Math.ceil((tbPerSeason * 1000) / cubeGb);
}

export function seasonCount({ years, seasonsPerYear }: Workload): number {
  return years * seasonsPerYear;
}
