import type { Granule } from '#schemas/manifest.ts';
import { goldPlotIndex, silverBands, silverReflectance } from '#schemas/tables.ts';
import type { Hdf5Opener } from '../../ports/hdf5-file.ts';
import type { TilePool } from '../../ports/tile-pool.ts';
import type { GranuleOutput, Payload, ProcessContext } from '../payload.ts';
import { compareCube } from './compare-cube.ts';
import { compareEdgeCube } from './compare-edge-cube.ts';
import { assembleCube, cubeGranuleKeyOf } from './cube-granule.ts';
import { estimateCube } from './cube-provenance.ts';
import { processCube } from './process-cube.ts';
import { removeCheckpoints } from './read-checkpoints.ts';

export interface CubeDependencies {
  readonly openHdf5: Hdf5Opener;
  readonly tilePool: TilePool;
  /** Bytes of rows after which a job that dies need not begin anew; those of a data file when absent. */
  readonly segmentBytesTarget?: number;
}

/** Hyperspectral cubes: raw to bronze, silver and gold in one pass over the tiles. */
export function cubePayload(dependencies: CubeDependencies): Payload {
  return {
    name: 'hyperspectral-cube',
    tables: [silverReflectance, silverBands, goldPlotIndex],
    granuleKeyOf: cubeGranuleKeyOf,
    assemble: assembleCube,
    process: (granule: Granule, context: ProcessContext): Promise<GranuleOutput> =>
      processCube(granule, context, dependencies),
    discardProgress: ({ processing_id, report }, { warehouse }) =>
      removeCheckpoints(warehouse, processing_id, Number(report['segment_count'] ?? 1)),
    estimate: estimateCube,
    compare: compareCube,
    compareEdge: compareEdgeCube,
  };
}
