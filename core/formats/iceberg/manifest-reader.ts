import { manifestParallelCount } from '../../limits.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { decodeManifest, entryStatus, type ManifestEntry } from './manifest.ts';
import { decodeManifestList, type ManifestFile } from './manifest-list.ts';
import { keyOf } from './table-location.ts';
import type { Snapshot } from './table-metadata.ts';

/** Reads manifests of one warehouse, each once: they never change, and a retried commit meets the same ones again. */
export class ManifestReader {
  readonly #warehouse: ObjectStore;
  readonly #entries = new Map<string, readonly ManifestEntry[]>();

  constructor(warehouse: ObjectStore) {
    this.#warehouse = warehouse;
  }

  /** Manifests fetched so far. */
  get readCount(): number {
    return this.#entries.size;
  }

  /** All manifests of a snapshot, those of delete files too; none for a table without snapshots. */
  async manifestsOf(snapshot: Snapshot | null): Promise<ManifestFile[]> {
    if (snapshot === null) return [];
    const uri = snapshot['manifest-list'];
    const { bytes } = await this.#warehouse.get(keyOf(this.#warehouse, uri));
    return decodeManifestList(bytes, uri);
  }

  async entriesOf(manifest: ManifestFile): Promise<readonly ManifestEntry[]> {
    const known = this.#entries.get(manifest.path);
    if (known !== undefined) return known;
    const { bytes } = await this.#warehouse.get(keyOf(this.#warehouse, manifest.path));
    const entries = decodeManifest(bytes, manifest);
    this.#entries.set(manifest.path, entries);
    return entries;
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
}
