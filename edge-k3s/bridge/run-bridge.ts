import type { KafkaOptions } from '#adapters/kafka/kafka-connection.ts';
import { openKafkaPartLogWriter } from '#adapters/kafka/kafka-part-log-writer.ts';
import { openMqttPartSource } from '#adapters/mqtt/mqtt-part-source.ts';
import type { MqttOptions } from '#adapters/mqtt/mqtt-session.ts';
import { bridgePart } from '#core/edge/bridge.ts';
import type { Progress } from '#core/ports/progress.ts';

export interface BridgeOptions {
  readonly mqtt: MqttOptions;
  readonly kafka: KafkaOptions;
  readonly progress: Progress;
}

/** Brings parts of all devices from MQTT to Kafka until `signal` is aborted; several such programs share the parts. */
export async function runBridge({ mqtt, kafka, progress }: BridgeOptions, signal: AbortSignal): Promise<void> {
  const source = openMqttPartSource(mqtt, progress);
  const writer = openKafkaPartLogWriter(kafka);
  try {
    await source.run((message) => bridgePart(message, { writer, source, progress }), signal);
  } finally {
    await writer.close();
  }
}
