/** What a spooled payload is for. Parts must reach the cloud; previews are for people, and give way when the disk is short. */
export type SpoolKind = 'part' | 'preview';

export interface SpoolEntry {
  /** SHA-256 of the payload, hex: its name everywhere. */
  readonly contentId: string;
  readonly kind: SpoolKind;
  readonly cubeId: string;
  readonly sizeBytes: number;
  /** Order of arrival. It counts, and asks no clock: a field machine's clock may say 1970. */
  readonly sequence: number;
}

/**
 * Which payloads a spool holds. What was added or removed survives a power cut once the call has returned.
 * @throws TemporaryError for a full or failing disk: the call changed nothing.
 */
export interface SpoolIndex {
  /** @returns False when the payload is there already. */
  add(entry: Omit<SpoolEntry, 'sequence'>): boolean;
  has(contentId: string): boolean;
  remove(contentId: string): void;
  /** Parts before previews, the oldest first. */
  oldest(countMax: number, kind?: SpoolKind): SpoolEntry[];
  totals(): SpoolTotals;
  close(): void;
}

export interface SpoolTotals {
  readonly partCount: number;
  readonly previewCount: number;
  readonly sizeBytes: number;
}
