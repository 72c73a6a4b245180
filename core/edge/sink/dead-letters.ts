import { deadLetterHeaders, kafkaDeadLetterTopic } from '#schemas/edge-messages.ts';
import { ConfigurationError, type CubelakeError } from '../../errors.ts';
import { deadPartsInRowCountMax } from '../../limits.ts';
import type { LogRecord, PartLogWriter } from '../../ports/part-log.ts';
import type { Progress } from '../../ports/progress.ts';

export interface DeadLetterOptions {
  readonly deadLetters: PartLogWriter;
  readonly topic: string;
  readonly progress: Progress;
}

/** Messages that are no parts, kept with their cause and where they stood. */
export class DeadLetters {
  readonly #options: DeadLetterOptions;
  #inRowCount = 0;

  constructor(options: DeadLetterOptions) {
    this.#options = options;
  }

  /** A message was a part: the others before it were exceptions. */
  noteReadable(): void {
    this.#inRowCount = 0;
  }

  /** @throws ConfigurationError when there are only such messages (stop); TemporaryError when the log does not take it. */
  async bury(record: LogRecord, { message }: CubelakeError): Promise<void> {
    const { deadLetters, topic, progress } = this.#options;
    if (this.#inRowCount >= deadPartsInRowCountMax) {
      throw new ConfigurationError(
        `Expected parts in topic ${topic}, got ${this.#inRowCount + 1} other messages in a row, last: ${message} Look who writes to it.`,
        { topic },
      );
    }
    const origin = `${topic}/${record.partition}/${record.offset}`;
    const headers = { ...record.headers, [deadLetterHeaders.error]: message, [deadLetterHeaders.origin]: origin };
    await deadLetters.append(kafkaDeadLetterTopic, { key: origin, headers, value: record.value });
    this.#inRowCount++;
    progress.report('Part:Read:Dead', { origin, reason: message });
  }
}
