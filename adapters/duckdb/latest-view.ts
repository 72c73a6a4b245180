import { dateOfDay } from '#core/day.ts';
import type { Filter } from '#core/formats/iceberg/scan.ts';
import { type GranuleProcessing, granuleColumns } from '#core/pipeline/latest-processing.ts';
import { silverReflectance } from '#schemas/tables.ts';
import { literal } from './quoting.ts';

/** `silver.latest`: silver.reflectance with one processing of each granule (core/pipeline/latest-processing.ts). */
export const latestView = { schema: silverReflectance.namespace, name: 'latest', table: silverReflectance.name };

export function isLatestView(schema: string, table: string): boolean {
  return schema.toLowerCase() === latestView.schema && table.toLowerCase() === latestView.name;
}

/** The part of a filter that is the same for all processings of a granule: others could hide the newest one. */
export function granuleFilter(conjuncts: readonly Filter[]): Filter[] {
  return conjuncts.filter((filter) => columnsIn(filter).every((column) => granuleColumns.has(column)));
}

function columnsIn(filter: Filter): string[] {
  if ('all' in filter) return filter.all.flatMap(columnsIn);
  return 'any' in filter ? filter.any.flatMap(columnsIn) : [filter.column];
}

/** Leaves out rows of these granules' other processings; null when there are none to leave out. */
export function latestCondition(contested: readonly GranuleProcessing[]): string | null {
  if (contested.length === 0) return null;
  const rows = contested.map(
    ({ farmId, day, cubeId, processingId }) =>
      `(${literal(farmId)}, DATE ${literal(dateOfDay(day))}, ${literal(cubeId)}, ${literal(processingId)})`,
  );
  return `NOT EXISTS (SELECT 1 FROM (VALUES ${rows.join(', ')}) AS newest(f, d, c, p) WHERE newest.f = farm_id AND newest.d = acquisition_date AND newest.c = cube_id AND newest.p <> processing_id)`;
}
