import { z } from 'zod';
import { idPattern } from './object-keys.ts';

/**
 * What field machines send and get: parts of edge products as CloudEvents (binary mode: attributes are user properties of
 * MQTT 5 and `ce_` headers of Kafka), and receipts once a part is where no field machine can lose it.
 */

/** Also the name of a topic level, so that no device can speak for another that the broker keeps apart. */
export const deviceIdSchema = z.string().regex(idPattern);

export const partsTopicPrefix = 'cubelake/parts';
export const receiptsTopicPrefix = 'cubelake/receipts';
/** Devices may not publish here; the bridges do. */
export const receiptsTopicOf = (deviceId: string): string => `${receiptsTopicPrefix}/${deviceId}`;
export const partsTopicOf = (deviceId: string): string => `${partsTopicPrefix}/${deviceId}`;
/** Several bridges share the parts of all devices. */
export const sharedPartsTopic = `$share/cubelake-bridge/${partsTopicPrefix}/+`;

/** Topics of Kafka: parts, keyed by granule, and what nobody could read, with the cause in its headers. */
export const kafkaPartsTopic = 'cubelake.parts';
export const kafkaDeadLetterTopic = 'cubelake.parts.dead';
export const deadLetterHeaders = { error: 'cubelake_error', origin: 'cubelake_origin' } as const;

export const partMediaType = 'application/vnd.apache.parquet';
/** `cells` become rows of silver.reflectance, `plots` rows of gold.plot_index. */
export const partTypes = { cells: 'cubelake.edge.cells.v1', plots: 'cubelake.edge.plots.v1' } as const;

/** Attributes of a part; the part itself is the data. */
export const partAttributesSchema = z.object({
  specversion: z.literal('1.0'),
  /** SHA-256 of the data, hex. */
  id: z.string().regex(/^[0-9a-f]{64}$/),
  /** Device that made it. */
  source: deviceIdSchema,
  type: z.enum([partTypes.cells, partTypes.plots]),
  /** Granule that it is of. */
  subject: z.string().regex(/^raw_cubes\/[a-z0-9/_-]{1,400}$/),
  datacontenttype: z.literal(partMediaType),
});
export type PartAttributes = z.infer<typeof partAttributesSchema>;

/** A part that Kafka has: `stored` for the sink, or `dead` among what nobody could read. Either way the device may let go of it. */
export const receiptSchema = z.object({
  id: z.string().regex(/^[0-9a-f]{64}$/),
  outcome: z.enum(['stored', 'dead']),
  reason: z.string().nullable(),
});
export type Receipt = z.infer<typeof receiptSchema>;

/** Key-value of every part's Parquet footer. */
export const partFactsKey = 'cubelake.edge';

const granuleFacts = {
  granule_key: z.string(),
  device: deviceIdSchema,
};

/** Numbers of a `cells` part are whole; a value is the number times its precision. */
export const cellFactsSchema = z.object({
  ...granuleFacts,
  mode: z.literal('cells'),
  /** ISO 8601; null when the cube does not say. */
  acquired_at: z.string().nullable(),
  sensor_id: z.string().nullable(),
  /** Of the cube, where its pixels lie on a straight grid; null otherwise: rows have no position then. */
  georeference: z.object({ crs: z.string().max(100_000), transform: z.array(z.number()).length(6) }).nullable(),
  /** Of the cube, in pixels: cells at its far edges are cut where it ends. */
  line_count: z.number().int().positive(),
  sample_count: z.number().int().positive(),
  cell_size: z.number().int().positive(),
  reflectance_precision: z.number().positive(),
  index_precision: z.number().positive(),
  ndvi_min: z.number().nullable(),
  bands_used: z.record(z.string(), z.string().nullable()),
});
export type CellFacts = z.infer<typeof cellFactsSchema>;

/** A `plots` part has the columns of gold.plot_index as they are. */
export const plotFactsSchema = z.object({ ...granuleFacts, mode: z.literal('plots') });
export type PlotFacts = z.infer<typeof plotFactsSchema>;

/** Entry in the summary of every snapshot that brings rows from the field: how far the log was read. */
export const ingestOffsetsKey = 'cubelake.ingest.offsets';
/** Entry in the summary of the snapshot with which a sink went on although so many messages were gone unread. */
export const ingestLostKey = 'cubelake.ingest.lost';
/** Entry in the summary of every snapshot that brings plots from the field: their farms and dates. */
export const ingestTouchedKey = 'cubelake.ingest.touched';
/** Entry in the summary of every snapshot of a settlement. */
export const settlementKey = 'cubelake.manifest-id';
