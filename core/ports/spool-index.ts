/** `cells` and `plots` are parts and must reach the cloud; previews are for people, stay here, and give way when the disk is short. */
export type SpoolKind = 'cells' | 'plots' | 'preview';

export interface SpoolEntry {
  /** SHA-256 of the payload, hex: its name everywhere. */
  readonly contentId: string;
  readonly kind: SpoolKind;
  readonly granuleKey: string;
  readonly sizeBytes: number;
  /** Order of arrival. It counts, and asks no clock: a field machine's clock may say 1970. */
  readonly sequence: number;
}

/**
 * Which payloads a spool holds. What was added or removed survives a power cut once the call has returned.
 * @throws TemporaryError for a full or failing disk: the call changed nothing.
 */
export interface SpoolIndex {
  /** A part is held back until its capture is made (capture-index.ts). @returns False when the payload is there already. */
  add(entry: Omit<SpoolEntry, 'sequence'>): boolean;
  has(contentId: string): boolean;
  remove(contentId: string): void;
  /** Parts of captures that are made, the oldest first. */
  parts(countMax: number): SpoolEntry[];
  /** Everything of one granule, parts that are held back too. */
  ofGranule(granuleKey: string): SpoolEntry[];
  /** What of one granule is held back. */
  unreleased(granuleKey: string): SpoolEntry[];
  /** Parts by granule, those held back too. */
  partCounts(): ReadonlyMap<string, number>;
  oldestPreview(): SpoolEntry | null;
  totals(): SpoolTotals;
}

export interface SpoolTotals {
  readonly partCount: number;
  readonly previewCount: number;
  readonly sizeBytes: number;
}
