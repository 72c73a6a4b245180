import * as zarrita from 'zarrita';

export interface ZarrFeatures {
  readonly library: string;
  readonly opensV3: string;
  readonly readsShards: string;
  readonly writesShards: string;
}

interface ZarrJs {
  openArray(options: { store: object; mode: string }): Promise<unknown>;
}

const codecs = [{ name: 'bytes', configuration: { endian: 'little' } }];
const sharding = {
  name: 'sharding_indexed',
  configuration: { chunk_shape: [2], codecs, index_codecs: [...codecs, { name: 'crc32c' }], index_location: 'end' },
};

function arrayMetadata(arrayCodecs: readonly object[]): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      zarr_format: 3,
      node_type: 'array',
      shape: [4],
      data_type: 'int16',
      chunk_grid: { name: 'regular', configuration: { chunk_shape: [4] } },
      chunk_key_encoding: { name: 'default', configuration: { separator: '/' } },
      fill_value: 0,
      codecs: arrayCodecs,
      attributes: {},
    }),
  );
}

/** Opens the same two arrays, plain and sharded, with both libraries; a failure is given in the library's own words. */
export async function zarrFeatures(zarrJs: ZarrJs): Promise<ZarrFeatures[]> {
  const plain = new Map([['/zarr.json', arrayMetadata(codecs)]]);
  const sharded = new Map([['/zarr.json', arrayMetadata([sharding])]]);
  const withZarrita = async (files: Map<string, Uint8Array>, write: boolean) => {
    const array = await zarrita.open(rangeStore(files) as never, { kind: 'array' });
    if (write) {
      await zarrita.set(array as never, null, { data: Int16Array.of(1, 2, 3, 4), shape: [4], stride: [1] } as never);
    } else {
      await zarrita.get(array as never);
    }
  };
  return [
    {
      library: 'zarr 0.6.3',
      opensV3: await attempt(() => zarrJs.openArray({ store: objectStore(plain), mode: 'r' })),
      readsShards: await attempt(() => zarrJs.openArray({ store: objectStore(sharded), mode: 'r' })),
      writesShards: await attempt(() => zarrJs.openArray({ store: objectStore(sharded), mode: 'r+' })),
    },
    {
      library: 'zarrita 0.7.5',
      opensV3: await attempt(() => withZarrita(plain, false)),
      readsShards: await attempt(() => withZarrita(sharded, false)),
      writesShards: await attempt(() => withZarrita(sharded, true)),
    },
  ];
}

async function attempt(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return 'yes';
  } catch (error) {
    return `no: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function rangeStore(files: Map<string, Uint8Array>): object {
  return {
    get: async (key: string) => files.get(key),
    getRange: async (key: string) => files.get(key),
    set: async (key: string, bytes: Uint8Array) => files.set(key, bytes),
  };
}

/** A store as the older library wants it, over the same bytes. */
function objectStore(files: Map<string, Uint8Array>): object {
  return {
    keys: async () => [...files.keys()],
    containsItem: async (key: string) => files.has(`/${key}`),
    getItem: async (key: string) => {
      const bytes = files.get(`/${key}`);
      if (bytes === undefined) throw new Error(`KeyError: ${key}`);
      return bytes;
    },
    setItem: async () => false,
    deleteItem: async () => false,
  };
}
