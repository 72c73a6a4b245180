import { type PlotFacts, partFactsKey } from '#schemas/edge-messages.ts';
import { goldPlotIndex } from '#schemas/tables.ts';
import { FormatError, InvariantError } from '../errors.ts';
import { columnOfCells } from '../formats/parquet/cell-columns.ts';
import { encodeRowGroup, rowGroupScratch } from '../formats/parquet/encode-row-group.ts';
import { ParquetFileFacts, parquetMagic } from '../formats/parquet/parquet-file.ts';
import type { PlotValues } from '../pipeline/cube/plot-values.ts';
import type { Row } from '../pipeline/stage-table.ts';
import type { EdgeTile } from './edge-tile.ts';

/** Pixels of a tile that lie in a plot, and every index of theirs, as the cloud gathers them. */
export function plotValuesOf({ plotOfPixel, indexPlanes }: EdgeTile): PlotValues {
  if (plotOfPixel === null) return { plotOfPixel: new Int32Array(0), indexValues: new Float64Array(0) };
  const inPlot: number[] = [];
  for (let pixel = 0; pixel < plotOfPixel.length; pixel++) if (plotOfPixel[pixel]! >= 0) inPlot.push(pixel);
  const indexValues = new Float64Array(indexPlanes.length * inPlot.length).fill(Number.NaN);
  indexPlanes.forEach((plane, position) => {
    if (plane === null) return;
    for (let at = 0; at < inPlot.length; at++) indexValues[position * inPlot.length + at] = plane[inPlot[at]!]!;
  });
  return { plotOfPixel: Int32Array.from(inPlot, (pixel) => plotOfPixel[pixel]!), indexValues };
}

/**
 * Rows of gold.plot_index as Parquet files with that table's columns, none larger than `partBytesMax`.
 * @throws FormatError when one row does not fit. Disposition: quarantine.
 */
export function plotParts(rows: readonly Row[], facts: PlotFacts, partBytesMax: number): Uint8Array[] {
  if (rows.length === 0) return [];
  const bytes = encodeRows(rows, facts);
  if (bytes.length <= partBytesMax) return [bytes];
  if (rows.length === 1)
    throw new FormatError(
      `Expected rows of plots of at most ${partBytesMax} bytes, got one of ${bytes.length} (${facts.granule_key}). Give a larger --part-kib.`,
      { partBytesMax },
    );
  const half = rows.length >> 1;
  return [rows.slice(0, half), rows.slice(half)].flatMap((some) => plotParts(some, facts, partBytesMax));
}

function encodeRows(rows: readonly Row[], facts: PlotFacts): Uint8Array {
  const { columns } = goldPlotIndex;
  const file = new ParquetFileFacts(columns);
  const values = columns.map(({ name, type }) => {
    if (type === 'float') throw new InvariantError('Expected no float column in gold.plot_index', { name });
    return columnOfCells(
      type,
      rows.map((row) => row[name] ?? null),
    );
  });
  const group = encodeRowGroup(columns, values, rows.length, rowGroupScratch());
  file.add(group);
  return Buffer.concat([parquetMagic, group.bytes, file.footer({ [partFactsKey]: JSON.stringify(facts) })]);
}
