import { FormatError, TruncatedInputError } from '../../errors.ts';
import { textFileBytesMax } from '../../limits.ts';
import { type ByteSource, readBytes } from '../../ports/byte-source.ts';

/** Tags that are read. @source TIFF 6.0; GeoTIFF 1.1, annex B; GDAL's GTiff driver for 42112 and 42113. */
export const tags = {
  newSubfileType: 254,
  imageWidth: 256,
  imageLength: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  stripOffsets: 273,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  planarConfiguration: 284,
  predictor: 317,
  tileWidth: 322,
  tileLength: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  sampleFormat: 339,
  pixelScale: 33550,
  tiepoint: 33922,
  transformation: 34264,
  geoKeys: 34735,
  geoDoubles: 34736,
  geoTexts: 34737,
  gdalMetadata: 42112,
  gdalNoData: 42113,
} as const;

interface Entry {
  readonly type: number;
  readonly count: number;
  /** Where the values lie in the file. */
  readonly offsetBytes: number;
}

/** One image file directory: its entries are known, their values are read when asked for. */
export interface TiffDirectory {
  readonly isBigEndian: boolean;
  readonly has: (tag: number) => boolean;
  /** Values as numbers; empty when the tag is absent. */
  readonly numbers: (tag: number) => Promise<Float64Array>;
  /** ASCII or UTF-8 text without its closing zero; null when the tag is absent. */
  readonly text: (tag: number) => Promise<string | null>;
  /** The following directory, or null. */
  readonly next: () => Promise<TiffDirectory | null>;
}

/** Widths of the field types 1 to 18; 0 is no type. */
const typeBytes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];
const asciiType = 2;
const rationalTypes = [5, 10];

/** A directory has one entry per tag; the longest that GDAL writes has 30. */
const entryCountMax = 4096;

interface Layout {
  readonly source: ByteSource;
  readonly isLittleEndian: boolean;
  readonly isBig: boolean;
}

/**
 * The first directory of a TIFF or BigTIFF file in either byte order.
 * @throws FormatError, TruncatedInputError. Disposition: quarantine.
 */
export async function openTiffDirectory(source: ByteSource): Promise<TiffDirectory> {
  const start = await readBytes(source, 0, Math.min(16, source.sizeBytes));
  const isLittleEndian = start[0] === 0x49;
  const view = new DataView(start.buffer);
  if (start.length < 8) {
    throw new TruncatedInputError({ path: source.name, expectedBytes: 8, actualBytes: start.length });
  }
  const isBig = view.getUint16(2, isLittleEndian) === 43;
  if (isBig && start.length < 16) {
    throw new TruncatedInputError({ path: source.name, expectedBytes: 16, actualBytes: start.length });
  }
  if (isBig && view.getUint16(4, isLittleEndian) !== 8) {
    throw new FormatError(`Expected offsets of 8 bytes in a BigTIFF, got another size (${source.name}).`);
  }
  const offset = isBig ? Number(view.getBigUint64(8, isLittleEndian)) : view.getUint32(4, isLittleEndian);
  return readDirectory({ source, isLittleEndian, isBig }, offset, 0);
}

async function readDirectory(layout: Layout, offsetBytes: number, depth: number): Promise<TiffDirectory> {
  const { source, isLittleEndian, isBig } = layout;
  const countBytes = isBig ? 8 : 2;
  const head = await checkedBytes(source, offsetBytes, countBytes);
  const count = isBig ? Number(head.getBigUint64(0, isLittleEndian)) : head.getUint16(0, isLittleEndian);
  if (count < 1 || count > entryCountMax) {
    throw new FormatError(`Expected 1 to ${entryCountMax} entries in a TIFF directory, got ${count} (${source.name}).`);
  }
  const entryBytes = isBig ? 20 : 12;
  const linkBytes = isBig ? 8 : 4;
  const body = await checkedBytes(source, offsetBytes + countBytes, count * entryBytes + linkBytes);
  const entries = new Map<number, Entry>();
  for (let index = 0; index < count; index++) {
    const at = index * entryBytes;
    const tag = body.getUint16(at, isLittleEndian);
    entries.set(tag, readEntry(layout, body, at, offsetBytes + countBytes + at));
  }
  const link = count * entryBytes;
  const nextOffset = isBig ? Number(body.getBigUint64(link, isLittleEndian)) : body.getUint32(link, isLittleEndian);
  return {
    isBigEndian: !isLittleEndian,
    has: (tag) => entries.has(tag),
    numbers: (tag) => readNumbers(layout, entries.get(tag)),
    text: (tag) => readText(layout, entries.get(tag)),
    // Only the second directory is ever asked for, so a circle of directories cannot hold us.
    next: async () => (nextOffset === 0 || depth > 0 ? null : readDirectory(layout, nextOffset, depth + 1)),
  };
}

function readEntry({ isLittleEndian, isBig }: Layout, body: DataView, at: number, entryOffsetBytes: number): Entry {
  const type = body.getUint16(at + 2, isLittleEndian);
  const count = isBig ? Number(body.getBigUint64(at + 4, isLittleEndian)) : body.getUint32(at + 4, isLittleEndian);
  const valueAt = at + (isBig ? 12 : 8);
  const isInline = count * (typeBytes[type] ?? 0) <= (isBig ? 8 : 4);
  if (isInline) return { type, count, offsetBytes: entryOffsetBytes + valueAt - at };
  const offsetBytes = isBig
    ? Number(body.getBigUint64(valueAt, isLittleEndian))
    : body.getUint32(valueAt, isLittleEndian);
  return { type, count, offsetBytes };
}

/** Bytes after a check that they are there, so that a forged length allocates nothing. */
async function checkedBytes(source: ByteSource, offsetBytes: number, lengthBytes: number): Promise<DataView> {
  const endBytes = offsetBytes + lengthBytes;
  if (!(endBytes <= source.sizeBytes)) {
    throw new TruncatedInputError({ path: source.name, expectedBytes: endBytes, actualBytes: source.sizeBytes });
  }
  const bytes = await readBytes(source, offsetBytes, lengthBytes);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

async function readNumbers({ source, isLittleEndian }: Layout, entry: Entry | undefined): Promise<Float64Array> {
  if (entry === undefined) return new Float64Array();
  const width = typeBytes[entry.type] ?? 0;
  if (width === 0 || entry.type === asciiType || rationalTypes.includes(entry.type)) {
    throw new FormatError(`Expected numbers in a TIFF entry, got field type ${entry.type} (${source.name}).`);
  }
  const view = await checkedBytes(source, entry.offsetBytes, entry.count * width);
  const values = new Float64Array(entry.count);
  for (let index = 0; index < values.length; index++) {
    values[index] = numberAt(view, index * width, entry.type, isLittleEndian);
  }
  return values;
}

/** @source TIFF 6.0, section 2: field types. */
function numberAt(view: DataView, at: number, type: number, isLittleEndian: boolean): number {
  switch (type) {
    case 3:
      return view.getUint16(at, isLittleEndian);
    case 4:
    case 13:
      return view.getUint32(at, isLittleEndian);
    case 6:
      return view.getInt8(at);
    case 8:
      return view.getInt16(at, isLittleEndian);
    case 9:
      return view.getInt32(at, isLittleEndian);
    case 11:
      return view.getFloat32(at, isLittleEndian);
    case 12:
      return view.getFloat64(at, isLittleEndian);
    case 16:
    case 18:
      return Number(view.getBigUint64(at, isLittleEndian));
    case 17:
      return Number(view.getBigInt64(at, isLittleEndian));
    default:
      return view.getUint8(at);
  }
}

async function readText({ source }: Layout, entry: Entry | undefined): Promise<string | null> {
  if (entry === undefined || (typeBytes[entry.type] ?? 0) !== 1) return null;
  if (entry.count > textFileBytesMax) {
    throw new FormatError(
      `Expected a TIFF text of at most ${textFileBytesMax} bytes, got ${entry.count} (${source.name}).`,
    );
  }
  const view = await checkedBytes(source, entry.offsetBytes, entry.count);
  return new TextDecoder().decode(new Uint8Array(view.buffer)).replace(/\0[\s\S]*$/, '');
}
