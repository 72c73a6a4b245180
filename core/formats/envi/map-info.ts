import {
  type CoordinateSystem,
  coordinateSystemOfDefinition,
  coordinateSystemOfEpsg,
  wgs84,
} from '../../cube/coordinate-system.ts';
import type { AffineTransform } from '../../cube/cube.ts';
import { CubelakeError } from '../../errors.ts';
import { listItems } from './parse-header-text.ts';

export interface EnviGrid {
  readonly crs: CoordinateSystem | null;
  readonly transform: AffineTransform | null;
  readonly warnings: readonly string[];
}

/**
 * Georeferencing of `map info` and `coordinate system string`; the string wins where both name a system. What cannot be
 * understood becomes null with a warning: a cube without a place can be calibrated all the same.
 *
 * @source L3Harris, ENVI Header Files, map info: the reference pixel is 1-based and (1, 1) is the upper-left corner of
 *   the first pixel; a rotation turns counter-clockwise, as GDAL's ENVI driver reads it.
 */
export function enviGrid(values: ReadonlyMap<string, string>, where: string): EnviGrid {
  const warnings: string[] = [];
  const items = listItems(values.get('map info') ?? '');
  const isPlaced = items.length > 0 && !/^arbitrary$/i.test(items[0]!);
  const transform = isPlaced ? transformOf(items, warnings) : null;
  const text = values.get('coordinate system string') ?? '';
  const crs =
    (text === '' ? null : crsOfText(text, where, warnings)) ?? (isPlaced ? crsOfMapInfo(items, warnings) : null);
  return { crs, transform, warnings };
}

function crsOfText(text: string, where: string, warnings: string[]): CoordinateSystem | null {
  try {
    return coordinateSystemOfDefinition(text, where);
  } catch (error) {
    if (!(error instanceof CubelakeError)) throw error;
    warnings.push(`The coordinate system string cannot be computed with: "${text.slice(0, 60)}".`);
    return null;
  }
}

/** x = east + cos(r) dx (sample - rx) + sin(r) dy (line - ry), y = north + sin(r) dx (sample - rx) - cos(r) dy (line - ry). */
function transformOf(items: readonly string[], warnings: string[]): AffineTransform | null {
  const numbers = items.slice(1, 7).map((item) => (item === '' ? Number.NaN : Number(item)));
  const rotationDeg = rotationOf(items);
  if (
    numbers.length < 6 ||
    !numbers.every(Number.isFinite) ||
    numbers[4] === 0 ||
    numbers[5] === 0 ||
    rotationDeg === null
  ) {
    warnings.push(`The map info cannot be understood: {${items.join(', ').slice(0, 120)}}.`);
    return null;
  }
  const [sampleOne, lineOne, east, north, sampleStep, lineStep] = numbers as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const cos = Math.cos((rotationDeg * Math.PI) / 180);
  const sin = Math.sin((rotationDeg * Math.PI) / 180);
  const [a, b, d, e] = [cos * sampleStep, sin * lineStep, sin * sampleStep, -cos * lineStep];
  const [sample, line] = [sampleOne - 1, lineOne - 1];
  return [a, b, east - a * sample - b * line, d, e, north - d * sample - e * line];
}

/** `rotation=42`; some writers put blanks for the sign. Null when it is there but no number. */
function rotationOf(items: readonly string[]): number | null {
  const item = items.find((candidate) => /^rotation\b/i.test(candidate));
  if (item === undefined) return 0;
  const text = item.replace(/^rotation[\s=]*/i, '');
  return text !== '' && Number.isFinite(Number(text)) ? Number(text) : null;
}

function crsOfMapInfo(items: readonly string[], warnings: string[]): CoordinateSystem | null {
  const projection = items[0]!.toLowerCase();
  if (/^units[\s=]+.*f(oo|ee)t/i.test(items.find((item) => /^units/i.test(item)) ?? '')) {
    warnings.push('The map info counts in feet without a coordinate system string; its system is not known.');
    return null;
  }
  if (projection === 'utm') return utmSystem(items, warnings);
  if (/^geographic/.test(projection)) {
    // Without a datum ENVI means WGS-84.
    const datum = datumOf(items[7] ?? '') ?? (items[7] === undefined || /=/.test(items[7]) ? 'wgs84' : null);
    if (datum === 'wgs84') return wgs84;
    if (datum !== null) return coordinateSystemOfEpsg(datum === 'nad83' ? 4269 : 4258);
  }
  warnings.push(
    `The system "${items[0]}, ${items[7] ?? ''}" of map info is not known without a coordinate system string.`,
  );
  return null;
}

function utmSystem(items: readonly string[], warnings: string[]): CoordinateSystem | null {
  const zone = Number(items[7]);
  const isNorth = hemisphereOf(items[8] ?? '');
  const datum = datumOf(items[9] ?? '');
  const family = datum === 'nad83' ? 269 : datum === 'etrs89' ? 258 : isNorth === true ? 326 : 327;
  const isKnown = isNorth !== null && datum !== null && (isNorth || datum === 'wgs84');
  if (isKnown && Number.isInteger(zone) && zone >= 1 && zone <= 60) {
    try {
      return coordinateSystemOfEpsg(family * 100 + zone);
    } catch (error) {
      if (!(error instanceof CubelakeError)) throw error;
    }
  }
  warnings.push(`The UTM zone of map info is not known: zone "${items[7]}", "${items[8]}", datum "${items[9]}".`);
  return null;
}

/** `North`, `South`, or a latitude band letter (C to M south, N to X north). A lone S says two things, so it says nothing. */
function hemisphereOf(text: string): boolean | null {
  if (/^n(orth)?$/i.test(text)) return true;
  if (/^south$/i.test(text)) return false;
  if (/^[PQRTUVWX]$/.test(text)) return true;
  if (/^[CDEFGHJKLM]$/.test(text)) return false;
  return null;
}

function datumOf(text: string): 'wgs84' | 'nad83' | 'etrs89' | null {
  const compact = text.toLowerCase().replace(/[^a-z0-9]/g, '');
  if (/^(wgs84|wgs1984|dwgs1984)$/.test(compact)) return 'wgs84';
  if (/^(nad83|northamerica1983|northamerican1983|northamericandatum1983)$/.test(compact)) return 'nad83';
  if (/^(etrs89|etrs1989|europeanterrestrialreferencesystem1989)$/.test(compact)) return 'etrs89';
  return null;
}
