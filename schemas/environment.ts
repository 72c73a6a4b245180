/** Names of all environment variables; infra sets them and each entry's config.ts reads them. */
export const environment = {
  /** Folder of the embedded lake. */
  lake: 'CUBELAKE_LAKE',
  /** Roots of the two stores that a job works on: `file:///...` or `s3://bucket/prefix`. */
  rawUri: 'CUBELAKE_RAW_URI',
  warehouseUri: 'CUBELAKE_WAREHOUSE_URI',
  /** Manifest that a job works on. */
  manifestId: 'CUBELAKE_MANIFEST_ID',
  /** Granule of the manifest; AWS Batch sets its own name for the same in array jobs. */
  granuleIndex: 'CUBELAKE_GRANULE_INDEX',
  batchArrayIndex: 'AWS_BATCH_JOB_ARRAY_INDEX',
  /** Queues of the functions: new raw objects, and ends of jobs. */
  objectQueueUrl: 'CUBELAKE_OBJECT_QUEUE_URL',
  jobQueueUrl: 'CUBELAKE_JOB_QUEUE_URL',
  objectDeadLetterUrl: 'CUBELAKE_OBJECT_DEAD_LETTER_URL',
  jobDeadLetterUrl: 'CUBELAKE_JOB_DEAD_LETTER_URL',
  /** Where and as what the functions submit jobs to AWS Batch. */
  batchJobQueue: 'CUBELAKE_BATCH_JOB_QUEUE',
  batchJobDefinition: 'CUBELAKE_BATCH_JOB_DEFINITION',
  /** Name of the deployment, in metrics. */
  deployment: 'CUBELAKE_DEPLOYMENT',
  /** What an hour of one job's vCPUs costs, in USD, for the estimate of a cube's cost. */
  jobHourUsd: 'CUBELAKE_JOB_HOUR_USD',
  /** A manifest that waits longer for its settlement is stuck. */
  unsettledHoursMax: 'CUBELAKE_UNSETTLED_HOURS_MAX',
  /** An Iceberg REST catalog; the pointer catalog in the warehouse where there is none. */
  catalogUri: 'CUBELAKE_CATALOG_URI',
  catalogWarehouse: 'CUBELAKE_CATALOG_WAREHOUSE',
  /** `none`, `bearer`, `oauth2` or `sigv4`; by the address when absent. */
  catalogAuthorization: 'CUBELAKE_CATALOG_AUTHORIZATION',
  catalogToken: 'CUBELAKE_CATALOG_TOKEN',
  catalogTokenUri: 'CUBELAKE_CATALOG_TOKEN_URI',
  catalogClientId: 'CUBELAKE_CATALOG_CLIENT_ID',
  catalogClientSecret: 'CUBELAKE_CATALOG_CLIENT_SECRET',
  catalogScope: 'CUBELAKE_CATALOG_SCOPE',
  /** For the sink: the cluster whose brokers it asks for, the topic of cube parts, and its consumer group. */
  kafkaClusterArn: 'CUBELAKE_KAFKA_CLUSTER_ARN',
  kafkaTopic: 'CUBELAKE_KAFKA_TOPIC',
  kafkaGroup: 'CUBELAKE_KAFKA_GROUP',
  /** Worker threads of one job. */
  threads: 'CUBELAKE_THREADS',
  /** What calibrates: `auto` (the faster of both, measured), `cpu` or `gpu`. */
  kernel: 'CUBELAKE_KERNEL',
  /** Attempt of this job, from 1; AWS Batch has its own name for the same. */
  attempt: 'CUBELAKE_ATTEMPT',
  batchAttempt: 'AWS_BATCH_JOB_ATTEMPT',
  /** Address and addressing of an S3 that is not Amazon's, e.g. `http://127.0.0.1:9000`; keys and region as for every AWS tool. */
  s3Endpoint: 'CUBELAKE_S3_ENDPOINT',
  s3PathStyle: 'CUBELAKE_S3_PATH_STYLE',
  /** Tests only: kill the process at a labelled step, e.g. `tile:3`, or `tile:3@1` in the first attempt only. */
  crashAt: 'CUBELAKE_CRASH_AT',
} as const;
