import type { SpoolEntry, SpoolIndex, SpoolTotals } from '#core/ports/spool-index.ts';

/** A spool's index and the release of its parts as SQLite keeps them, without SQLite: a day has thousands of looks. */
export class DurableIndex implements SpoolIndex {
  readonly #entries = new Map<string, SpoolEntry & { isReleased: boolean }>();
  #sequence = 0;

  add(entry: Omit<SpoolEntry, 'sequence'>): boolean {
    if (this.has(entry.contentId)) return false;
    this.#entries.set(entry.contentId, { ...entry, sequence: ++this.#sequence, isReleased: false });
    return true;
  }

  has(contentId: string): boolean {
    return this.#entries.has(contentId);
  }

  remove(contentId: string): void {
    this.#entries.delete(contentId);
  }

  release(granuleKey: string): SpoolEntry[] {
    const entries = [...this.#entries.values()].filter((entry) => entry.granuleKey === granuleKey);
    for (const entry of entries) entry.isReleased = true;
    return entries.filter(({ kind }) => kind !== 'preview');
  }

  parts(countMax: number): SpoolEntry[] {
    const parts: SpoolEntry[] = [];
    for (const entry of this.#entries.values()) {
      if (parts.length === countMax) break;
      if (entry.isReleased && entry.kind !== 'preview') parts.push(entry);
    }
    return parts;
  }

  ofGranule(granuleKey: string): SpoolEntry[] {
    return [...this.#entries.values()].filter((entry) => entry.granuleKey === granuleKey);
  }

  unreleased(granuleKey: string): SpoolEntry[] {
    return this.ofGranule(granuleKey).filter(({ contentId }) => !this.#entries.get(contentId)!.isReleased);
  }

  partCounts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { granuleKey, kind } of this.#entries.values())
      if (kind !== 'preview') counts.set(granuleKey, (counts.get(granuleKey) ?? 0) + 1);
    return counts;
  }

  oldestPreview(): SpoolEntry | null {
    return [...this.#entries.values()].find(({ kind }) => kind === 'preview') ?? null;
  }

  totals(): SpoolTotals {
    let [partCount, previewCount, sizeBytes] = [0, 0, 0];
    for (const entry of this.#entries.values()) {
      if (entry.kind === 'preview') previewCount++;
      else partCount++;
      sizeBytes += entry.sizeBytes;
    }
    return { partCount, previewCount, sizeBytes };
  }
}
