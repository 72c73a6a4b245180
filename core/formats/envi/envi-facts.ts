import { type StatedTime, statedTime } from '../../cube/acquisition-time.ts';
import { bandWavelengths, wavelengthsOfNames } from '../../cube/band-wavelengths.ts';
import type { CubeHeader, Quantity } from '../../cube/cube.ts';
import { type EnviFields, listItems, listNumbers } from './parse-header-text.ts';

type Spectral = Pick<CubeHeader, 'wavelengthNm' | 'fwhmNm' | 'goodBands' | 'bandNames'>;

/** Bands as the header describes them. */
export function enviBands({ values }: EnviFields, bandCount: number, warnings: string[]): Spectral {
  const names = listItems(values.get('band names') ?? '');
  const bandNames = names.length === bandCount ? names : null;
  if (names.length > 0 && bandNames === null) {
    warnings.push(`The header lists ${names.length} band names for ${bandCount} bands, so none is used.`);
  }
  const wavelengths = values.get('wavelength') ?? '';
  if (wavelengths === '') {
    const named = bandNames === null ? null : wavelengthsOfNames(bandNames);
    if (named !== null) warnings.push(...named.warnings);
    return {
      wavelengthNm: named?.wavelengthNm ?? null,
      fwhmNm: null,
      goodBands: goodBands(values, bandCount, warnings),
      bandNames,
    };
  }
  const bands = bandWavelengths({
    wavelengths: listNumbers(wavelengths),
    fwhm: values.has('fwhm') ? listNumbers(values.get('fwhm')!) : null,
    unit: values.get('wavelength units') ?? null,
    bandCount,
  });
  warnings.push(...bands.warnings);
  const { wavelengthNm, fwhmNm } = bands;
  return { wavelengthNm, fwhmNm, goodBands: goodBands(values, bandCount, warnings), bandNames };
}

function goodBands(values: ReadonlyMap<string, string>, bandCount: number, warnings: string[]): Uint8Array | null {
  const flags = listNumbers(values.get('bbl') ?? '');
  if (flags.length === 0) return null;
  if (flags.length === bandCount && flags.every((flag) => flag === 0 || flag === 1)) return Uint8Array.from(flags);
  warnings.push(`Expected ${bandCount} bad band flags (bbl) of 0 or 1, got ${flags.length} values; none is used.`);
  return null;
}

type Meaning = Pick<CubeHeader, 'fillValue' | 'scale' | 'quantity'>;

/** What the stored numbers mean. */
export function enviMeaning({ values }: EnviFields, warnings: string[]): Meaning {
  const fill = numberOf(values, 'data ignore value');
  const fillValue = fill === null || Number.isNaN(fill) ? null : fill;
  const factor = numberOf(values, 'reflectance scale factor');
  if (factor !== null && factor > 0 && Number.isFinite(factor)) {
    const scale = { factor: 1 / factor, offset: 0, source: 'reflectance scale factor' };
    return { fillValue, quantity: 'reflectance', scale };
  }
  for (const kind of ['data reflectance', 'data'] as const) {
    const scale = gainAndOffset(values, kind, warnings);
    if (scale === undefined) continue;
    // Gains that differ from band to band mean something, but not what one factor could say.
    if (scale === null) return { fillValue, scale, quantity: 'unknown' };
    return { fillValue, scale, quantity: kind === 'data' ? 'radiance' : 'reflectance' };
  }
  return { fillValue, scale: null, quantity: quantityOfUnits(values.get('data units') ?? '') };
}

/** Undefined when the header has none; null, with a warning, when they differ between bands. */
function gainAndOffset(values: ReadonlyMap<string, string>, kind: 'data' | 'data reflectance', warnings: string[]) {
  const gains = listNumbers(values.get(`${kind} gain values`) ?? '');
  const offsets = listNumbers(values.get(`${kind} offset values`) ?? '');
  if (gains.length === 0 && offsets.length === 0) return undefined;
  const factor = gains[0] ?? 1;
  const offset = offsets[0] ?? 0;
  const isOne = gains.every((gain) => gain === factor) && offsets.every((other) => other === offset);
  if (isOne && Number.isFinite(factor) && factor !== 0 && Number.isFinite(offset)) {
    return { factor, offset, source: `${kind} gain values` };
  }
  warnings.push(`The ${kind} gain and offset values differ between bands and are not applied; give one scale factor.`);
  return null;
}

function quantityOfUnits(units: string): Quantity {
  if (/reflectance/i.test(units)) return 'reflectance';
  if (/radiance|\bW\b.*\bsr\b/i.test(units)) return 'radiance';
  return /^(dn|counts?|digital numbers?|raw)$/i.test(units.trim()) ? 'counts' : 'unknown';
}

function numberOf(values: ReadonlyMap<string, string>, key: string): number | null {
  const text = values.get(key)?.replace(/[{}]/g, '').trim() ?? '';
  if (text === '') return null;
  if (/^[-+]?nan$/i.test(text)) return Number.NaN;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

type Capture = Pick<CubeHeader, 'acquiredAt' | 'integrationTimeMs' | 'sensorId'>;

/** When, how long and with what the cube was taken. */
export function enviCapture({ values }: EnviFields, warnings: string[]): Capture {
  const time = statedTime(values.get('acquisition time') ?? '') ?? frameGrabberTime(values);
  if (time !== null && !time.hasZone) warnings.push(`The acquisition time names no zone; ${time.utc} is taken.`);
  const sensor = values.get('sensor type')?.trim() ?? '';
  return {
    acquiredAt: time?.utc ?? null,
    integrationTimeMs: integrationTimeMs(values, warnings),
    sensorId: sensor === '' || /^unknown$/i.test(sensor) ? null : sensor.slice(0, 64),
  };
}

/** `DATE(yyyy-mm-dd): 2019-01-29` and `UTC TIME: 14:45:28`, as Specim's recorder writes them. */
function frameGrabberTime(values: ReadonlyMap<string, string>): StatedTime | null {
  const date = /DATE\(yyyy-mm-dd\):\s*(\d{4}-\d{2}-\d{2})$/i.exec(values.get('acquisition date') ?? '');
  const time = /UTC TIME:\s*([\d:.]+)$/i.exec(values.get('start time') ?? '');
  return date === null || time === null ? null : statedTime(`${date[1]}T${time[1]}Z`);
}

const msPerUnit: Readonly<Record<string, number>> = { ms: 1, us: 1e-3, µs: 1e-3, s: 1000 };

/** `integration time` with its unit, or Specim's `tint` in milliseconds: one for each detector, which must agree. */
function integrationTimeMs(values: ReadonlyMap<string, string>, warnings: string[]): number | null {
  const stated = values.get('integration time');
  if (stated !== undefined) {
    const match = /^([\d.]+(?:e[-+]?\d+)?)\s*(ms|us|µs|s)$/i.exec(stated.trim());
    if (match !== null && Number(match[1]) > 0) return Number(match[1]) * msPerUnit[match[2]!.toLowerCase()]!;
    warnings.push(`The integration time "${stated.slice(0, 40)}" names no unit (ms, us or s) and is not used.`);
    return null;
  }
  const times = ['tint', 'tint1', 'tint2']
    .map((key) => numberOf(values, key))
    .filter((time) => time !== null && time > 0);
  if (times.length === 0) return null;
  if (times.every((time) => time === times[0])) return times[0]!;
  warnings.push(`Detectors have different integration times (${times.join(' and ')} ms); none is used.`);
  return null;
}
