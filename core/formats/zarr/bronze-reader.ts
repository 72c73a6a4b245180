import type { CubeHeader, CubeReader, CubeWindow, LineRange } from '../../cube/cube.ts';
import { lineWindow, windowBuffer } from '../../cube/line-window.ts';
import { FormatError } from '../../errors.ts';
import { textFileBytesMax } from '../../limits.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { packedFill } from '../../radiometry/quality.ts';
import { aligned, type BandCoordinate, readLocationAxis, readPerBand } from './bronze-coordinates.ts';
import { type BronzeMetadata, bronzeHeader, readBronzeMetadata } from './bronze-header.ts';
import { locationArrays } from './location-chunks.ts';
import { chunkPixelCount } from './shard-layout.ts';
import { ShardReader } from './shard-reader.ts';

/** A bronze group as a cube of packed reflectance, with its quality bits. */
export interface BronzeReader extends CubeReader {
  /** Quality bits, shape [bands, lines, samples]. Valid until the next read of quality. */
  readQuality(range: LineRange): Promise<Uint8Array>;
  /** Attributes of the group: provenance and conventions. */
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Lines of one shard: ranges that begin and end at its multiples decode no chunk twice. */
  readonly tileLineCount: number;
}

/**
 * Opens a group that bronze-group.ts describes. Nothing but metadata and coordinates is read before lines are asked for;
 * a window then costs the index of its shards and the chunks of its bands.
 *
 * @throws NotFoundError without a commit mark; FormatError for a group that is not ours. Disposition: quarantine.
 */
export async function openBronze(store: ObjectStore, rootKey: string): Promise<BronzeReader> {
  const metadata = readBronzeMetadata(await readJson(store, `${rootKey}/zarr.json`), rootKey);
  const perBand = (name: BandCoordinate): Promise<Uint8Array | Float64Array | null> =>
    readPerBand(store, rootKey, name, metadata);
  const header: CubeHeader = {
    ...bronzeHeader(metadata),
    wavelengthNm: (await perBand('wavelength')) as Float64Array | null,
    fwhmNm: (await perBand('fwhm')) as Float64Array | null,
    goodBands: (await perBand('good_band')) as Uint8Array | null,
  };
  return bronzeReader(store, rootKey, header, metadata);
}

function bronzeReader(store: ObjectStore, rootKey: string, header: CubeHeader, metadata: BronzeMetadata): BronzeReader {
  const { layout } = metadata;
  const pixelCount = chunkPixelCount(layout);
  const reflectance = new ShardReader(store, `${rootKey}/reflectance`, layout, pixelCount * 2, (chunk, where) => {
    const bytes = aligned(metadata.reflectance.decode(chunk, pixelCount * 2, where), 2);
    return new Int16Array(bytes.buffer, bytes.byteOffset, pixelCount);
  });
  const quality = new ShardReader(store, `${rootKey}/quality`, layout, pixelCount, (chunk, where) =>
    metadata.quality.decode(chunk, pixelCount, where),
  );
  const packedBuffer = windowBuffer('int16', rootKey);
  const qualityBuffer = windowBuffer('uint8', rootKey);
  const allBands = Array.from({ length: layout.bandCount }, (_, band) => band);
  return {
    header,
    attributes: metadata.attributes,
    tileLineCount: layout.tileLineCount,
    async readLines(range: LineRange): Promise<CubeWindow> {
      const { lineCount, bandCount } = lineWindow(range, header);
      const data = packedBuffer(bandCount * lineCount * layout.sampleCount).fill(packedFill) as Int16Array;
      await reflectance.readLines(range, range.bands ?? allBands, data);
      return { interleave: 'bsq', lineCount, bandCount, sampleCount: layout.sampleCount, data };
    },
    async readQuality(range: LineRange): Promise<Uint8Array> {
      const { lineCount, bandCount } = lineWindow(range, header);
      const bits = qualityBuffer(bandCount * lineCount * layout.sampleCount).fill(0) as Uint8Array;
      await quality.readLines(range, range.bands ?? allBands, bits);
      return bits;
    },
    async readLocations(range) {
      if (header.georeference?.kind !== 'locations') return null;
      const [x, y] = locationArrays(header.georeference.crs);
      return {
        x: await readLocationAxis(store, rootKey, x, metadata, range),
        y: await readLocationAxis(store, rootKey, y, metadata, range),
      };
    },
    async close() {},
  };
}

async function readJson(store: ObjectStore, key: string): Promise<unknown> {
  const { bytes } = await store.get(key, { sizeBytesMax: textFileBytesMax });
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new FormatError(`Expected Zarr metadata, got text that is not JSON (${key}).`, { key }, cause);
  }
}
