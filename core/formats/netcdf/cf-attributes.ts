import type { CubeHeader, Quantity } from '../../cube/cube.ts';
import type { Hdf5Attribute } from '../../ports/hdf5-file.ts';

export type Attributes = ReadonlyMap<string, Hdf5Attribute>;

/** The first of some attributes that is one finite number. */
export function numberAttribute(attributes: Attributes, names: readonly string[]): number | null {
  for (const name of names) {
    const value = attributes.get(name);
    const number = typeof value === 'bigint' ? Number(value) : value;
    if (typeof number === 'number' && Number.isFinite(number)) return number;
    // Some writers store numbers as text.
    if (typeof number === 'string' && /^[-+]?\d[\d.]*(e[-+]?\d+)?$/i.test(number.trim())) return Number(number);
  }
  return null;
}

export function textAttribute(attributes: Attributes, names: readonly string[]): string | null {
  for (const name of names) {
    const value = attributes.get(name);
    if (typeof value === 'string' && value.trim() !== '') return value.trim();
  }
  return null;
}

/** What the stored numbers of a variable mean. @source CF conventions 1.11, sections 2.5.1 and 8.1. */
export function cfMeaning(attributes: Attributes, name: string): Pick<CubeHeader, 'fillValue' | 'scale' | 'quantity'> {
  const factor = numberAttribute(attributes, ['scale_factor']);
  const offset = numberAttribute(attributes, ['add_offset']);
  const scale =
    (factor === null && offset === null) || factor === 0
      ? null
      : { factor: factor ?? 1, offset: offset ?? 0, source: factor === null ? 'add_offset' : 'scale_factor' };
  const fillValue = numberAttribute(attributes, [
    '_FillValue',
    'missing_value',
    'Data_Ignore_Value',
    'nodata',
    'NoData',
  ]);
  return { fillValue, scale, quantity: cfQuantity(attributes, name) };
}

/** Only what is said without doubt: an uncertainty is no reflectance, and neither is reflectance above the atmosphere. */
function cfQuantity(attributes: Attributes, name: string): Quantity {
  const words = [textAttribute(attributes, ['standard_name']), textAttribute(attributes, ['long_name']), name].filter(
    (text) => text !== null,
  );
  const all = words.join(' ');
  if (/uncertain|error|_err\b|std|deviation|variance|mask|flag/i.test(all)) return 'unknown';
  if (/reflectance/i.test(all)) return /\btoa|top.of.(the.)?atmosphere/i.test(all) ? 'unknown' : 'reflectance';
  if (/radiance/i.test(all)) return 'radiance';
  const units = textAttribute(attributes, ['units', 'Units']) ?? '';
  if (/\bw\b.*\bsr\b/i.test(units.replace(/[/_^.-]/g, ' '))) return 'radiance';
  return /^(counts?|dn|digital numbers?)$/i.test(units) ? 'counts' : 'unknown';
}
