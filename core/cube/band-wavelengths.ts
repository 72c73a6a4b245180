/** Centres and widths in nanometres as far as the file says them, with what was odd. */
export interface BandWavelengths {
  readonly wavelengthNm: Float64Array | null;
  readonly fwhmNm: Float64Array | null;
  readonly warnings: readonly string[];
}

export interface StatedWavelengths {
  readonly wavelengths: ArrayLike<number> | null;
  readonly fwhm: ArrayLike<number> | null;
  readonly unit: string | null;
  readonly bandCount: number;
}

const nmPerUnit: readonly (readonly [RegExp, number])[] = [
  [/^(nm|nanomet(er|re)s?)\.?$/i, 1],
  [/^(um|µm|μm|micromet(er|re)s?|microns?)\.?$/i, 1000],
  [/^(mm|millimet(er|re)s?)\.?$/i, 1e6],
  [/^(angstroms?|å)\.?$/i, 0.1],
];

/** Units that are no lengths: a number in them is no wavelength without more knowledge. */
const otherQuantity = /^(wave\s?numbers?|cm-1|[kmgt]?hz|index)$/i;

/** No imaging spectrometer sees beyond these. */
const plausibleNmMin = 100;
const plausibleNmMax = 100_000;
/** No band centre is below 100 nm, and none of a reflective sensor above 100 um: the number tells the unit. */
const micrometreMax = 100;

/**
 * Band centres in nanometres. Without a unit, or with one that is not known or contradicts the numbers, values below 100
 * are micrometres and others nanometres, and a warning says so. What cannot be wavelengths is dropped with a warning.
 */
export function bandWavelengths(stated: StatedWavelengths): BandWavelengths {
  const warnings: string[] = [];
  const { wavelengths, fwhm, unit, bandCount } = stated;
  const noWavelengths: BandWavelengths = { wavelengthNm: null, fwhmNm: null, warnings };
  if (wavelengths === null || wavelengths.length === 0) return noWavelengths;
  if (wavelengths.length !== bandCount) {
    warnings.push(`The file lists ${wavelengths.length} wavelengths for ${bandCount} bands, so none is used.`);
    return noWavelengths;
  }
  if (!allPositive(wavelengths)) {
    warnings.push('The file lists wavelengths that are not positive numbers, so none is used.');
    return noWavelengths;
  }
  const factor = nmFactor(unit, greatest(wavelengths), warnings);
  if (factor === null) return noWavelengths;
  const wavelengthNm = scaled(wavelengths, factor);
  const [least, most] = [Math.min(...wavelengthNm), greatest(wavelengthNm)];
  if (least < plausibleNmMin || most > plausibleNmMax) {
    warnings.push(`The file lists ${least} to ${most} nm, which are no wavelengths, so none is used.`);
    return noWavelengths;
  }
  return { wavelengthNm, fwhmNm: widths(fwhm, factor, bandCount, warnings), warnings };
}

function widths(fwhm: ArrayLike<number> | null, factor: number, bandCount: number, warnings: string[]) {
  if (fwhm === null || fwhm.length === 0) return null;
  if (fwhm.length === bandCount && allPositive(fwhm)) return scaled(fwhm, factor);
  const found = fwhm.length === bandCount ? 'some that are not positive numbers' : `${fwhm.length}`;
  warnings.push(`Expected ${bandCount} band widths (fwhm), got ${found}; none is used.`);
  return null;
}

/** Nanometres in one unit of the file, or null when it cannot be known. */
function nmFactor(unit: string | null, greatestValue: number, warnings: string[]): number | null {
  const inferred = greatestValue < micrometreMax ? 1000 : 1;
  const inferredName = inferred === 1 ? 'nanometres' : 'micrometres';
  const text = unit?.trim() ?? '';
  if (text === '' || /^unknown$/i.test(text)) {
    warnings.push(`The file names no wavelength unit; ${inferredName} are taken from the values.`);
    return inferred;
  }
  const known = nmPerUnit.find(([pattern]) => pattern.test(text));
  if (known !== undefined) {
    const greatestNm = greatestValue * known[1];
    if (greatestNm >= plausibleNmMin && greatestNm <= plausibleNmMax) return known[1];
    warnings.push(`Wavelengths in ${text} up to ${greatestValue} contradict each other; ${inferredName} are taken.`);
    return inferred;
  }
  if (otherQuantity.test(text)) {
    warnings.push(`The file gives ${text} instead of wavelengths; none is used.`);
    return null;
  }
  warnings.push(`The wavelength unit "${text.slice(0, 40)}" is not known; ${inferredName} are taken from the values.`);
  return inferred;
}

const namedWavelength = /(\d+(?:\.\d+)?)\s*(nm|nanomet(?:er|re)s?|um|µm|μm|micromet(?:er|re)s?|microns?)(?![a-z])/i;

/**
 * Centres in nanometres from band names: `376.86 Nanometers`, `Band 3 (0.55 um)`, or bare numbers that ascend and have
 * decimals, as counting numbers do not. Null unless every name holds one.
 */
export function wavelengthsOfNames(
  names: readonly string[],
): { readonly wavelengthNm: Float64Array; readonly warnings: readonly string[] } | null {
  const matches = names.map((name) => namedWavelength.exec(name));
  if (names.length === 0) return null;
  if (matches.every((match) => match !== null)) {
    const wavelengthNm = Float64Array.from(matches, (match) => Number(match[1]) * (/^n/i.test(match[2]!) ? 1 : 1000));
    return allPositive(wavelengthNm) ? { wavelengthNm, warnings: [] } : null;
  }
  const values = Float64Array.from(names, (name) => (/^\s*\d+(\.\d+)?\s*$/.test(name) ? Number(name) : Number.NaN));
  const ascend = values.every((value, band) => band === 0 || value > values[band - 1]!);
  const isPlausible = values.every((value) => value >= plausibleNmMin && value <= plausibleNmMax);
  if (!ascend || !isPlausible || values.every(Number.isInteger)) return null;
  return { wavelengthNm: values, warnings: ['Band names are taken as wavelengths in nanometres.'] };
}

function allPositive(values: ArrayLike<number>): boolean {
  for (let index = 0; index < values.length; index++) {
    if (!(values[index]! > 0 && values[index]! < Number.POSITIVE_INFINITY)) return false;
  }
  return true;
}

function greatest(values: ArrayLike<number>): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < values.length; index++) most = Math.max(most, values[index]!);
  return most;
}

function scaled(values: ArrayLike<number>, factor: number): Float64Array {
  const result = new Float64Array(values.length);
  // Dividing by 10 is exact where multiplying by 0.1 is not; micrometres are rounded to what a double says of them.
  for (let index = 0; index < values.length; index++) {
    result[index] = factor === 1 ? values[index]! : Number((values[index]! * factor).toPrecision(12));
  }
  return result;
}
