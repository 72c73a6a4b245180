import type { DataFile } from '#core/formats/iceberg/data-file.ts';
import { type PublishContext, publish, type TableChange } from '#core/formats/iceberg/publish.ts';
import type { ColumnValues } from '#core/formats/parquet/column-values.ts';
import { encodeParquet } from '#core/formats/parquet/parquet-file.ts';
import { dataFileKey } from '#core/pipeline/stage-table.ts';
import type { ColumnDefinition, TableDefinition } from '#schemas/table-definition.ts';

/** Every column type of ours, partitioned as silver is. */
export const samples: TableDefinition = {
  namespace: 'silver',
  name: 'samples',
  doc: 'Rows of every type',
  columns: (
    [
      [1, 'farm_id', 'string', true],
      [2, 'day', 'date', true],
      [3, 'line', 'int', true],
      [4, 'acquired_at', 'timestamptz', false],
      [5, 'lon', 'double', false],
      [6, 'cell', 'long', false],
      [7, 'good', 'boolean', false],
      [8, 'note', 'string', false],
    ] as const
  ).map(([id, name, type, required]) => ({ id, name, type, required, doc: `The ${name}`, metrics: 'full' })),
  partition: [
    { id: 1000, name: 'farm_id', sourceColumn: 'farm_id', transform: 'identity' },
    { id: 1001, name: 'day_day', sourceColumn: 'day', transform: 'day' },
  ],
};

export const red: ColumnDefinition = {
  id: 16_700,
  name: 'r0670',
  type: 'float',
  required: false,
  doc: 'Reflectance at 670 nm',
  metrics: 'none',
};

/** Rows of one file: `line` counts from `firstLine`, everything else follows from it. */
export interface SampleFile {
  readonly farm: string;
  readonly day: number;
  readonly firstLine: number;
  readonly rowCount: number;
  readonly hasRed?: boolean;
}

export async function writeSamples(context: PublishContext, file: SampleFile): Promise<DataFile> {
  const lines = Array.from({ length: file.rowCount }, (_, row) => file.firstLine + row);
  const columns = file.hasRed === true ? [...samples.columns, red] : samples.columns;
  const values: ColumnValues[] = [
    { kind: 'constant', value: file.farm },
    { kind: 'constant', value: file.day },
    { kind: 'int32', values: Int32Array.from(lines), validMask: null },
    { kind: 'int64', values: BigInt64Array.from(lines, (line) => BigInt(line) * 1_000_001n), validMask: null },
    { kind: 'float64', values: Float64Array.from(lines, (line) => (line % 3 === 0 ? Number.NaN : line / 8)) },
    { kind: 'int64', values: BigInt64Array.from(lines, (line) => 2n ** 60n + BigInt(line)), validMask: null },
    { kind: 'booleans', values: lines.map((line) => line % 2 === 0) },
    { kind: 'strings', values: lines.map((line) => (line % 5 === 0 ? null : `note ${line} ${'ä'.repeat(100)}`)) },
  ];
  if (file.hasRed === true) values.push({ kind: 'packed', values: Int16Array.from(lines) });
  const { bytes, facts } = encodeParquet(columns, values, lines.length);
  const partition = { farm_id: file.farm, day_day: file.day };
  const key = dataFileKey(samples, partition, `${file.firstLine}.parquet`);
  await context.warehouse.put(key, bytes);
  return facts.dataFile(`${context.warehouse.rootUri}/${key}`, partition, bytes.length);
}

export function change(commitId: string, parts: Partial<TableChange>): TableChange {
  return { commitId, extraColumns: [], addFiles: [], removePaths: [], summary: {}, ...parts };
}

/**
 * A first append, a new column, a replacement, a removal, and so many small commits that manifests are merged.
 * @returns Lines that are live at the end.
 */
export async function publishHistory(context: PublishContext): Promise<number[]> {
  const first = await writeSamples(context, { farm: 'knox', day: 20_600, firstLine: 0, rowCount: 100 });
  const old = await writeSamples(context, { farm: 'knox', day: -1, firstLine: 100, rowCount: 50 });
  const lost = await writeSamples(context, { farm: 'a_b-c', day: 20_600, firstLine: 150, rowCount: 50 });
  await publish(context, samples, change('first', { addFiles: [first, old, lost] }));
  const banded = await writeSamples(context, {
    farm: 'knox',
    day: 20_601,
    firstLine: 200,
    rowCount: 100,
    hasRed: true,
  });
  await publish(context, samples, change('evolve', { addFiles: [banded], extraColumns: [red] }));
  const again = await writeSamples(context, {
    farm: 'knox',
    day: 20_600,
    firstLine: 300,
    rowCount: 100,
    hasRed: true,
  });
  await publish(context, samples, change('replace', { addFiles: [again], removePaths: [first.path] }));
  await publish(context, samples, change('remove', { removePaths: [lost.path] }));
  for (let commit = 0; commit < 110; commit++) {
    const day = 20_700 + (commit % 7);
    const file = await writeSamples(context, { farm: 'linn', day, firstLine: 1000 + commit, rowCount: 1 });
    await publish(context, samples, change(`small ${commit}`, { addFiles: [file] }));
  }
  const range = (start: number, end: number) => Array.from({ length: end - start }, (_, index) => start + index);
  return [...range(100, 150), ...range(200, 400), ...range(1000, 1110)];
}
