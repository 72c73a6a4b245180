import { hostname } from 'node:os';
import { type KafkaOptions, kafkaBrokers } from '#adapters/kafka/kafka-connection.ts';
import type { MqttOptions } from '#adapters/mqtt/mqtt-session.ts';
import { ConfigurationError } from '#core/errors.ts';
import { deviceIdSchema } from '#schemas/edge-messages.ts';
import { idRule } from '#schemas/object-keys.ts';
import { type CommandCall, type OptionDefinition, requiredText, textOption } from '../command.ts';

/** How to reach a broker of MQTT. */
export const mqttOptions = {
  broker: { type: 'string', value: 'URI', help: 'broker of MQTT 5: mqtt://HOST:PORT, or mqtts://HOST:PORT for TLS' },
  ca: { type: 'string', value: 'FILE', help: 'certificates that the broker is known by (PEM); default the system’s' },
  cert: { type: 'string', value: 'FILE', help: 'certificate that the broker knows this machine by (PEM)' },
  key: { type: 'string', value: 'FILE', help: 'its private key (PEM)' },
} satisfies Record<string, OptionDefinition>;

export const kafkaOptions = {
  kafka: { type: 'string', value: 'BROKERS', help: 'brokers of Kafka: HOST:PORT[,HOST:PORT...]' },
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

/** @throws ConfigurationError when an option is absent or impossible. */
export function kafkaOf(call: CommandCall, command: string, clientId: string): KafkaOptions {
  return { brokers: kafkaBrokers(requiredText(call, 'kafka', command)), clientId, tls: null, sasl: null };
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
