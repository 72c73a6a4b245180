import type { PartAttributes, Receipt } from '#schemas/edge-messages.ts';

export interface PartMessage {
  readonly attributes: PartAttributes;
  readonly bytes: Uint8Array;
}

/** The way of parts out of the field. It comes and goes; whoever uses it keeps a part until its receipt has come. */
export interface PartLink {
  isConnected(): boolean;
  /**
   * Resolves once the broker has taken the message; the receipt comes later, or never.
   * @throws TemporaryError when the link broke first: it may have arrived all the same.
   */
  publish(message: PartMessage): Promise<void>;
  /** One listener; receipts may come twice, late, and for what is not here any more. */
  onReceipt(listener: (receipt: Receipt) => Promise<void>): void;
  /** Called at every connect and disconnect; the error says why it was lost. */
  onChange(listener: (isConnected: boolean, error: string | null) => void): void;
  close(): Promise<void>;
}
