import { batchConnection } from '#adapters/batch/batch-connection.ts';
import { batchJobRunner } from '#adapters/batch/batch-job-runner.ts';
import { parseS3Uri } from '#adapters/s3/s3-place.ts';
import { sqsConnection } from '#adapters/sqs/sqs-connection.ts';
import { sqsQueue } from '#adapters/sqs/sqs-queue.ts';
import { systemClock } from '#adapters/system/system-clock.ts';
import { systemRandom } from '#adapters/system/system-random.ts';
import { wirePayloads } from '#batch-jobs/payloads.ts';
import { openStore } from '#batch-jobs/process-granule/open-store.ts';
import type { SettleContext } from '#core/pipeline/flow-context.ts';
import { tableAccess } from '#core/pipeline/table-access.ts';
import { environment } from '#schemas/environment.ts';
import type { FlowConfig } from './config.ts';
import { openCatalog } from './open-catalog.ts';

/** The flow over S3, SQS and AWS Batch: what `cli/open-lake.ts` is to a folder. */
export function cloudFlow(config: FlowConfig): SettleContext {
  const raw = openStore(config.rawUri);
  const warehouse = openStore(config.warehouseUri);
  const ports = { warehouse, clock: systemClock, random: systemRandom };
  const sqs = sqsConnection();
  return {
    bucket: parseS3Uri(config.rawUri).bucket,
    raw,
    warehouse,
    events: sqsQueue({ queueUrl: config.objectQueueUrl, deadLetterUrl: config.objectDeadLetterUrl, client: sqs }),
    jobEvents: sqsQueue({ queueUrl: config.jobQueueUrl, deadLetterUrl: config.jobDeadLetterUrl, client: sqs }),
    runner: batchJobRunner({
      connection: batchConnection(),
      jobQueue: config.batchJobQueue,
      jobDefinition: config.batchJobDefinition,
      manifestVariable: environment.manifestId,
    }),
    payloads: wirePayloads({ raw, warehouse, threadCount: 1 }),
    clock: systemClock,
    ...tableAccess({ catalog: openCatalog(config.catalog, ports), ...ports }),
  };
}
