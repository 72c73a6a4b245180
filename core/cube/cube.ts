import type { CoordinateSystem } from './coordinate-system.ts';

/** Order of the three axes as stored, slowest first: bsq [bands, lines, samples], bil [lines, bands, samples], bip [lines, samples, bands]. */
export type Interleave = 'bsq' | 'bil' | 'bip';

/** Types that a reader hands out. 64-bit integers become float64 at the reader's edge; complex types are refused. */
export type SampleType = 'uint8' | 'int8' | 'int16' | 'uint16' | 'int32' | 'uint32' | 'float32' | 'float64';

export type SampleArray =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

/** What a stored number means before any calibration. `unknown` when the file does not say. */
export type Quantity = 'counts' | 'radiance' | 'reflectance' | 'unknown';

/** `[a, b, c, d, e, f]`: x = a*sample + b*line + c, y = d*sample + e*line + f; (0, 0) is the upper-left corner of the first pixel. */
export type AffineTransform = readonly [number, number, number, number, number, number];

export type Georeference =
  | { readonly kind: 'affine'; readonly crs: CoordinateSystem; readonly transform: AffineTransform }
  /** Every pixel has its own position, read with `CubeReader.readLocations`. */
  | { readonly kind: 'locations'; readonly crs: CoordinateSystem };

/** Everything that one cube file says of itself; `null` is "the file does not say", never a default. */
export interface CubeHeader {
  readonly format: 'envi' | 'hdf5' | 'netcdf' | 'geotiff' | 'zarr';
  readonly lineCount: number;
  readonly sampleCount: number;
  readonly bandCount: number;
  /** Type of the arrays that `readLines` returns. */
  readonly sampleType: SampleType;
  readonly interleave: Interleave;
  readonly quantity: Quantity;
  /** Band centres in nanometres, shape [bandCount], in stored order. */
  readonly wavelengthNm: Float64Array | null;
  /** Full width at half maximum in nanometres, shape [bandCount]. */
  readonly fwhmNm: Float64Array | null;
  /** 1 = good, 0 = bad, shape [bandCount]. */
  readonly goodBands: Uint8Array | null;
  readonly bandNames: readonly string[] | null;
  /** Stored value that means "no value"; compared with stored numbers, before scaling. */
  readonly fillValue: number | null;
  /** physical value = stored * factor + offset, as the file states it; `source` names the header key or attribute. */
  readonly scale: { readonly factor: number; readonly offset: number; readonly source: string } | null;
  readonly georeference: Georeference | null;
  /** ISO 8601 in UTC with `Z`. */
  readonly acquiredAt: string | null;
  readonly integrationTimeMs: number | null;
  readonly saturationLevel: number | null;
  readonly sensorId: string | null;
  /** What the file lacks that some step may need, with the way to give it. */
  readonly missing: readonly MissingFact[];
  /** Oddities that were tolerated, each a sentence. */
  readonly warnings: readonly string[];
}

export interface MissingFact {
  readonly fact: 'wavelengths' | 'fwhm' | 'georeference' | 'fill value' | 'scale' | 'quantity' | 'acquisition time';
  /** How the user can supply it, e.g. "--wavelengths FILE, or wavelengths_nm in the capture sidecar". */
  readonly remedy: string;
}

export interface LineRange {
  /** Half-open [lineStart, lineEnd). */
  readonly lineStart: number;
  readonly lineEnd: number;
  /** Ascending band positions to read; all when absent. */
  readonly bands?: readonly number[];
  /** Where the window may be put if it fits, instead of a buffer of the reader's own; starts at a multiple of 8 bytes. */
  readonly target?: Uint8Array<ArrayBuffer>;
}

/** A window of lines, all samples, in the cube's own interleave. */
export interface CubeWindow {
  readonly interleave: Interleave;
  readonly lineCount: number;
  readonly bandCount: number;
  readonly sampleCount: number;
  /** Length lineCount * bandCount * sampleCount, ordered by `interleave`. Valid until the next read of the same reader. */
  readonly data: SampleArray;
}

/** One open cube. Reads windows of lines; never holds more than the last window. */
export interface CubeReader {
  readonly header: CubeHeader;
  /** @throws TruncatedInputError, FormatError. Disposition: quarantine. */
  readLines(range: LineRange): Promise<CubeWindow>;
  /** Position of each pixel centre in the georeference's CRS, shape [lines, samples]; null unless `georeference.kind` is `locations`. NaN = unknown. */
  readLocations(range: LineRange): Promise<{ readonly x: Float64Array; readonly y: Float64Array } | null>;
  close(): Promise<void>;
}

/** Steps between neighbours of a window's data, in elements. */
export function strides(window: Pick<CubeWindow, 'interleave' | 'lineCount' | 'bandCount' | 'sampleCount'>): {
  readonly line: number;
  readonly band: number;
  readonly sample: number;
} {
  const { lineCount, bandCount, sampleCount } = window;
  if (window.interleave === 'bsq') return { band: lineCount * sampleCount, line: sampleCount, sample: 1 };
  if (window.interleave === 'bil') return { line: bandCount * sampleCount, band: sampleCount, sample: 1 };
  return { line: sampleCount * bandCount, sample: bandCount, band: 1 };
}

/** Facts that the user or the capture sidecar gives; each wins over what the file says. */
export interface CubeOverrides {
  readonly wavelengthNm?: readonly number[];
  readonly fwhmNm?: readonly number[];
  readonly goodBands?: readonly number[];
  readonly fillValue?: number;
  readonly scaleFactor?: number;
  readonly offset?: number;
  readonly quantity?: Exclude<Quantity, 'unknown'>;
  readonly epsg?: number;
  readonly transform?: AffineTransform;
  readonly acquiredAt?: string;
  readonly integrationTimeMs?: number;
  readonly saturationLevel?: number;
  readonly sensorId?: string;
  /** Path of the 3-D dataset or variable inside an HDF5 or NetCDF file. */
  readonly dataset?: string;
}
