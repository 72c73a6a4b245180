import type { CubeReader } from '../../cube/cube.ts';
import { CalibrationError } from '../../errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { Progress } from '../../ports/progress.ts';
import { packedFill } from '../../radiometry/quality.ts';
import { BronzeTileWriter } from './bronze-tiles.ts';
import type { Calibration } from './calibration-plan.ts';
import { tileMemory } from './tile-memory.ts';
import { tileCountOf, tileGridOf, tileRange } from './tile-setup.ts';
import { rawTileSource } from './tile-source.ts';
import { writeBronzeGroup } from './write-bronze-group.ts';

export interface CalibrateRequest {
  readonly reader: CubeReader;
  readonly calibration: Calibration;
  readonly warehouse: ObjectStore;
  readonly rootKey: string;
  /** What the provenance says of the inputs. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly progress: Progress;
}

/**
 * One cube to a bronze group, without a lake: the same tiles, kernel and writer as in the flow.
 * @throws CalibrationError when no pixel has a value. Disposition: quarantine.
 */
export async function calibrateCube(request: CalibrateRequest): Promise<void> {
  const { reader, calibration, warehouse, rootKey, progress } = request;
  const grid = tileGridOf(reader.header);
  const memory = tileMemory(grid);
  const bronze = new BronzeTileWriter(warehouse, rootKey, grid, reader.header.georeference?.crs ?? null, memory);
  const source = rawTileSource(grid, reader, calibration.coefficients, memory, bronze);
  const tileCount = tileCountOf(grid);
  let hasValue = false;
  for (let tileIndex = 0; tileIndex < tileCount; tileIndex++) {
    const range = tileRange(grid, tileIndex);
    const { tile } = await source.read(range);
    const valueCount = grid.bandCount * (range.lineEnd - range.lineStart) * grid.sampleCount;
    hasValue ||= tile.packed.subarray(0, valueCount).some((value) => value !== packedFill);
    progress.report('Tile:Calibrate:Done', { done: tileIndex + 1, total: tileCount });
  }
  await source.finish();
  if (!hasValue) {
    throw new CalibrationError(
      'Expected pixels with a value, got none. The cube holds only fill values or NaN; check the file and its fill value.',
    );
  }
  await writeBronzeGroup({ ...request, header: reader.header });
}
