import type { Checkpoint } from '#schemas/checkpoint.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { InvariantError } from '../../errors.ts';
import type { DataFile } from '../../formats/iceberg/data-file.ts';
import type { ObjectFacts, ObjectStore, ObjectWriter } from '../../ports/object-store.ts';
import { objectVersions } from '../granule-version.ts';
import { writeRecord } from '../ledger.ts';
import { encodePlotValues } from './plot-values.ts';
import type { SilverStager } from './stage-silver.ts';
import type { TileSegment } from './tile-segments.ts';
import type { PixelCounts, StoredTile, TileResult } from './tile-setup.ts';

export interface SegmentTarget {
  readonly warehouse: ObjectStore;
  readonly processingId: string;
  readonly source: Checkpoint['source'];
  readonly silver: SilverStager;
  /** All segments of the cube. */
  readonly segments: readonly TileSegment[];
  /** Of these, so many are done by an earlier attempt. */
  readonly doneCount: number;
  readonly hasPlots: boolean;
}

/** A segment whose rows are stored, while some of its bronze is still on its way. */
interface EndedSegment {
  readonly segment: TileSegment;
  readonly file: Pick<Checkpoint, 'data_file' | 'data_object' | 'plots_object' | 'counts'>;
}

const noCounts = { pixelCount: 0, rowCount: 0, saturatedPixelCount: 0, lowReferencePixelCount: 0 } as const;

/**
 * Stages the tiles of one cube in order, and leaves a checkpoint after each segment but the last: from there a next attempt
 * goes on. A checkpoint is written only when every object that it names is stored. Attempts that run at once write the
 * same bytes, so that it does not matter whose checkpoint stays.
 */
export class SegmentStager {
  readonly #target: SegmentTarget;
  #segmentIndex: number;
  #counts: PixelCounts = noCounts;
  #plots: ObjectWriter | null = null;
  readonly #dataFiles: DataFile[] = [];
  /** Bronze that is stored, until a checkpoint names it. */
  readonly #stored = new Map<number, StoredTile>();
  readonly #ended: EndedSegment[] = [];

  constructor(target: SegmentTarget) {
    this.#target = target;
    this.#segmentIndex = target.doneCount;
  }

  /** Silver files of the segments that this attempt has ended. */
  get dataFiles(): readonly DataFile[] {
    return this.#dataFiles;
  }

  async add(tile: TileResult): Promise<void> {
    const { silver, segments } = this.#target;
    const segment = segments[this.#segmentIndex];
    if (segment === undefined || tile.tileIndex < segment.tileStart || tile.tileIndex >= segment.tileEnd)
      throw new InvariantError('Expected the tiles of a segment in order', { tileIndex: tile.tileIndex });
    if (tile.rowGroup !== null) await silver.append(tile.rowGroup, segment.index);
    if (this.#isCheckpointed(segment)) await this.#keepPlots(segment, tile);
    this.#counts = sumOfCounts(this.#counts, tile.counts);
    if (tile.stored !== null) this.#stored.set(tile.stored.tileIndex, tile.stored);
    if (tile.tileIndex + 1 === segment.tileEnd) await this.#end(segment);
    await this.#writeCheckpoints();
  }

  /** Removes what is half written. */
  async abort(): Promise<void> {
    await Promise.all([this.#target.silver.abort(), this.#plots?.abort()]);
    this.#plots = null;
  }

  #isCheckpointed({ index }: TileSegment): boolean {
    return index < this.#target.segments.length - 1;
  }

  async #keepPlots({ index }: TileSegment, tile: TileResult): Promise<void> {
    const { hasPlots, warehouse, processingId } = this.#target;
    if (!hasPlots) return;
    this.#plots ??= await warehouse.write(controlKeys.checkpointPlots(processingId, index));
    await this.#plots.append(encodePlotValues(tile));
  }

  async #end(segment: TileSegment): Promise<void> {
    const staged = await this.#target.silver.finishFile();
    if (staged !== null) this.#dataFiles.push(staged.dataFile);
    const plots = (await this.#plots?.commit()) ?? null;
    this.#plots = null;
    if (this.#isCheckpointed(segment)) {
      const { pixelCount, rowCount, saturatedPixelCount, lowReferencePixelCount } = this.#counts;
      this.#ended.push({
        segment,
        file: {
          data_file: staged === null ? null : { ...staged.dataFile, splitOffsets: [...staged.dataFile.splitOffsets] },
          data_object: versionOf(staged?.object ?? null),
          plots_object: versionOf(plots),
          counts: {
            pixel_count: pixelCount,
            row_count: rowCount,
            saturated_pixel_count: saturatedPixelCount,
            low_reference_pixel_count: lowReferencePixelCount,
          },
        },
      });
    }
    this.#counts = noCounts;
    this.#segmentIndex++;
  }

  /** In order, so that no checkpoint stands before the one it follows. */
  async #writeCheckpoints(): Promise<void> {
    const { warehouse, processingId, source } = this.#target;
    for (let ended = this.#ended[0]; ended !== undefined; ended = this.#ended[0]) {
      const { segment, file } = ended;
      const bronze = source === 'bronze' ? [] : this.#takeStored(segment);
      if (bronze === null) return;
      const checkpoint: Checkpoint = {
        format_version: 1,
        tile_start: segment.tileStart,
        tile_end: segment.tileEnd,
        source,
        bronze_objects: bronze.flatMap(({ objects }) => objects),
        ...file,
      };
      await writeRecord(warehouse, controlKeys.checkpoint(processingId, segment.index), checkpoint);
      this.#ended.shift();
    }
  }

  /** Bronze of a whole segment, or null while some of it may not be stored. */
  #takeStored({ tileStart, tileEnd }: TileSegment): StoredTile[] | null {
    const tiles: StoredTile[] = [];
    for (let tileIndex = tileStart; tileIndex < tileEnd; tileIndex++) {
      const tile = this.#stored.get(tileIndex);
      if (tile === undefined) return null;
      tiles.push(tile);
    }
    for (const { tileIndex } of tiles) this.#stored.delete(tileIndex);
    return tiles;
  }
}

export function sumOfCounts(left: PixelCounts, right: PixelCounts): PixelCounts {
  return {
    pixelCount: left.pixelCount + right.pixelCount,
    rowCount: left.rowCount + right.rowCount,
    saturatedPixelCount: left.saturatedPixelCount + right.saturatedPixelCount,
    lowReferencePixelCount: left.lowReferencePixelCount + right.lowReferencePixelCount,
  };
}

function versionOf(facts: ObjectFacts | null): Checkpoint['data_object'] {
  return facts === null ? null : objectVersions([facts])[0]!;
}
