/** Limits of the services that the flow may meet, as their documentation states them; which of them can be raised is said where they break. */
export const serviceLimits = {
  /** Amazon S3 user guide, "Optimizing performance": per partitioned prefix; S3 splits a prefix when the load stays. */
  s3PutPerSecond: 3500,
  s3GetPerSecond: 5500,
  /** AWS Batch user guide, "Service quotas": SubmitJob per account, fixed. */
  batchSubmitPerSecond: 50,
  /** Amazon SQS developer guide, "Quotas": a FIFO queue without high throughput, calls per second of one API. */
  fifoMessagesPerSecond: 300,
  /** Amazon SQS developer guide, "Quotas": messages of a standard queue that are received and not yet deleted. */
  queueInFlightCount: 120_000,
  /** AWS Lambda developer guide, "Quotas": concurrent executions of an account and region; can be raised. */
  lambdaConcurrency: 1000,
  /** AWS Glue endpoints and quotas: versions of one table; each commit makes one; can be raised. */
  glueTableVersionCount: 100_000,
} as const;
