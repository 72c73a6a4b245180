import type { Receipt } from '#schemas/edge-messages.ts';

/** A message as the broker gives it: nothing in it is known to be true yet. */
export interface IncomingPart {
  readonly topic: string;
  /** Attributes of the CloudEvent, as the device has written them. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
}

/** Where a bridge gets parts of all devices from. */
export interface PartSource {
  /**
   * Hands over one message after the other until `signal` is aborted. The broker is told of a message when the handler
   * has resolved; one whose handler throws comes again, and others are not taken before a pause.
   * @throws ConfigurationError when the broker refuses this client for good.
   */
  run(handler: (message: IncomingPart) => Promise<void>, signal: AbortSignal): Promise<void>;
  /** Hands a receipt to the broker. It may be lost: then the device sends its part again. */
  sendReceipt(deviceId: string, receipt: Receipt): void;
}
