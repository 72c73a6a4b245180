import type { ByteSource } from './byte-source.ts';

export interface UploadedObject {
  readonly sizeBytes: number;
  /** SHA-256 of the bytes, hex, as their uploader said; null for an object that somebody else uploaded. */
  readonly sha256: string | null;
}

/** The raw bucket, as a machine with a bad link sees it. */
export interface RawUploads {
  find(key: string): Promise<UploadedObject | null>;
  /**
   * Uploads an object to a key that nothing lies at, and goes on where an earlier call for the same bytes was cut off. Every byte
   * is checked on the way; nothing is visible before the end.
   *
   * @param onBytes Told how much of the object is there.
   * @throws PreconditionFailedError when something lies at the key; TemporaryError for a lost link: call again.
   */
  upload(key: string, source: ByteSource, sha256: string, onBytes: (doneBytes: number) => Promise<void>): Promise<void>;
}
