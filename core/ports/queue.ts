/**
 * A queue with SQS standard semantics: at least once, unordered, a visibility timeout, dead letters after
 * core/limits `receiveCountMax` receives.
 */
export interface Queue {
  send(bodies: readonly string[]): Promise<void>;
  /** At most `countMax` visible messages; each stays hidden for the visibility timeout. Returns at once when there are none. */
  receive(countMax: number): Promise<QueueMessage[]>;
  delete(receipts: readonly string[]): Promise<void>;
  /** Makes messages visible again after `delayMs`. */
  release(receipts: readonly string[], delayMs: number): Promise<void>;
  depth(): Promise<QueueDepth>;
  /** Dead letters, oldest first. */
  deadLetters(): Promise<QueueMessage[]>;
  /** Returns every dead letter to the queue. @returns how many */
  redrive(): Promise<number>;
}

export interface QueueMessage {
  readonly messageId: string;
  /** Valid for this receive only. */
  readonly receipt: string;
  readonly body: string;
  readonly receiveCount: number;
  readonly sentMs: number;
}

export interface QueueDepth {
  readonly visibleCount: number;
  readonly hiddenCount: number;
  readonly deadCount: number;
  readonly oldestSentMs: number | null;
}
