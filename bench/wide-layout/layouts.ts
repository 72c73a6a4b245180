import { encodeSingleValue } from '#core/formats/iceberg/single-value.ts';
import type { IcebergType, SchemaField } from '#core/formats/iceberg/table-metadata.ts';
import { bandColumns } from '#schemas/band-column.ts';
import type { ColumnDefinition, TableDefinition } from '#schemas/table-definition.ts';

/** `columns`: a FLOAT per band; `list`: one list<float>; `groups`: lists of 32 neighbouring bands. */
export type LayoutName = 'columns' | 'list' | 'groups';
export type Engine = 'duckdb' | 'spark' | 'trino';

export const layoutNames: readonly LayoutName[] = ['columns', 'list', 'groups'];
export const bandCounts = [224, 285, 426, 1000];
/** Spark and Trino are asked the narrowest and the widest only. */
export const engineBandCounts = [224, 1000];
export const fileCounts = [1, 100, 10_000];
export const pixelCount = 65_536;
export const rowGroupPixelCount = 16_384;
export const plotPixelCount = 256;
const groupBandCount = 32;
const farmCount = 100;
export const firstDay = 20_574;

/** Even steps from 400 to 2500 nm; each band has a nanometre of its own. */
export function wavelengthsNm(bandCount: number): number[] {
  return Array.from({ length: bandCount }, (_, band) => 400 + (2100 * band) / (bandCount - 1));
}

const key = (id: number, name: string, type: ColumnDefinition['type']): ColumnDefinition => ({
  id,
  name,
  type,
  required: true,
  doc: name,
  metrics: 'full',
});

/** Fewer key columns than silver has: they are the same in each layout. */
export const keyColumns: readonly ColumnDefinition[] = [
  key(1, 'farm_id', 'string'),
  key(2, 'acquisition_date', 'date'),
  key(3, 'cube_id', 'string'),
  key(4, 'line', 'int'),
  key(5, 'sample', 'int'),
  key(6, 'plot_id', 'string'),
];

export function tableOf(name: string): TableDefinition {
  return {
    namespace: 'wide',
    name,
    doc: name,
    columns: keyColumns,
    partition: [
      { id: 1000, name: 'farm_id', sourceColumn: 'farm_id', transform: 'identity' },
      { id: 1001, name: 'acquisition_date_day', sourceColumn: 'acquisition_date', transform: 'day' },
    ],
  };
}

export function bandColumnsOf(bandCount: number): ColumnDefinition[] {
  return bandColumns(wavelengthsNm(bandCount)).filter((column) => column !== null);
}

export interface BandField {
  readonly id: number;
  readonly elementId: number | null;
  readonly name: string;
  /** Half open. */
  readonly bandStart: number;
  readonly bandEnd: number;
}

/** How the bands of one layout lie in a file. */
export function bandFields(layout: LayoutName, bandCount: number): BandField[] {
  if (layout === 'columns')
    return bandColumnsOf(bandCount).map(({ id, name }, band) => ({
      id,
      elementId: null,
      name,
      bandStart: band,
      bandEnd: band + 1,
    }));
  const size = layout === 'list' ? bandCount : groupBandCount;
  return Array.from({ length: Math.ceil(bandCount / size) }, (_, group) => ({
    id: 100 + 2 * group,
    elementId: 101 + 2 * group,
    name: layout === 'list' ? 'bands' : `bands_${String(group).padStart(2, '0')}`,
    bandStart: group * size,
    bandEnd: Math.min(bandCount, (group + 1) * size),
  }));
}

export function schemaFields(layout: LayoutName, bandCount: number): SchemaField[] {
  const typeOf = ({ elementId }: BandField): IcebergType =>
    elementId === null
      ? 'float'
      : { type: 'list', 'element-id': elementId, element: 'float', 'element-required': false };
  return bandFields(layout, bandCount).map((field) => ({
    id: field.id,
    name: field.name,
    required: false,
    type: typeOf(field),
  }));
}

/** File k of every table: farms first, then days; only the first farm and day is what the file itself says. */
export function farmDayOf(file: number): { readonly farm: string; readonly day: number } {
  return { farm: farmName(file % farmCount), day: firstDay + Math.floor(file / farmCount) };
}

const farmName = (farm: number) => `f${String(farm).padStart(3, '0')}`;

export function boundsOf(file: number): Record<string, string> {
  const { farm, day } = farmDayOf(file);
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return { 1: base64(encodeSingleValue('string', farm)), 2: base64(encodeSingleValue('date', day)) };
}

const farmDay = "farm_id = 'f000' AND acquisition_date = DATE '2026-05-01'";

/** EVI of a farm-day: three bands of every pixel. */
export function threeBandQuery(layout: LayoutName, bandCount: number, engine: Engine, from: string): string {
  const [blue, red, nir] = [470, 670, 800].map((nm) => bandExpression(layout, bandCount, engine, nm));
  return `SELECT count(*) AS pixels, avg(2.5 * (${nir} - ${red}) / (${nir} + 6 * ${red} - 7.5 * ${blue} + 1)) AS evi FROM ${from} WHERE ${farmDay}`;
}

/** Every band of the pixels of one plot, delivered to the client. */
export function spectrumQuery(layout: LayoutName, bandCount: number, from: string): string {
  const names = bandFields(layout, bandCount).map((field) => field.name);
  return `SELECT line, sample, ${names.join(', ')} FROM ${from} WHERE ${farmDay} AND plot_id = 'p100'`;
}

function bandExpression(layout: LayoutName, bandCount: number, engine: Engine, nm: number): string {
  const wavelengths = wavelengthsNm(bandCount);
  const band = wavelengths.reduce(
    (best, each, at) => (Math.abs(each - nm) < Math.abs(wavelengths[best]! - nm) ? at : best),
    0,
  );
  const field = bandFields(layout, bandCount).find((each) => band >= each.bandStart && band < each.bandEnd)!;
  if (field.elementId === null) return field.name;
  const position = band - field.bandStart;
  return `${field.name}[${engine === 'spark' ? position : position + 1}]`;
}
