import type { Checkpoint } from '#schemas/checkpoint.ts';
import type { Granule } from '#schemas/manifest.ts';
import type { CubeHeader } from '../../cube/cube.ts';
import { dayOfDate } from '../../day.ts';
import type { DataFile } from '../../formats/iceberg/data-file.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { TilePool } from '../../ports/tile-pool.ts';
import type { ProcessContext } from '../payload.ts';
import { cubeIdentity } from './cube-granule.ts';
import type { CubePlots } from './cube-plots.ts';
import type { PlotIndexGatherer } from './plot-index-rows.ts';
import { readPlotValues } from './plot-values.ts';
import { readCheckpoints, renewCheckpoints } from './read-checkpoints.ts';
import type { SilverColumns } from './silver-layout.ts';
import { SegmentStager, sumOfCounts } from './stage-segments.ts';
import { SilverStager } from './stage-silver.ts';
import { tileSegmentsOf } from './tile-segments.ts';
import { type BronzeSource, type CubeSource, type PixelCounts, type TileSetup, tileCountOf } from './tile-setup.ts';

export interface FlattenRequest {
  readonly granule: Granule;
  readonly context: ProcessContext;
  readonly tilePool: TilePool;
  readonly header: CubeHeader;
  readonly goodBands: Uint8Array;
  readonly source: CubeSource | BronzeSource;
  readonly plots: CubePlots | null;
  readonly processingId: string;
  /** Size of a segment, where it is not that of a data file. */
  readonly segmentBytesTarget?: number;
}

export interface StagedTiles {
  readonly totals: PixelCounts;
  readonly silverFiles: readonly DataFile[];
  readonly segmentCount: number;
  /** First tile that this attempt worked on. */
  readonly resumedTile: number;
}

/**
 * Rows of all tiles, those of earlier attempts included, to silver; values by plot to the gatherer. Goes on at the last
 * checkpoint that an earlier attempt has left.
 */
export async function stageTiles(
  request: FlattenRequest,
  { layout }: SilverColumns,
  setup: TileSetup,
  gatherer: PlotIndexGatherer,
): Promise<StagedTiles> {
  const { context, processingId, tilePool, source, granule, plots } = request;
  const { warehouse, progress, step } = context;
  const segments = tileSegmentsOf(setup, request.segmentBytesTarget);
  const origin = { source: source.kind, bronzeRootKey: source.bronzeRootKey };
  const done = await readCheckpoints(warehouse, processingId, segments, origin);
  await renewCheckpoints(warehouse, processingId, done);
  let totals = await gatherDone(warehouse, done, gatherer, setup.indices.length);
  const stager = new SegmentStager({
    warehouse,
    processingId,
    source: source.kind,
    silver: new SilverStager(warehouse, layout.columns, partitionOf(request), processingId),
    segments,
    doneCount: done.length,
    hasPlots: plots !== null,
  });
  const total = tileCountOf(setup);
  const resumedTile = done.at(-1)?.tile_end ?? 0;
  if (resumedTile > 0) progress.report('Granule:Process:Resumed', { granule: granule.granule_key, resumedTile, total });
  try {
    await tilePool.process(
      setup,
      async (tile) => {
        await stager.add(tile);
        gatherer.add(tile);
        totals = sumOfCounts(totals, tile.counts);
        progress.report('Tile:Process:Done', { granule: granule.granule_key, done: tile.tileIndex + 1, total });
        step(`tile:${tile.tileIndex}`);
      },
      resumedTile,
    );
  } finally {
    await stager.abort();
  }
  const earlier = done.flatMap(({ data_file }) => (data_file === null ? [] : [data_file]));
  return { totals, silverFiles: [...earlier, ...stager.dataFiles], segmentCount: segments.length, resumedTile };
}

/** Adds up what earlier attempts have left, in the order of its tiles, as if they were processed now. */
async function gatherDone(
  warehouse: ObjectStore,
  done: readonly Checkpoint[],
  gatherer: PlotIndexGatherer,
  indexCount: number,
): Promise<PixelCounts> {
  let totals: PixelCounts = { pixelCount: 0, rowCount: 0, saturatedPixelCount: 0, lowReferencePixelCount: 0 };
  for (const { plots_object, counts } of done) {
    totals = sumOfCounts(totals, {
      pixelCount: counts.pixel_count,
      rowCount: counts.row_count,
      saturatedPixelCount: counts.saturated_pixel_count,
      lowReferencePixelCount: counts.low_reference_pixel_count,
    });
    if (plots_object === null) continue;
    const source = await warehouse.open(plots_object.key, { etag: plots_object.etag });
    try {
      for await (const values of readPlotValues(source, indexCount)) gatherer.add(values);
    } finally {
      await source.close();
    }
  }
  return totals;
}

export function partitionOf({ granule }: FlattenRequest): DataFile['partition'] {
  const { farmId, date } = cubeIdentity(granule.granule_key);
  return { farm_id: farmId, acquisition_date_day: dayOfDate(date) };
}
