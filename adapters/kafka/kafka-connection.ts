import type { BaseOptions } from '@platformatic/kafka';
import { ConfigurationError } from '#core/errors.ts';

/** How to reach the brokers: addresses of any Kafka, with or without TLS. */
export interface KafkaOptions {
  /** `host:port` of some of the brokers. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly tls: NonNullable<BaseOptions['tls']> | null;
  readonly sasl: NonNullable<BaseOptions['sasl']> | null;
}

const requestTimeoutMs = 10_000;
const connectTimeoutMs = 5000;

/** @throws ConfigurationError for an address that cannot be one. Disposition: stop. */
export function kafkaBrokers(text: string): string[] {
  const brokers = text.split(',').map((each) => each.trim());
  const wrong = brokers.find((each) => !/^[a-zA-Z0-9._-]+:\d{1,5}$/.test(each));
  if (wrong === undefined) return brokers;
  throw new ConfigurationError(`Expected HOST:PORT[,HOST:PORT...] as --kafka, got "${wrong}".`);
}

/** What every client of ours asks of the library: a broken request ends soon, and its caller decides what then. */
export function clientOptions({ brokers, clientId, tls, sasl }: KafkaOptions): BaseOptions {
  return {
    clientId,
    bootstrapBrokers: [...brokers],
    connectTimeout: connectTimeoutMs,
    requestTimeout: requestTimeoutMs,
    timeout: requestTimeoutMs,
    retries: 3,
    retryDelay: 300,
    // Brokers of MSK Serverless share an address: TLS has to say which one is meant.
    ...(tls === null ? {} : { tls, tlsServerName: true }),
    ...(sasl === null ? {} : { sasl }),
  };
}
