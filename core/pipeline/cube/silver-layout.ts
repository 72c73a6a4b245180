import { bandColumns } from '#schemas/band-column.ts';
import type { ColumnDefinition } from '#schemas/table-definition.ts';
import { silverReflectance } from '#schemas/tables.ts';
import { MissingFactError } from '../../errors.ts';
import type { SilverLayout } from './tile-setup.ts';

/** The columns of one cube's silver files: the key columns, then a column per band. */
export interface SilverColumns {
  readonly layout: Pick<SilverLayout, 'columns' | 'bandOfColumn'>;
  /** Band columns for the table's schema. */
  readonly bandColumns: readonly ColumnDefinition[];
  /** Column name of each band; null for a band that shares its tenth of a nanometre with an earlier one. */
  readonly columnOfBand: readonly (string | null)[];
}

/** @throws MissingFactError without wavelengths: a silver column is named by its wavelength. Disposition: quarantine. */
export function silverColumnsOf(wavelengthNm: Float64Array | null, where: string): SilverColumns {
  if (wavelengthNm === null) {
    throw new MissingFactError(
      `Expected the wavelength of each band, got none (${where}). Give --wavelengths FILE (one number in nm per line), --sensor PROFILE.json, or wavelengths_nm in the capture sidecar.`,
      { where },
    );
  }
  const columnOfBand = bandColumns(wavelengthNm);
  const ordered = columnOfBand
    .map((column, band) => ({ column, band }))
    .filter((entry): entry is { column: ColumnDefinition; band: number } => entry.column !== null)
    .sort((a, b) => a.column.id - b.column.id);
  return {
    layout: {
      columns: [...silverReflectance.columns, ...ordered.map((entry) => entry.column)],
      bandOfColumn: ordered.map((entry) => entry.band),
    },
    bandColumns: ordered.map((entry) => entry.column),
    columnOfBand: columnOfBand.map((column) => column?.name ?? null),
  };
}
