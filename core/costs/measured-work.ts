/**
 * What a cube costs in work, as measured: bench/results/main-job.json, a cube of 640 samples x 224 bands x 2000 lines of
 * uint16 (573 MB) on two cores; and README "What it costs" for the bytes.
 */
export const measuredWork = {
  /** 3.76 s on 2 cores for 0.573 GB. A vCPU of AWS is often half a core: measure there before believing this. */
  vcpuSecondsPerGb: 13.1,
  /** 423 and 590 MB from 573 MB. */
  bronzeRatio: 0.738,
  silverRatio: 1.03,
} as const;

/** What nobody has measured in a real account: every one of these can be changed, and the answer says that it is assumed. */
export const assumedWork = {
  /** A container starts, loads its code and reads its references. */
  jobStartSeconds: 15,
  /** A host boots, joins the cluster and pulls the image. */
  hostStartSeconds: 180,
  /** Share of a host's paid time in which jobs run; the rest is boot, uneven filling and waiting to be ended. */
  hostUsedShare: 0.7,
  /** A Spot host is taken back so often per hour: 5 % is the band that AWS calls frequent for a month, here for an hour. */
  spotInterruptionsPerHour: 0.05,
  /** Share of the jobs that the on-demand queue finishes. */
  onDemandShare: 0.02,
  /** One request to S3 or another service, from Lambda in the same region. */
  requestSeconds: 0.03,
  /** One commit of one table: Glue, and three small objects before it. */
  commitSeconds: 1,
  /** Lines of the log of one job, and of one call of a function. */
  logBytesPerJob: 8_000,
  logBytesPerCall: 1_500,
  /** Area and size of one flight: 40 to 80 GB over 160 acres. */
  gbPerHectareFlown: 60 / 64.75,
} as const;
