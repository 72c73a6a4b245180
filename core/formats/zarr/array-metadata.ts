import type { ShardLayout } from './shard-layout.ts';

/** `zarr.json` of one array. @source Zarr v3 core specification; sharding-indexed codec v1.0 */
export interface ArrayMetadata {
  readonly zarr_format: 3;
  readonly node_type: 'array';
  readonly shape: readonly number[];
  readonly data_type: string;
  readonly chunk_grid: {
    readonly name: 'regular';
    readonly configuration: { readonly chunk_shape: readonly number[] };
  };
  readonly chunk_key_encoding: { readonly name: 'default'; readonly configuration: { readonly separator: '/' } };
  readonly fill_value: number | string;
  readonly codecs: readonly unknown[];
  readonly dimension_names: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
}

interface ArrayFacts {
  readonly shape: readonly number[];
  readonly dimensionNames: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
}

const littleEndian = { name: 'bytes', configuration: { endian: 'little' } };
/** Single bytes have no order to name. */
const singleBytes = { name: 'bytes' };

function bloscCodec(typesize: number): unknown {
  const shuffle = typesize > 1 ? 'shuffle' : 'noshuffle';
  return { name: 'blosc', configuration: { typesize, cname: 'zstd', clevel: 1, shuffle, blocksize: 0 } };
}

/** [bands, lines, samples] in one shard per tile of lines, one chunk per band in it. */
export function shardedArray(
  facts: ArrayFacts & {
    readonly layout: ShardLayout;
    readonly dataType: 'int16' | 'uint8';
    readonly fillValue: number;
  },
): ArrayMetadata {
  const { bandCount, tileLineCount, sampleCount } = facts.layout;
  const sharding = {
    name: 'sharding_indexed',
    configuration: {
      chunk_shape: [1, tileLineCount, sampleCount],
      codecs: facts.dataType === 'int16' ? [littleEndian, bloscCodec(2)] : [singleBytes, bloscCodec(1)],
      index_codecs: [littleEndian, { name: 'crc32c' }],
      index_location: 'end',
    },
  };
  return arrayMetadata(facts, facts.dataType, [bandCount, tileLineCount, sampleCount], facts.fillValue, [sharding]);
}

/** A small array: one chunk as it is. NaN is the fill value of floats. */
export function plainArray(facts: ArrayFacts & { readonly dataType: 'float64' | 'uint8' }): ArrayMetadata {
  const isFloat = facts.dataType === 'float64';
  return arrayMetadata(facts, facts.dataType, facts.shape, isFloat ? 'NaN' : 0, [isFloat ? littleEndian : singleBytes]);
}

/** One axis of each pixel's own position, [lines, samples], a compressed chunk per tile of lines. */
export function locationArray(facts: ArrayFacts & { readonly layout: ShardLayout }): ArrayMetadata {
  const { tileLineCount, sampleCount } = facts.layout;
  return arrayMetadata(facts, 'float64', [tileLineCount, sampleCount], 'NaN', [littleEndian, bloscCodec(8)]);
}

function arrayMetadata(
  facts: ArrayFacts,
  dataType: string,
  chunkShape: readonly number[],
  fillValue: number | string,
  codecs: readonly unknown[],
): ArrayMetadata {
  return {
    zarr_format: 3,
    node_type: 'array',
    shape: facts.shape,
    data_type: dataType,
    chunk_grid: { name: 'regular', configuration: { chunk_shape: chunkShape } },
    chunk_key_encoding: { name: 'default', configuration: { separator: '/' } },
    fill_value: fillValue,
    codecs,
    dimension_names: facts.dimensionNames,
    attributes: facts.attributes,
  };
}
