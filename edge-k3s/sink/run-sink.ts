import type { KafkaOptions } from '#adapters/kafka/kafka-connection.ts';
import { openKafkaPartLogReader } from '#adapters/kafka/kafka-part-log-reader.ts';
import { openKafkaPartLogWriter } from '#adapters/kafka/kafka-part-log-writer.ts';
import { systemStopwatch } from '#adapters/system/system-stopwatch.ts';
import { Sink, type SinkOptions } from '#core/edge/sink/sink.ts';
import type { PublishContext } from '#core/formats/iceberg/publish.ts';
import { aggregateIngested } from '#core/pipeline/aggregate-ingested.ts';
import { tableAccess } from '#core/pipeline/table-access.ts';

export interface RunSinkOptions
  extends Pick<
    SinkOptions,
    'topic' | 'group' | 'commitIntervalMs' | 'idleMsMax' | 'acceptsGap' | 'startsNewEpoch' | 'progress'
  > {
  readonly kafka: KafkaOptions;
  readonly tables: PublishContext;
}

/** Takes parts from Kafka into the tables until `signal` is aborted. @throws as `Sink` */
export async function runSink({ kafka, tables, ...options }: RunSinkOptions, signal: AbortSignal): Promise<void> {
  const log = openKafkaPartLogReader(kafka, options.group);
  const deadLetters = openKafkaPartLogWriter(kafka);
  try {
    await new Sink({
      ...options,
      log,
      deadLetters,
      tables: { ...tables, ...tableAccess(tables) },
      derive: () => aggregateIngested(tables),
      stopwatch: systemStopwatch,
    }).run(signal);
  } finally {
    await deadLetters.close();
    await log.close();
  }
}
