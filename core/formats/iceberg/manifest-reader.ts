import { manifestCacheEntryCountMax, manifestParallelCount } from '../../limits.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { decodeManifest, entryStatus, type ManifestEntry } from './manifest.ts';
import { decodeManifestList, type ManifestFile } from './manifest-list.ts';
import { keyOf } from './table-location.ts';
import type { Snapshot } from './table-metadata.ts';

/**
 * Reads manifests of one warehouse and remembers them by path: they never change, and a retried commit or the next query
 * meets the same ones again. The oldest are forgotten when there are too many entries.
 */
export class ManifestReader {
  readonly #warehouse: ObjectStore;
  readonly #lists = new Map<string, readonly ManifestFile[]>();
  readonly #entries = new Map<string, Promise<readonly ManifestEntry[]>>();
  readonly #counts = new Map<string, number>();
  readonly #entryCountMax: number;
  #entryCount = 0;
  #readCount = 0;

  constructor(warehouse: ObjectStore, entryCountMax = manifestCacheEntryCountMax) {
    this.#warehouse = warehouse;
    this.#entryCountMax = entryCountMax;
  }

  /** Manifests fetched so far. */
  get readCount(): number {
    return this.#readCount;
  }

  /** All manifests of a snapshot, those of delete files too; none for a table without snapshots. */
  async manifestsOf(snapshot: Snapshot | null): Promise<ManifestFile[]> {
    if (snapshot === null) return [];
    const uri = snapshot['manifest-list'];
    const known = this.#lists.get(uri);
    if (known !== undefined) return [...known];
    const { bytes } = await this.#warehouse.get(keyOf(this.#warehouse, uri));
    const manifests = decodeManifestList(bytes, uri);
    this.#lists.set(uri, manifests);
    return [...manifests];
  }

  entriesOf(manifest: ManifestFile): Promise<readonly ManifestEntry[]> {
    const known = this.#entries.get(manifest.path);
    if (known !== undefined) return known;
    const reading = this.#read(manifest);
    this.#entries.set(manifest.path, reading);
    reading.then(
      (entries) => this.#remember(manifest.path, entries.length),
      () => this.#entries.delete(manifest.path),
    );
    return reading;
  }

  async #read(manifest: ManifestFile): Promise<readonly ManifestEntry[]> {
    const { bytes } = await this.#warehouse.get(keyOf(this.#warehouse, manifest.path));
    this.#readCount++;
    return decodeManifest(bytes, manifest);
  }

  /**
   * Live entries of each manifest in turn, read a few at a time.
   * @param visit Returns true to stop: what is sought has been found.
   */
  async visitLive(
    manifests: readonly ManifestFile[],
    visit: (entries: readonly ManifestEntry[], manifest: ManifestFile) => boolean,
  ): Promise<void> {
    for (let start = 0; start < manifests.length; start += manifestParallelCount) {
      const some = manifests.slice(start, start + manifestParallelCount);
      const entries = await Promise.all(some.map((manifest) => this.entriesOf(manifest)));
      for (const [index, manifest] of some.entries()) {
        const live = entries[index]!.filter((entry) => entry.status !== entryStatus.deleted);
        if (visit(live, manifest)) return;
      }
    }
  }

  /** A manifest whose length is known is never being read. */
  #remember(path: string, entryCount: number): void {
    this.#counts.set(path, entryCount);
    this.#entryCount += entryCount;
    for (const [oldest, count] of this.#counts) {
      if (this.#entryCount <= this.#entryCountMax || oldest === path) return;
      this.#counts.delete(oldest);
      this.#entries.delete(oldest);
      this.#entryCount -= count;
    }
  }
}
