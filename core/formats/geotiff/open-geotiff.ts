import { bandWavelengths, wavelengthsOfNames } from '../../cube/band-wavelengths.ts';
import type { CubeHeader, CubeOverrides, CubeReader } from '../../cube/cube.ts';
import { cubeHeader } from '../../cube/cube-header.ts';
import { lineWindow, windowBuffer } from '../../cube/line-window.ts';
import { FormatError } from '../../errors.ts';
import type { ByteSource } from '../../ports/byte-source.ts';
import { bandTexts, type GdalMetadata, parseGdalMetadata } from './gdal-metadata.ts';
import { tiffGrid } from './geo-keys.ts';
import { blockReader } from './read-blocks.ts';
import { openTiffDirectory, type TiffDirectory, tags } from './tiff-directory.ts';
import { tiffLayout } from './tiff-layout.ts';

/**
 * Opens the first image of a TIFF, BigTIFF or GeoTIFF file; its samples per pixel are the bands. Windows come as BSQ.
 * @throws FormatError, TruncatedInputError. Disposition: quarantine.
 */
export async function openGeotiff(source: ByteSource, overrides: CubeOverrides): Promise<CubeReader> {
  const directory = await openTiffDirectory(source);
  const layout = await tiffLayout(directory, source);
  if (layout.bandCount === 1) await refuseBandPages(directory, source);
  const { lineCount, sampleCount, bandCount, sampleType } = layout;
  const metadata = parseGdalMetadata(await directory.text(tags.gdalMetadata));
  const warnings: string[] = [];
  const grid = await tiffGrid(directory);
  const stated = {
    format: 'geotiff' as const,
    lineCount,
    sampleCount,
    bandCount,
    sampleType,
    interleave: 'bsq' as const,
    quantity: 'unknown' as const,
    ...describeBands(metadata, bandCount, warnings),
    goodBands: null,
    fillValue: noData(await directory.text(tags.gdalNoData)),
    scale: bandScale(metadata, bandCount, warnings),
    acquiredAt: null,
    integrationTimeMs: null,
    saturationLevel: null,
    sensorId: null,
    crs: grid.crs,
    transform: grid.transform,
    hasLocations: false,
    warnings: [...warnings, ...grid.warnings],
  };
  const header = cubeHeader(stated, overrides, source.name);
  const buffer = windowBuffer(sampleType, source.name);
  const readBlocks = blockReader(source, layout, header.fillValue);
  return {
    header,
    async readLines(range) {
      const window = lineWindow(range, header);
      const data = buffer(window.lineCount * window.bandCount * sampleCount);
      await readBlocks(window, data);
      return { interleave: 'bsq', lineCount: window.lineCount, bandCount: window.bandCount, sampleCount, data };
    },
    readLocations: async () => null,
    close: () => source.close(),
  };
}

/** A stack with one image for each band would be read as its first band only. */
async function refuseBandPages(directory: TiffDirectory, source: ByteSource): Promise<void> {
  const next = await directory.next();
  if (next === null) return;
  const sizeOf = async (image: TiffDirectory) =>
    `${await image.numbers(tags.imageLength)} x ${await image.numbers(tags.imageWidth)}`;
  // A set bit says overview, page or mask.
  const isPlain = ((await next.numbers(tags.newSubfileType))[0] ?? 0) === 0;
  if (!isPlain || (await sizeOf(next)) !== (await sizeOf(directory))) return;
  throw new FormatError(
    `Expected bands as samples of one image, got an image for each band (${source.name}). Put them into one image, e.g. with gdal_merge.py -separate, or tifffile with planarconfig='separate'.`,
    { path: source.name },
  );
}

function noData(text: string | null): number | null {
  const value = text === null || text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}

function describeBands(
  metadata: GdalMetadata,
  bandCount: number,
  warnings: string[],
): Pick<CubeHeader, 'wavelengthNm' | 'fwhmNm' | 'bandNames'> {
  const bandNames = bandTexts(metadata, ['description'], bandCount);
  const micrometres = bandTexts(metadata, ['central_wavelength_um'], bandCount);
  const texts = bandTexts(metadata, ['wavelength', 'wavelengths', 'wavelength_nm'], bandCount) ?? micrometres;
  if (texts === null) {
    const named = bandNames === null ? null : wavelengthsOfNames(bandNames);
    if (named !== null) warnings.push(...named.warnings);
    return { wavelengthNm: named?.wavelengthNm ?? null, fwhmNm: null, bandNames };
  }
  const units = bandTexts(metadata, ['wavelength_units', 'wavelength_unit'], bandCount)?.[0];
  const fwhm = bandTexts(metadata, texts === micrometres ? ['fwhm_um'] : ['fwhm'], bandCount);
  const bands = bandWavelengths({
    wavelengths: texts.map(Number),
    fwhm: fwhm?.map(Number) ?? null,
    unit: texts === micrometres ? 'um' : (units ?? metadata.file.get('wavelength_units') ?? null),
    bandCount,
  });
  warnings.push(...bands.warnings);
  return { wavelengthNm: bands.wavelengthNm, fwhmNm: bands.fwhmNm, bandNames };
}

/** GDAL keeps scale and offset per band; a header has one of each. */
function bandScale(metadata: GdalMetadata, bandCount: number, warnings: string[]): CubeHeader['scale'] {
  const factors = bandTexts(metadata, ['scale'], bandCount)?.map(Number);
  const offsets = bandTexts(metadata, ['offset'], bandCount)?.map(Number);
  if (factors === undefined && offsets === undefined) return null;
  const [factor, offset] = [factors?.[0] ?? 1, offsets?.[0] ?? 0];
  const isOne =
    [...(factors ?? [])].every((other) => other === factor) && (offsets ?? []).every((other) => other === offset);
  if (isOne && Number.isFinite(factor) && factor !== 0 && Number.isFinite(offset)) {
    return { factor, offset, source: 'GDAL scale' };
  }
  warnings.push('Scales and offsets differ between bands and are not applied; give one scale factor.');
  return null;
}
