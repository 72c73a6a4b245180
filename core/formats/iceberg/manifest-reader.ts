import { FormatError, TruncatedInputError } from '../../errors.ts';
import {
  manifestCacheEntryCountMax,
  manifestHeaderBytesFirst,
  manifestParallelCount,
  manifestWholeBytesMax,
} from '../../limits.ts';
import { type ByteSource, readBytes } from '../../ports/byte-source.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { type AvroHeader, blocksIn, expandedBlock, readHeader, recordsOfBlock } from '../avro/avro-blocks.ts';
import { statisticsKeys } from './data-file-record.ts';
import { entryOf, entryStatus, type ManifestEntry } from './manifest.ts';
import { type BlockPlace, readBlockIndex, walkBlocks } from './manifest-blocks.ts';
import { decodeManifestList, type FieldSummary, type ManifestFile } from './manifest-list.ts';
import { keyOf } from './table-location.ts';
import type { Snapshot } from './table-metadata.ts';

/** Whether entries with such partition values are wanted. @param partitions null: they may be any. */
export type PartitionFilter = (partitions: readonly FieldSummary[] | null, manifest: ManifestFile) => boolean;

const everything: PartitionFilter = () => true;

/** What must be known of a manifest to read its blocks. */
interface OpenManifest {
  readonly header: Pick<AvroHeader, 'codec' | 'type' | 'sync'>;
  readonly places: readonly BlockPlace[];
}

/**
 * Reads manifests of one warehouse, of large ones only the blocks that are wanted, and remembers entries: manifests never
 * change, and a retried commit or the next query meets the same ones again. The oldest are forgotten when there are too many.
 */
export class ManifestReader {
  readonly #warehouse: ObjectStore;
  readonly #lists = new Map<string, readonly ManifestFile[]>();
  readonly #open = new Map<string, OpenManifest>();
  /** By block. */
  readonly #entries = new Map<string, readonly ManifestEntry[]>();
  readonly #entryCountMax: number;
  #entryCount = 0;

  constructor(warehouse: ObjectStore, entryCountMax = manifestCacheEntryCountMax) {
    this.#warehouse = warehouse;
    this.#entryCountMax = entryCountMax;
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

  /** Entries of the blocks that may be wanted, in the order of the manifest. */
  async entriesOf(manifest: ManifestFile, mayHold: PartitionFilter = everything): Promise<readonly ManifestEntry[]> {
    const { path } = manifest;
    const known = this.#open.get(path);
    const wanted = known?.places.filter(({ partitions }) => mayHold(partitions, manifest));
    const found = wanted?.map((place) => this.#entries.get(blockKey(path, place)));
    if (found?.every((entries) => entries !== undefined) === true) return found.flat();
    const out: (readonly ManifestEntry[])[] = [];
    await this.#visitBlocks(manifest, mayHold, (place, bytes, { header }) => {
      const key = blockKey(path, place);
      const entries =
        this.#entries.get(key) ??
        blocksIn(bytes, header, path).flatMap((block) =>
          recordsOfBlock(block, header, path).map((record) => entryOf(record, manifest)),
        );
      out.push(entries);
      this.#remember(key, entries);
      return false;
    });
    return out.flat();
  }

  /** The bytes of a whole manifest, for who copies its blocks. */
  async bytesOf({ path }: ManifestFile): Promise<Uint8Array> {
    return (await this.#warehouse.get(keyOf(this.#warehouse, path))).bytes;
  }

  /**
   * Whether one of these texts may stand in an entry of the wanted blocks. Avro keeps text as its UTF-8 bytes, so that a search
   * answers at a fraction of the cost of decoding; a hit may also be a part of a longer text.
   */
  async mentions(manifest: ManifestFile, texts: readonly string[], mayHold: PartitionFilter): Promise<boolean> {
    const sought = texts.map((text) => Buffer.from(text, 'utf8'));
    let isFound = false;
    await this.#visitBlocks(manifest, mayHold, (_place, bytes, { header }) => {
      for (const block of blocksIn(bytes, header, manifest.path)) {
        const data = expandedBlock(block, header, manifest.path);
        const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
        isFound ||= sought.some((each) => text.includes(each));
      }
      return isFound;
    });
    return isFound;
  }

  /**
   * Live entries of each manifest in turn, read a few at a time.
   * @param visit Returns true to stop: what is sought has been found.
   * @param mayHold Leaves out blocks; entries of other partitions may come all the same.
   */
  async visitLive(
    manifests: readonly ManifestFile[],
    visit: (entries: readonly ManifestEntry[], manifest: ManifestFile) => boolean,
    mayHold: PartitionFilter = everything,
  ): Promise<void> {
    for (let start = 0; start < manifests.length; start += manifestParallelCount) {
      const some = manifests.slice(start, start + manifestParallelCount);
      const entries = await Promise.all(some.map((manifest) => this.entriesOf(manifest, mayHold)));
      for (const [index, manifest] of some.entries()) {
        const live = entries[index]!.filter((entry) => entry.status !== entryStatus.deleted);
        if (visit(live, manifest)) return;
      }
    }
  }

  /** @param visit Gets one framed block; returns true to stop. */
  async #visitBlocks(
    manifest: ManifestFile,
    mayHold: PartitionFilter,
    visit: (place: BlockPlace, bytes: Uint8Array, open: OpenManifest) => boolean,
  ): Promise<void> {
    const { path } = manifest;
    const key = keyOf(this.#warehouse, path);
    const visitAll = (open: OpenManifest, bytesAt: (place: BlockPlace) => Uint8Array) => {
      for (const place of open.places)
        if (mayHold(place.partitions, manifest) && visit(place, bytesAt(place), open)) return;
    };
    if (mayHold === everything || manifest.lengthBytes <= manifestWholeBytesMax) {
      const { bytes } = await this.#warehouse.get(key);
      const open = this.#open.get(path) ?? this.#opened(path, readHeader(bytes, path, statisticsKeys), bytes);
      visitAll(open, ({ offsetBytes, sizeBytes }) => bytes.subarray(offsetBytes, offsetBytes + sizeBytes));
      return;
    }
    const source = await this.#warehouse.open(key);
    try {
      const open = this.#open.get(path) ?? (await this.#openInPart(path, source));
      const wanted = open.places.filter(({ partitions }) => mayHold(partitions, manifest));
      const read = await Promise.all(wanted.map((place) => readBytes(source, place.offsetBytes, place.sizeBytes)));
      visitAll(open, (place) => read[wanted.indexOf(place)]!);
    } finally {
      await source.close();
    }
  }

  /** Reads the header, and the rest only where it does not say which block holds what. */
  async #openInPart(path: string, source: ByteSource): Promise<OpenManifest> {
    for (let lengthBytes = manifestHeaderBytesFirst; ; lengthBytes *= 4) {
      const bytes = await readBytes(source, 0, Math.min(lengthBytes, source.sizeBytes));
      try {
        const header = readHeader(bytes, path, statisticsKeys);
        const places = readBlockIndex(header, source.sizeBytes);
        if (places !== null) return this.#keep(path, header, places);
        return this.#opened(path, header, await readBytes(source, 0, source.sizeBytes));
      } catch (error) {
        // A length that points behind what was read looks like a wrong one until all is there.
        const isOfBytes = error instanceof TruncatedInputError || error instanceof FormatError;
        if (!isOfBytes || bytes.length >= source.sizeBytes) throw error;
      }
    }
  }

  #opened(path: string, header: AvroHeader, bytes: Uint8Array): OpenManifest {
    return this.#keep(path, header, readBlockIndex(header, bytes.length) ?? walkBlocks(bytes, header, path));
  }

  #keep(path: string, { codec, type, sync }: AvroHeader, places: readonly BlockPlace[]): OpenManifest {
    const open = { header: { codec, type, sync: Uint8Array.from(sync) }, places };
    this.#open.set(path, open);
    return open;
  }

  #remember(key: string, entries: readonly ManifestEntry[]): void {
    if (this.#entries.has(key)) return;
    this.#entries.set(key, entries);
    this.#entryCount += entries.length;
    for (const [oldest, { length }] of this.#entries) {
      if (this.#entryCount <= this.#entryCountMax || oldest === key) return;
      this.#entries.delete(oldest);
      this.#entryCount -= length;
    }
  }
}

function blockKey(path: string, { offsetBytes }: BlockPlace): string {
  return `${path}@${offsetBytes}`;
}
