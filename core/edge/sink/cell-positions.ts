import type { CellFacts } from '#schemas/edge-messages.ts';
import { coordinateSystemOfDefinition, transformer, wgs84 } from '../../cube/coordinate-system.ts';
import { mortonCells } from '../../cube/morton-cell.ts';
import type { ColumnValues } from '../../formats/parquet/column-values.ts';

export type PositionColumns = Readonly<Record<'x' | 'y' | 'lon' | 'lat' | 'cell', ColumnValues>>;

const unknown = { kind: 'constant', value: null } as const;

type PositionFacts = Pick<CellFacts, 'georeference' | 'cell_size' | 'line_count' | 'sample_count'>;

/**
 * Where the cells lie: the centre of each square of cell_size pixels, cut where the cube ends.
 *
 * @param line First line of each cell, shape [rows]; likewise `sample`. Within the cube.
 * @returns NULL without a georeference. Distances in units of the cube's system, lon and lat in WGS 84 degrees.
 * @throws GeometryError for a system that cannot be computed with. Disposition: quarantine.
 */
export function cellPositions(
  { georeference, cell_size: cellSize, line_count: lineCount, sample_count: sampleCount }: PositionFacts,
  line: Int32Array,
  sample: Int32Array,
): PositionColumns {
  if (georeference === null) return { x: unknown, y: unknown, lon: unknown, lat: unknown, cell: unknown };
  const system = coordinateSystemOfDefinition(georeference.crs, 'georeference of a part');
  const project = transformer(system, wgs84);
  const [a, b, c, d, e, f] = georeference.transform as [number, number, number, number, number, number];
  const rowCount = line.length;
  const columns = {
    x: newColumn(rowCount),
    y: newColumn(rowCount),
    lon: newColumn(rowCount),
    lat: newColumn(rowCount),
  };
  for (let row = 0; row < rowCount; row++) {
    const across = (sample[row]! + Math.min(sample[row]! + cellSize, sampleCount)) / 2;
    const down = (line[row]! + Math.min(line[row]! + cellSize, lineCount)) / 2;
    const x = a * across + b * down + c;
    const y = d * across + e * down + f;
    if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
    columns.x[row] = x;
    columns.y[row] = y;
    const [lon, lat] = project(x, y);
    if (!Number.isFinite(lon) || !Number.isFinite(lat)) continue;
    columns.lon[row] = lon;
    columns.lat[row] = lat;
  }
  const cell = new BigInt64Array(rowCount);
  const validMask = new Uint8Array(rowCount);
  mortonCells(columns.lon, columns.lat, rowCount, cell, validMask);
  return {
    x: { kind: 'float64', values: columns.x },
    y: { kind: 'float64', values: columns.y },
    lon: { kind: 'float64', values: columns.lon },
    lat: { kind: 'float64', values: columns.lat },
    cell: { kind: 'int64', values: cell, validMask: validMask.includes(0) ? validMask : null },
  };
}

function newColumn(rowCount: number): Float64Array {
  return new Float64Array(rowCount).fill(Number.NaN);
}
