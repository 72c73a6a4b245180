import { ProduceAcks, Producer } from '@platformatic/kafka';
import { TemporaryError } from '#core/errors.ts';
import type { LogMessage, PartLogWriter } from '#core/ports/part-log.ts';
import { clientOptions, type KafkaOptions } from './kafka-connection.ts';
import { isUnknownTopic, kafkaError } from './kafka-errors.ts';

/** Writes with an idempotent producer: a request that is repeated because its answer was lost adds nothing. */
export function openKafkaPartLogWriter(options: KafkaOptions): PartLogWriter {
  return new KafkaPartLogWriter(options);
}

class KafkaPartLogWriter implements PartLogWriter {
  readonly #options: KafkaOptions;
  #producer: Producer | null = null;

  constructor(options: KafkaOptions) {
    this.#options = options;
  }

  async append(topic: string, { key, headers, value }: LogMessage): Promise<void> {
    this.#producer ??= new Producer({
      ...clientOptions(this.#options),
      idempotent: true,
      acks: ProduceAcks.ALL,
      autocreateTopics: true,
    });
    const named = Object.entries(headers).map(([name, text]): [Buffer, Buffer] => [
      Buffer.from(name),
      Buffer.from(text),
    ]);
    const message = { topic, key: Buffer.from(key), value: Buffer.from(value), headers: new Map(named) };
    try {
      await this.#producer.send({ messages: [message] });
    } catch (error) {
      // A producer whose sequence numbers are in doubt ends here: the next one begins with an id of its own.
      await this.close();
      if (isUnknownTopic(error))
        throw new TemporaryError(`Expected topic ${topic}, got none. Create it, or name another.`, { topic }, error);
      throw kafkaError(error, `take a message of topic ${topic}`);
    }
  }

  async close(): Promise<void> {
    const producer = this.#producer;
    this.#producer = null;
    await producer?.close(true).catch(() => undefined);
  }
}
