import { statedTime } from '../../cube/acquisition-time.ts';
import type { CubeHeader, CubeOverrides, CubeReader } from '../../cube/cube.ts';
import { lineWindow } from '../../cube/line-window.ts';
import { FormatError } from '../../errors.ts';
import type { ByteSource } from '../../ports/byte-source.ts';
import type { Hdf5File } from '../../ports/hdf5-file.ts';
import { textAttribute } from '../netcdf/cf-attributes.ts';
import { type PixelPositions, readPositions } from '../netcdf/cf-grid.ts';
import type { ListedDataset } from './list-datasets.ts';

/** One open file and what was learned of it. */
export interface Hdf5Context {
  readonly file: Hdf5File;
  readonly source: ByteSource;
  readonly datasets: readonly ListedDataset[];
  readonly overrides: CubeOverrides;
}

/** What the whole file says of its acquisition. */
export function fileFacts(file: Hdf5File): Pick<CubeHeader, 'acquiredAt' | 'sensorId'> {
  const attributes = file.attributes('/');
  const time = textAttribute(attributes, ['time_coverage_start', 'acquisition_time', 'start_time']);
  const sensor = textAttribute(attributes, ['instrument', 'sensor']);
  return { acquiredAt: time === null ? null : (statedTime(time)?.utc ?? null), sensorId: sensor?.slice(0, 64) ?? null };
}

export function locationReader(
  file: Hdf5File,
  positions: PixelPositions | null,
  header: CubeHeader,
): CubeReader['readLocations'] {
  return async (range) => {
    if (positions === null || header.georeference?.kind !== 'locations') return null;
    const { lineStart, lineCount } = lineWindow(range, header);
    return readPositions(file, positions, [lineStart, lineStart + lineCount], header.sampleCount);
  };
}

/** @throws FormatError. Disposition: quarantine. */
export function noCube(source: ByteSource): FormatError {
  return new FormatError(
    `Expected a 3-D dataset, or 2-D datasets named by band, got neither (${source.name}). Name the cube: --dataset PATH, or dataset in the capture sidecar.`,
    { path: source.name },
  );
}
