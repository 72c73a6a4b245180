import type { ParquetFooter, StoredRowGroup } from '../formats/parquet/read-footer.ts';

/** Rows of one cube by one processing: what a correction replaces. */
export interface GranuleRows {
  readonly cubeId: string;
  readonly processingId: string;
}

/** Key in a Parquet footer: which row groups hold which granule, for people and other programs; the bounds say the same. */
export const granulesKey = 'cubelake.granules';

/**
 * The granule that all rows of a row group belong to, by the bounds of its columns.
 * @returns null when there are several, or the table has no such columns.
 */
export function granuleOfRowGroup(
  footer: Pick<ParquetFooter, 'columns'>,
  group: Pick<StoredRowGroup, 'columns'>,
): GranuleRows | null {
  const cubeId = constantText(footer, group, 'cube_id');
  const processingId = constantText(footer, group, 'processing_id');
  return cubeId === null || processingId === null ? null : { cubeId, processingId };
}

function constantText(
  { columns }: Pick<ParquetFooter, 'columns'>,
  group: Pick<StoredRowGroup, 'columns'>,
  name: string,
): string | null {
  const chunk = group.columns[columns.findIndex((column) => column.name === name)];
  if (chunk === undefined || chunk.min === null || chunk.min !== chunk.max || chunk.nullCount > 0) return null;
  return Buffer.from(chunk.min, 'base64').toString('utf8');
}

/** Value of `granulesKey`: runs of row groups, half-open, of one granule each; mixed row groups are left out. */
export function describeGranules(granules: readonly (GranuleRows | null)[]): Record<string, string> {
  const runs: { cube_id: string; processing_id: string; row_group_start: number; row_group_end: number }[] = [];
  for (const [position, granule] of granules.entries()) {
    const last = runs.at(-1);
    if (granule === null) continue;
    const goesOn =
      last?.row_group_end === position &&
      last.cube_id === granule.cubeId &&
      last.processing_id === granule.processingId;
    if (goesOn) last.row_group_end++;
    else
      runs.push({
        cube_id: granule.cubeId,
        processing_id: granule.processingId,
        row_group_start: position,
        row_group_end: position + 1,
      });
  }
  return runs.length === 0 ? {} : { [granulesKey]: JSON.stringify(runs) };
}

export function isSameGranule(a: GranuleRows | null, b: GranuleRows): boolean {
  return a !== null && a.cubeId === b.cubeId && a.processingId === b.processingId;
}
