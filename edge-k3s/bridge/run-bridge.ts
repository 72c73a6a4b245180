import type { KafkaOptions } from '#adapters/kafka/kafka-connection.ts';
import { openKafkaPartLogWriter } from '#adapters/kafka/kafka-part-log-writer.ts';
import { openMqttPartSource } from '#adapters/mqtt/mqtt-part-source.ts';
import type { MqttOptions } from '#adapters/mqtt/mqtt-session.ts';
import { type BridgeDependencies, bridgePart } from '#core/edge/bridge.ts';

export interface BridgeOptions extends Pick<BridgeDependencies, 'partsTopic' | 'progress'> {
  readonly mqtt: MqttOptions;
  readonly kafka: KafkaOptions;
}

/** Brings parts of all devices from MQTT to Kafka until `signal` is aborted; several such programs share the parts. */
export async function runBridge({ mqtt, kafka, ...dependencies }: BridgeOptions, signal: AbortSignal): Promise<void> {
  const source = openMqttPartSource(mqtt, dependencies.progress);
  const writer = openKafkaPartLogWriter(kafka);
  try {
    await source.run((message) => bridgePart(message, { ...dependencies, writer, source }), signal);
  } finally {
    await writer.close();
  }
}
