/** Names of all environment variables; infra sets them and each entry's config.ts reads them. */
export const environment = {
  /** Folder of the embedded lake. */
  lake: 'CUBELAKE_LAKE',
  /** Manifest that a job works on. */
  manifestId: 'CUBELAKE_MANIFEST_ID',
  /** Granule of the manifest; AWS Batch sets its own name for the same in array jobs. */
  granuleIndex: 'CUBELAKE_GRANULE_INDEX',
  batchArrayIndex: 'AWS_BATCH_JOB_ARRAY_INDEX',
  /** Worker threads of one job. */
  threads: 'CUBELAKE_THREADS',
  /** Tests only: end the process at a labelled step, e.g. `tile:3`. */
  crashAt: 'CUBELAKE_CRASH_AT',
} as const;
