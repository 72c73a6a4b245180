/** A harvest as the simulation sees it, or a winter. GB are 10^9 bytes. */
export interface Burst {
  readonly farmCount: number;
  readonly nodeCount: number;
  readonly cubeGb: number;
  readonly cubeCount: number;
  /** Hours over which cubes are captured, evenly with a seeded scatter. */
  readonly captureHours: number;
  /** Up-link of one node. */
  readonly linkMbitPerS: number;
  readonly vcpusMax: number;
  readonly vcpuSecondsPerGb: number;
  readonly spotInterruptionsPerHour: number;
  /** The region takes nothing and does nothing for so long; 0 for none. Jobs that run are lost and begin anew. */
  readonly outageHours: number;
  readonly outageStartHour: number;
  readonly seed: number;
}

export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface BurstReport {
  readonly cubeCount: number;
  readonly manifestCount: number;
  readonly granulesPerManifest: Spread & { readonly min: number };
  /** From the end of a cube's upload to the submission of its job. */
  readonly waitSeconds: Spread;
  /** From the end of a cube's upload to the commit of its rows. */
  readonly commitSeconds: Spread;
  /** From the start of the burst. */
  readonly lastUploadHour: number;
  readonly lastCommitHour: number;
  readonly jobsAtOnceMax: number;
  readonly interruptionCount: number;
  readonly settlerBusyShare: number;
  /** Manifests whose job has ended and that wait for the settler. */
  readonly settlerQueueMax: number;
  /** Cubes uploaded and not yet committed. */
  readonly backlogMax: number;
  /** From the end of the outage to the commit of the last cube that was captured before it; null without an outage. */
  readonly recoveryHours: number | null;
  /** Busiest minute, per second. */
  readonly peaks: BurstPeaks;
}

export interface BurstPeaks {
  /** Uploads of the farm with the most of them. */
  readonly rawPutPerFarm: number;
  readonly rawGetPerFarm: number;
  readonly warehousePut: number;
  readonly warehousePutPerFarm: number;
  readonly controlPut: number;
  readonly messages: number;
  readonly jobSubmits: number;
  readonly jobEnds: number;
}

/** @returns All 0 for no values. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) return { p50: 0, p99: 0, max: 0 };
  const sorted = Float64Array.from(values).toSorted();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  return { p50: at(0.5), p99: at(0.99), max: sorted.at(-1)! };
}
