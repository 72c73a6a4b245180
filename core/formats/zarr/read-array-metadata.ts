import { z } from 'zod';
import { FormatError } from '../../errors.ts';
import { type ChunkDecoder, chunkDecoder, codecListSchema } from './chunk-codecs.ts';

/** What `zarr.json` says of one array, checked so far that its chunks can be found and decoded. */
export interface StoredArray {
  readonly shape: readonly number[];
  readonly dataType: string;
  /** Shape of one object: a chunk, or a shard of chunks. */
  readonly objectShape: readonly number[];
  /** Shape of the chunks in a shard; null without sharding. */
  readonly chunkShape: readonly number[] | null;
  readonly decode: ChunkDecoder;
  readonly attributes: Readonly<Record<string, unknown>>;
}

const shapeSchema = z.array(z.number().int().positive());

const arraySchema = z.object({
  zarr_format: z.literal(3),
  node_type: z.literal('array'),
  shape: shapeSchema,
  data_type: z.string(),
  chunk_grid: z.object({ name: z.literal('regular'), configuration: z.object({ chunk_shape: shapeSchema }) }),
  chunk_key_encoding: z.object({
    name: z.literal('default'),
    configuration: z.object({ separator: z.literal('/') }).optional(),
  }),
  codecs: codecListSchema.min(1),
  attributes: z.record(z.string(), z.unknown()).default({}),
});

const shardingSchema = z.object({
  chunk_shape: shapeSchema,
  codecs: codecListSchema,
  index_codecs: z.tuple([z.object({ name: z.literal('bytes') }), z.object({ name: z.literal('crc32c') })]),
  index_location: z.literal('end').default('end'),
});

/** @throws FormatError for metadata that breaks the format or that we cannot read. Disposition: quarantine. */
export function readArrayMetadata(metadata: unknown, where: string): StoredArray {
  const array = checked(arraySchema, metadata, where);
  const sharding = array.codecs[0]!.name === 'sharding_indexed' ? array.codecs[0]! : null;
  if (sharding !== null && array.codecs.length > 1) {
    throw new FormatError(`Expected no codec after sharding_indexed, got ${array.codecs[1]!.name} (${where}).`, {
      where,
    });
  }
  const inner = sharding === null ? null : checked(shardingSchema, sharding.configuration, where);
  return {
    shape: array.shape,
    dataType: array.data_type,
    objectShape: array.chunk_grid.configuration.chunk_shape,
    chunkShape: inner?.chunk_shape ?? null,
    decode: chunkDecoder(inner?.codecs ?? array.codecs, where),
    attributes: array.attributes,
  };
}

function checked<Schema extends z.ZodType>(schema: Schema, value: unknown, where: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new FormatError(
    `Expected the metadata of a Zarr v3 array, got ${issue.path.join('.') || 'no object'}: ${issue.message} (${where}).`,
    { where },
    result.error,
  );
}
