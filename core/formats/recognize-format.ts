import { startsLikeEnvi } from './envi/parse-header-text.ts';

/** What the first bytes of a file show. `other` carries words for a message. */
export type RecognizedFormat =
  | { readonly format: 'envi-header' | 'hdf5' | 'tiff' }
  | { readonly format: 'other'; readonly found: string; readonly remedy: string };

/** HDF5 looks for its signature at 0, 512, 1024, ... ; a user block beyond 4 KiB has not been seen. */
export const recognizedBytesMax = 4096 + 8;

const hdf5Offsets = [0, 512, 1024, 2048, 4096];
const hdf5Signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

const magics: readonly (readonly [string, readonly number[], string])[] = [
  ['NetCDF-3 classic', [0x43, 0x44, 0x46], 'Convert it: nccopy -k nc4 OLD.nc NEW.nc.'],
  ['HDF4', [0x0e, 0x03, 0x13, 0x01], 'Convert it: h4toh5 OLD.hdf NEW.h5.'],
  ['a PNG image', [0x89, 0x50, 0x4e, 0x47], 'Give the cube itself.'],
  ['a JPEG image', [0xff, 0xd8, 0xff], 'Give the cube itself.'],
  ['a ZIP archive', [0x50, 0x4b, 0x03, 0x04], 'Unpack it first.'],
  ['a gzip file', [0x1f, 0x8b], 'Decompress it first.'],
  ['a NumPy array', [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59], 'Write it as ENVI, HDF5, NetCDF-4 or GeoTIFF.'],
  ['a Parquet file', [0x50, 0x41, 0x52, 0x31], 'Give the cube itself.'],
];

/** @param start The first `recognizedBytesMax` bytes of the file, or all of them. */
export function recognizeFormat(start: Uint8Array): RecognizedFormat {
  if (start.length === 0) return other('an empty file', 'Copy it again from its source.');
  if (hdf5Offsets.some((offset) => startsWith(start, hdf5Signature, offset))) return { format: 'hdf5' };
  if (isTiff(start)) return { format: 'tiff' };
  if (startsLikeEnvi(start)) return { format: 'envi-header' };
  const magic = magics.find(([, bytes]) => startsWith(start, bytes, 0));
  if (magic !== undefined) return other(magic[0], magic[2]);
  const text = new TextDecoder('latin1').decode(start.subarray(0, 512));
  if (/^\s*(byteorder|layout|nrows|ncols)\s/i.test(text)) {
    return other('an Esri header', 'Write an ENVI header, whose first line is ENVI.');
  }
  if (/^[\t\r\n\x20-\x7e]+$/.test(text)) {
    return other(
      `text that begins "${text.trim().slice(0, 30).replace(/\s+/g, ' ')}"`,
      'An ENVI header has ENVI as its first line.',
    );
  }
  return other('bytes without a known signature', 'If this is the data file of an ENVI cube, give its .hdr file too.');
}

function other(found: string, remedy: string): RecognizedFormat {
  return { format: 'other', found, remedy };
}

/** Classic TIFF (42) or BigTIFF (43), either byte order. */
function isTiff(start: Uint8Array): boolean {
  const magicNumbers = [42, 43];
  return magicNumbers.some(
    (magic) => startsWith(start, [0x49, 0x49, magic, 0], 0) || startsWith(start, [0x4d, 0x4d, 0, magic], 0),
  );
}

function startsWith(bytes: Uint8Array, signature: readonly number[], offset: number): boolean {
  return signature.every((value, index) => bytes[offset + index] === value);
}
