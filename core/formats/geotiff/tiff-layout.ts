import type { SampleType } from '../../cube/cube.ts';
import { type CubeShape, checkCubeShape } from '../../cube/cube-shape.ts';
import { sampleBytes } from '../../cube/sample-array.ts';
import { FormatError } from '../../errors.ts';
import { decodedChunkBytesMax, expansionRatioMax } from '../../limits.ts';
import type { ByteSource } from '../../ports/byte-source.ts';
import { type TiffDirectory, tags } from './tiff-directory.ts';

/** How an image is cut into blocks (strips or tiles), and what their bytes mean. */
export interface TiffLayout extends CubeShape {
  readonly sampleType: SampleType;
  /** Non-null for numbers that are 64-bit integers in the file. */
  readonly wideInteger: 'int64' | 'uint64' | null;
  readonly sampleBytes: number;
  readonly isBigEndian: boolean;
  readonly compression: number;
  readonly predictor: number;
  /** True when a block holds all bands of its pixels, false when one band. */
  readonly isChunky: boolean;
  readonly blockLineCount: number;
  readonly blockSampleCount: number;
  readonly isTiled: boolean;
  /** Per block, in the order of planes, block rows, block columns. */
  readonly blockOffsets: Float64Array;
  readonly blockByteCounts: Float64Array;
}

/** @source TIFF 6.0, sections 3, 8 and 15; Adobe TIFF Technical Notes; libtiff for 32946 and 50000. */
export const compressions = { none: 1, lzw: 5, deflate: 8, packBits: 32773, oldDeflate: 32946, zstd: 50000 } as const;

const otherCompressions: Readonly<Record<number, string>> = {
  2: 'CCITT',
  3: 'CCITT fax 3',
  4: 'CCITT fax 4',
  6: 'old JPEG',
  7: 'JPEG',
  34712: 'JPEG 2000',
  34887: 'LERC',
  34925: 'LZMA',
  50001: 'WebP',
  50002: 'JPEG XL',
};

/** @throws FormatError when the image cannot be read, naming why. Disposition: quarantine. */
export async function tiffLayout(directory: TiffDirectory, source: ByteSource): Promise<TiffLayout> {
  const where = source.name;
  const first = async (tag: number, otherwise: number) => (await directory.numbers(tag))[0] ?? otherwise;
  const shape = {
    lineCount: await first(tags.imageLength, 0),
    sampleCount: await first(tags.imageWidth, 0),
    bandCount: await first(tags.samplesPerPixel, 1),
  };
  checkCubeShape(shape, where);
  const kind = await numberKind(directory, where);
  const compression = await first(tags.compression, compressions.none);
  const predictor = await first(tags.predictor, 1);
  checkCoding(compression, predictor, kind.sampleType, await first(tags.photometric, 1), where);
  const isTiled = directory.has(tags.tileOffsets);
  const rowsPerStrip = await first(tags.rowsPerStrip, shape.lineCount);
  const blockLineCount = isTiled ? await first(tags.tileLength, 0) : Math.min(rowsPerStrip, shape.lineCount);
  const layout = {
    ...shape,
    ...kind,
    isBigEndian: directory.isBigEndian,
    compression,
    predictor,
    isChunky: (await first(tags.planarConfiguration, 1)) === 1,
    blockLineCount,
    blockSampleCount: isTiled ? await first(tags.tileWidth, 0) : shape.sampleCount,
    isTiled,
    blockOffsets: await directory.numbers(isTiled ? tags.tileOffsets : tags.stripOffsets),
    blockByteCounts: await directory.numbers(isTiled ? tags.tileByteCounts : tags.stripByteCounts),
  };
  checkBlocks(layout, source);
  return layout;
}

async function numberKind(directory: TiffDirectory, where: string) {
  const bits = await directory.numbers(tags.bitsPerSample);
  const formats = await directory.numbers(tags.sampleFormat);
  const [bitCount, format] = [bits[0] ?? 1, formats[0] ?? 1];
  if (!bits.every((other) => other === bitCount) || !formats.every((other) => other === format)) {
    throw new FormatError(`Expected bands of one type, got bands of different types (${where}).`, { where });
  }
  const names: Readonly<Record<number, string>> = { 1: 'uint', 2: 'int', 3: 'float', 4: 'uint' };
  const name = `${names[format] ?? ''}${bitCount}`;
  if (name === 'int64' || name === 'uint64') {
    return { sampleType: 'float64' as const, wideInteger: name as 'int64' | 'uint64', sampleBytes: 8 };
  }
  if (name in sampleBytes) {
    const sampleType = name as SampleType;
    return { sampleType, wideInteger: null, sampleBytes: sampleBytes[sampleType] };
  }
  const got = format === 5 || format === 6 ? 'complex numbers' : `sample format ${format} of ${bitCount} bits`;
  throw new FormatError(`Expected integers of 8 to 64 bits or floats of 32 or 64 bits, got ${got} (${where}).`, {
    where,
  });
}

function checkCoding(
  compression: number,
  predictor: number,
  type: SampleType,
  photometric: number,
  where: string,
): void {
  if (!(Object.values(compressions) as number[]).includes(compression)) {
    throw new FormatError(
      `Expected no compression, LZW, deflate, PackBits or ZSTD, got ${otherCompressions[compression] ?? `compression ${compression}`} (${where}). Write it again: gdal_translate -co COMPRESS=DEFLATE OLD NEW.`,
      { where, compression },
    );
  }
  const isFloat = type === 'float32' || type === 'float64';
  // Differences of 64-bit numbers are a late addition that most programs refuse.
  const isKnown = predictor === 1 || (predictor === 2 && sampleBytes[type] < 8) || (predictor === 3 && isFloat);
  if (!isKnown) {
    throw new FormatError(
      `Expected predictor 1, 2 (up to 32 bits) or 3 (floats), got ${predictor} for ${type} (${where}).`,
      {
        where,
      },
    );
  }
  if (photometric === 3 || photometric === 6) {
    const got = photometric === 3 ? 'a colour palette' : 'YCbCr colours';
    throw new FormatError(`Expected an image of measured values, got ${got} (${where}). Give the cube itself.`, {
      where,
    });
  }
}

export function blockGrid(layout: TiffLayout): { rowCount: number; columnCount: number; planeCount: number } {
  return {
    rowCount: Math.ceil(layout.lineCount / layout.blockLineCount),
    columnCount: Math.ceil(layout.sampleCount / layout.blockSampleCount),
    planeCount: layout.isChunky ? 1 : layout.bandCount,
  };
}

/** Bytes of one whole block after decoding. */
export function blockBytes(layout: TiffLayout): number {
  const bandCount = layout.isChunky ? layout.bandCount : 1;
  return layout.blockLineCount * layout.blockSampleCount * bandCount * layout.sampleBytes;
}

function checkBlocks(layout: TiffLayout, source: ByteSource): void {
  const where = source.name;
  const { blockLineCount, blockSampleCount } = layout;
  if (!(blockLineCount >= 1 && blockSampleCount >= 1)) {
    throw new FormatError(`Expected blocks of pixels, got ${blockLineCount} x ${blockSampleCount} (${where}).`, {
      where,
    });
  }
  const { rowCount, columnCount, planeCount } = blockGrid(layout);
  const blockCount = rowCount * columnCount * planeCount;
  if (layout.blockOffsets.length < blockCount || layout.blockByteCounts.length < blockCount) {
    throw new FormatError(`Expected places of ${blockCount} blocks, got ${layout.blockOffsets.length} (${where}).`, {
      where,
    });
  }
  const isStored = layout.compression === compressions.none;
  if (!isStored && blockBytes(layout) > decodedChunkBytesMax) {
    throw new FormatError(
      `Expected blocks of at most ${decodedChunkBytesMax} bytes, got ${blockBytes(layout)} (${where}). Write it again with tiles: gdal_translate -co TILED=YES OLD NEW.`,
      { where },
    );
  }
  const claimedBytes = layout.lineCount * layout.sampleCount * layout.bandCount * layout.sampleBytes;
  if (claimedBytes > source.sizeBytes * expansionRatioMax) {
    throw new FormatError(
      `Expected at most ${source.sizeBytes * expansionRatioMax} bytes in a file of ${source.sizeBytes}, got a claim of ${claimedBytes} (${where}).`,
      { where, claimedBytes },
    );
  }
}
