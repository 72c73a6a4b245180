import type { ColumnDefinition } from './table-definition.ts';

/** Band columns have ids from here on: 10 000 + wavelength in tenths of a nanometre, so that no two writers need to agree. */
const bandColumnIdBase = 10_000;

/**
 * Names the column of each band by its nominal wavelength: `r0670`. Where two bands of one cube share a nanometre, all of
 * that nanometre get a decimal: `r0670_1`, `r0670_6`.
 *
 * The id follows from the name (10 000 + tenths of a nanometre), so that every sensor and every job gives the same column
 * the same Iceberg field id without asking anyone.
 *
 * @param wavelengthNm Band centres, shape [bands], any order.
 * @returns One column for each band; null for a band whose tenth of a nanometre an earlier band has taken.
 */
export function bandColumns(wavelengthNm: ArrayLike<number>): (ColumnDefinition | null)[] {
  const countByNm = new Map<number, number>();
  for (let band = 0; band < wavelengthNm.length; band++) {
    const nm = Math.round(wavelengthNm[band]!);
    countByNm.set(nm, (countByNm.get(nm) ?? 0) + 1);
  }
  const taken = new Set<number>();
  return Array.from({ length: wavelengthNm.length }, (_, band) => {
    const wanted = wavelengthNm[band]!;
    const nm = Math.round(wanted);
    const tenths = countByNm.get(nm) === 1 ? nm * 10 : Math.round(wanted * 10);
    if (taken.has(tenths)) return null;
    taken.add(tenths);
    return bandColumn(tenths);
  });
}

function bandColumn(tenths: number): ColumnDefinition {
  const nm = Math.floor(tenths / 10);
  const decimal = tenths % 10;
  const whole = `r${String(nm).padStart(4, '0')}`;
  return {
    id: bandColumnIdBase + tenths,
    name: decimal === 0 ? whole : `${whole}_${decimal}`,
    type: 'float',
    required: false,
    doc: `Reflectance at ${decimal === 0 ? nm : `${nm}.${decimal}`} nm`,
    metrics: 'none',
  };
}
