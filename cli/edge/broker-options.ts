import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { type KafkaOptions, kafkaBrokers } from '#adapters/kafka/kafka-connection.ts';
import { mskKafka } from '#adapters/kafka/msk-connection.ts';
import type { MqttOptions } from '#adapters/mqtt/mqtt-session.ts';
import { awsCredentials } from '#adapters/s3/aws-credentials.ts';
import { systemClock } from '#adapters/system/system-clock.ts';
import { ConfigurationError } from '#core/errors.ts';
import { deviceIdSchema } from '#schemas/edge-messages.ts';
import { idRule } from '#schemas/object-keys.ts';
import { type CommandCall, type OptionDefinition, requiredText, textOption } from '../command.ts';
import { deployedKafka } from '../config.ts';

/** How to reach a broker of MQTT. */
export const mqttOptions = {
  broker: { type: 'string', value: 'URI', help: 'broker of MQTT 5: mqtt://HOST:PORT, or mqtts://HOST:PORT for TLS' },
  ca: { type: 'string', value: 'FILE', help: 'certificates that the broker is known by (PEM); default the system’s' },
  cert: { type: 'string', value: 'FILE', help: 'certificate that the broker knows this machine by (PEM)' },
  key: { type: 'string', value: 'FILE', help: 'its private key (PEM)' },
} satisfies Record<string, OptionDefinition>;

/** How to reach Kafka. */
export const kafkaOptions = {
  kafka: {
    type: 'string',
    value: 'BROKERS',
    help: 'brokers of Kafka: HOST:PORT[,HOST:PORT...] (default those of $CUBELAKE_KAFKA_CLUSTER_ARN, by IAM)',
  },
  'kafka-ca': { type: 'string', value: 'FILE', help: 'certificates that Kafka is known by (PEM): TLS' },
  'kafka-cert': { type: 'string', value: 'FILE', help: 'certificate that Kafka knows this program by (PEM)' },
  'kafka-key': { type: 'string', value: 'FILE', help: 'its private key (PEM)' },
} satisfies Record<string, OptionDefinition>;

/** @throws ConfigurationError when an option is absent or impossible. */
export function mqttOf(call: CommandCall, command: string, clientId: string): MqttOptions {
  const [ca, cert, key] = ['ca', 'cert', 'key'].map((name) => textOption(call, name)) as [
    string | null,
    string | null,
    string | null,
  ];
  return { uri: requiredText(call, 'broker', command), clientId, tls: { ca, cert, key } };
}

/**
 * The brokers that --kafka names, else those of the deployed cluster, which let in whom IAM lets in.
 * @throws ConfigurationError when an option is absent or impossible; as `mskKafka`.
 */
export async function kafkaOf(call: CommandCall, command: string, clientId: string): Promise<KafkaOptions> {
  const { clusterArn } = deployedKafka();
  if (textOption(call, 'kafka') === null && clusterArn !== null)
    return mskKafka({ clusterArn, clientId, credentials: awsCredentials(), nowMs: () => systemClock.nowMs() });
  return { brokers: kafkaBrokers(requiredText(call, 'kafka', command)), clientId, tls: kafkaTls(call), sasl: null };
}

function kafkaTls(call: CommandCall): KafkaOptions['tls'] {
  const [ca, cert, key] = ['kafka-ca', 'kafka-cert', 'kafka-key'].map((name) => pemOf(call, name));
  if ((cert === null) !== (key === null))
    throw new ConfigurationError('Expected --kafka-cert and --kafka-key together, got one of them.');
  if (ca === null && cert === null) return null;
  return { ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) };
}

function pemOf(call: CommandCall, option: string): Buffer | null {
  const path = textOption(call, option);
  if (path === null) return null;
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ConfigurationError(`Expected a readable file as --${option}, got none (${path}).`, {}, cause);
  }
}

/** A name that stays the same when the program starts again: of the option, or of the machine. */
export function stableName(call: CommandCall, option: string): string {
  const name =
    textOption(call, option) ??
    hostname()
      .toLowerCase()
      .replace(/[^a-z0-9_-]/g, '-');
  if (deviceIdSchema.safeParse(name).success) return name;
  throw new ConfigurationError(`Expected ${idRule}, as --${option}, got "${name}".`);
}
