import { createHash } from 'node:crypto';
import { edgeProcessingId } from '#core/edge/edge-processing.ts';
import { plotParts } from '#core/edge/plot-parts.ts';
import { encodeRowGroup, rowGroupScratch } from '#core/formats/parquet/encode-row-group.ts';
import type { ParquetColumn } from '#core/formats/parquet/parquet-column.ts';
import { ParquetFileFacts, parquetMagic } from '#core/formats/parquet/parquet-file.ts';
import type { LogMessage } from '#core/ports/part-log.ts';
import { type CellFacts, partFactsKey, partMediaType, partTypes } from '#schemas/edge-messages.ts';

export const deviceId = 'tractor-1';
export const granuleKeyOf = (name: string): string => `raw_cubes/eu/farm-a/2026/07/01/${name}`;

/** A part as the log gets it, and what it should come to. */
export interface SmallPart {
  readonly id: string;
  readonly granuleKey: string;
  readonly table: 'silver' | 'gold';
  readonly rowCount: number;
  readonly message: LogMessage;
}

const whole = (id: number, name: string, required = true): ParquetColumn => ({
  id,
  name,
  type: 'int',
  required,
  metrics: 'none',
});

const columns: readonly ParquetColumn[] = [
  whole(8, 'line'),
  whole(9, 'sample'),
  { id: 15, name: 'plot_id', type: 'string', required: false, metrics: 'none' },
  whole(17, 'pixel_count'),
  whole(16, 'quality'),
  whole(16_700, 'r0670', false),
];

/** Cells of one band; `first` tells parts of a granule apart. */
/** @param said Facts that are others than those of its rows. */
export function cellsPart(name: string, first: number, rowCount: number, said: Partial<CellFacts> = {}): SmallPart {
  const numbers = (start: number) => Int32Array.from({ length: rowCount }, (_, row) => start + row);
  const file = new ParquetFileFacts(columns);
  const group = encodeRowGroup(
    columns,
    [
      { kind: 'int32', values: numbers(first), validMask: null },
      { kind: 'int32', values: numbers(0), validMask: null },
      { kind: 'constant', value: null },
      { kind: 'int32', values: new Int32Array(rowCount).fill(4), validMask: null },
      { kind: 'int32', values: new Int32Array(rowCount), validMask: null },
      { kind: 'splitInt32', values: numbers(first), validMask: null },
    ],
    rowCount,
    rowGroupScratch(),
  );
  file.add(group);
  const granuleKey = granuleKeyOf(name);
  const facts = {
    granule_key: granuleKey,
    device: deviceId,
    mode: 'cells',
    acquired_at: '2026-07-01T10:00:00.000Z',
    sensor_id: 'toy',
    georeference: { crs: '+proj=utm +zone=32 +datum=WGS84 +units=m +no_defs', transform: [1, 0, 6e5, 0, -1, 53e5] },
    line_count: first + rowCount,
    sample_count: rowCount,
    cell_size: 2,
    reflectance_precision: 2e-4,
    index_precision: 1e-4,
    ndvi_min: null,
    bands_used: {},
    ...said,
  };
  const bytes = Buffer.concat([parquetMagic, group.bytes, file.footer({ [partFactsKey]: JSON.stringify(facts) })]);
  return { table: 'silver', rowCount, granuleKey, ...messageOf(bytes, granuleKey, partTypes.cells) };
}

export function plotsPart(name: string, plotId: string, mean: number): SmallPart {
  const granuleKey = granuleKeyOf(name);
  const row = {
    farm_id: 'farm-a',
    acquisition_date: 20_635,
    cube_id: name,
    processing_id: edgeProcessingId(granuleKey),
    plot_id: plotId,
    crop: 'wheat',
    crop_row: 1,
    spectral_index: 'ndvi',
    pixel_count: 10,
    valid_count: 10,
    valid_fraction: 1,
    mean,
    sd: 0.1,
  };
  const [bytes] = plotParts([row], { granule_key: granuleKey, device: deviceId, mode: 'plots' }, 100_000);
  return { table: 'gold', rowCount: 1, granuleKey, ...messageOf(bytes!, granuleKey, partTypes.plots) };
}

function messageOf(bytes: Uint8Array, subject: string, type: string): Pick<SmallPart, 'id' | 'message'> {
  const id = createHash('sha256').update(bytes).digest('hex');
  const attributes = { ce_specversion: '1.0', ce_id: id, ce_source: deviceId, ce_type: type, ce_subject: subject };
  return { id, message: { key: subject, headers: { ...attributes, 'content-type': partMediaType }, value: bytes } };
}
