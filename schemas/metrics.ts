/**
 * What the functions of a deployment tell CloudWatch: function -> metric -> unit. infra makes alarms and dashboards of these
 * names, so that no alarm can wait for a number that nobody sends.
 */
export const functionMetrics = {
  'manifest-batcher': {
    /** Messages taken into the ledger, and those that nobody could read. */
    MessageCount: 'Count',
    PoisonMessageCount: 'Count',
    ManifestCount: 'Count',
    SentGranuleCount: 'Count',
    /** Granules in the ledger after a call: those that lack a part, and those that only wait for a fuller manifest. */
    WaitingGranuleCount: 'Count',
    ReadyGranuleCount: 'Count',
    /** Age of the oldest request in the ledger; 0 when there is none. */
    OldestWaitingSeconds: 'Seconds',
  },
  'manifest-settler': {
    CompleteGranuleCount: 'Count',
    FailedGranuleCount: 'Count',
    /** Granules of which field and cloud differ beyond tolerance. */
    EdgeMismatchCount: 'Count',
    /** From the arrival of a granule's last part to its settlement; first processings only. */
    UploadToCommitSeconds: 'Seconds',
    /** Of one granule: what its last attempt took. */
    JobSeconds: 'Seconds',
    /** Estimate for one cube, in USD: JobSeconds at the deployment's price of a job's vCPUs. CloudWatch has no unit for money. */
    CubeCostUsd: 'None',
  },
  reconciler: {
    /** Daily: what was in no state, and what failed and is still in raw. */
    LostObjectCount: 'Count',
    FailedInRawCount: 'Count',
    /** Hourly. */
    UnsettledManifestCount: 'Count',
    StuckManifestCount: 'Count',
    /** Jobs of which nothing runs although they were submitted long ago. */
    LateJobCount: 'Count',
    SecondsSinceCommit: 'Seconds',
    /** SecondsSinceCommit while a manifest waits for a settlement, else 0: nothing arrives in winter. */
    StalledSeconds: 'Seconds',
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, 'Count' | 'Seconds' | 'None'>>>>;

export type FunctionName = keyof typeof functionMetrics;
export type MetricName<Name extends FunctionName> = keyof (typeof functionMetrics)[Name] & string;

export const metricNamespace = 'Cubelake';

/** Every metric carries the function as `service`, and the deployment. */
export const metricDimensions = { service: 'service', deployment: 'deployment' } as const;
