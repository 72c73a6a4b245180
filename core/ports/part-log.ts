export interface LogRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Uint8Array;
}

export interface LogMessage {
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Uint8Array;
}

/** Kafka's side of writing. */
export interface PartLogWriter {
  /**
   * Resolves once all in-sync replicas have the message, once even when requests are repeated.
   * @throws TemporaryError
   */
  append(topic: string, message: LogMessage): Promise<void>;
  close(): Promise<void>;
}

/** What a topic is now: its id changes when it is deleted and made again. */
export interface LogTopic {
  readonly topicId: string;
  /** Partition -> the first offset that is still there, and the one that the next message will get. */
  readonly partitions: ReadonlyMap<number, { readonly first: bigint; readonly next: bigint }>;
}

/** Kafka's side of reading: the reader says from where; no group decides for it. */
export interface PartLogReader {
  /** @returns null when there is no such topic. @throws TemporaryError */
  describe(topic: string): Promise<LogTopic | null>;
  /**
   * Committed messages of every partition from the given offsets on, in the order of each partition, as they come. Ends when
   * `signal` is aborted. @throws TemporaryError; ConfigurationError when an offset is out of range.
   */
  read(topic: string, from: ReadonlyMap<number, bigint>, signal: AbortSignal): AsyncIterable<LogRecord>;
  /** Tells Kafka how far a group is, for its lag metrics only. */
  remember(group: string, topic: string, next: ReadonlyMap<number, bigint>): Promise<void>;
  close(): Promise<void>;
}
