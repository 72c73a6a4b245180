import { FormatError } from '../errors.ts';
import { type CoordinateSystem, coordinateSystemOfEpsg } from './coordinate-system.ts';
import type { AffineTransform, CubeHeader, CubeOverrides, Georeference, MissingFact, SampleType } from './cube.ts';
import { isFloat } from './sample-array.ts';

/** What a format's reader found. CRS and grid come apart, because a file may have one without the other. */
export interface StatedHeader extends Omit<CubeHeader, 'missing' | 'georeference'> {
  readonly crs: CoordinateSystem | null;
  readonly transform: AffineTransform | null;
  /** True when the file gives a position for each pixel; needs `crs`. */
  readonly hasLocations: boolean;
}

/**
 * The header that a reader shows: what the user gave wins over what the file says, and what neither says is listed with
 * the way to give it.
 * @throws FormatError when an override does not fit the cube; GeometryError for an unknown EPSG code. Disposition: quarantine.
 */
export function cubeHeader(stated: StatedHeader, overrides: CubeOverrides, where: string): CubeHeader {
  const { crs: _crs, transform: _transform, hasLocations: _hasLocations, ...facts } = stated;
  const perBand = (name: string, values: readonly number[] | undefined) =>
    values === undefined ? null : bandValues(name, values, stated.bandCount, where);
  const goodBands = perBand('good_bands', overrides.goodBands);
  const fillValue = overrides.fillValue ?? stated.fillValue;
  const header = {
    ...facts,
    wavelengthNm: perBand('wavelengths_nm', overrides.wavelengthNm) ?? stated.wavelengthNm,
    fwhmNm: perBand('fwhm_nm', overrides.fwhmNm) ?? stated.fwhmNm,
    goodBands: goodBands === null ? stated.goodBands : Uint8Array.from(goodBands),
    fillValue: fillValue === null ? null : storedNumber(fillValue, stated.sampleType),
    scale: scaleOf(stated, overrides, where),
    quantity: overrides.quantity ?? stated.quantity,
    georeference: georeferenceOf(stated, overrides),
    acquiredAt: overrides.acquiredAt ?? stated.acquiredAt,
    integrationTimeMs: overrides.integrationTimeMs ?? stated.integrationTimeMs,
    saturationLevel: overrides.saturationLevel ?? stated.saturationLevel,
    sensorId: overrides.sensorId ?? stated.sensorId,
  };
  return { ...header, missing: missingFacts(header) };
}

function bandValues(name: string, values: readonly number[], bandCount: number, where: string): Float64Array {
  if (values.length === bandCount && values.every((value) => Number.isFinite(value))) return Float64Array.from(values);
  throw new FormatError(
    `Expected ${bandCount} finite numbers as ${name}, one for each band, got ${values.length} values (${where}). Give the list of this sensor's bands.`,
    { where, name, bandCount, givenCount: values.length },
  );
}

/** The fill value as the type holds it: -9999.9 in a float32 cube is the nearest float32. */
function storedNumber(value: number, type: SampleType): number {
  return type === 'float32' ? Math.fround(value) : value;
}

function scaleOf(stated: StatedHeader, overrides: CubeOverrides, where: string): CubeHeader['scale'] {
  if (overrides.scaleFactor === undefined && overrides.offset === undefined) return stated.scale;
  const factor = overrides.scaleFactor ?? stated.scale?.factor ?? 1;
  const offset = overrides.offset ?? stated.scale?.offset ?? 0;
  if (Number.isFinite(factor) && factor !== 0 && Number.isFinite(offset)) return { factor, offset, source: 'override' };
  throw new FormatError(`Expected a scale factor that is not zero, got ${factor} with offset ${offset} (${where}).`, {
    where,
  });
}

function georeferenceOf(stated: StatedHeader, overrides: CubeOverrides): Georeference | null {
  const crs = overrides.epsg === undefined ? stated.crs : coordinateSystemOfEpsg(overrides.epsg);
  const transform = overrides.transform ?? stated.transform;
  if (transform === null) {
    // Positions of pixels are in the file's own system, whatever the user says of a grid.
    return stated.hasLocations && stated.crs !== null ? { kind: 'locations', crs: stated.crs } : null;
  }
  return crs === null ? null : { kind: 'affine', crs, transform };
}

const remedies = {
  wavelengths: '--wavelengths FILE or --sensor PROFILE.json, or wavelengths_nm in the capture sidecar',
  fwhm: '--sensor PROFILE.json, or fwhm_nm in the capture sidecar',
  georeference: '--epsg CODE --transform a,b,c,d,e,f, or georeference in the capture sidecar',
  'fill value': '--fill-value NUMBER, or fill_value in the capture sidecar',
  scale: '--scale-factor NUMBER, e.g. 0.0001, or scale_factor in the capture sidecar',
  quantity: '--quantity counts|radiance|reflectance, or quantity in the capture sidecar',
  'acquisition time': '--date, or acquired_at in the capture sidecar',
} as const;

function missingFacts(header: Omit<CubeHeader, 'missing'>): MissingFact[] {
  const stored = isFloat(header.sampleType);
  const absent: Record<MissingFact['fact'], boolean> = {
    wavelengths: header.wavelengthNm === null,
    fwhm: header.fwhmNm === null,
    georeference: header.georeference === null,
    // NaN serves floating-point cubes, and counts and radiance need no scale.
    'fill value': header.fillValue === null && !stored,
    scale: header.scale === null && !stored && (header.quantity === 'reflectance' || header.quantity === 'unknown'),
    quantity: header.quantity === 'unknown',
    'acquisition time': header.acquiredAt === null,
  };
  return (Object.keys(remedies) as MissingFact['fact'][])
    .filter((fact) => absent[fact])
    .map((fact) => ({ fact, remedy: remedies[fact] }));
}
