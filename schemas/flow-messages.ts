import { z } from 'zod';
import { objectVersionSchema } from './manifest.ts';

/** One record of an S3 event notification; what else it holds is not used. The key is form-URL-encoded. */
export const s3RecordSchema = z.object({
  eventVersion: z.string().optional(),
  eventSource: z.string().optional(),
  eventName: z.string(),
  s3: z
    .object({
      bucket: z.object({ name: z.string() }),
      object: z.object({
        key: z.string(),
        size: z.number().optional(),
        eTag: z.string().optional(),
        versionId: z.string().optional(),
        sequencer: z.string().optional(),
      }),
    })
    .optional(),
});

export const s3EventSchema = z.object({ Records: z.array(z.unknown()) });

/** The same from EventBridge, where the key is not encoded. */
export const eventBridgeObjectSchema = z.object({
  source: z.literal('aws.s3'),
  'detail-type': z.string(),
  detail: z.object({
    bucket: z.object({ name: z.string() }),
    object: z.object({
      key: z.string(),
      size: z.number().optional(),
      etag: z.string().optional(),
      'version-id': z.string().optional(),
      sequencer: z.string().optional(),
    }),
  }),
});

export const snsNotificationSchema = z.object({ Type: z.literal('Notification'), Message: z.string() });

/** Asks for a granule that is in raw already: again from raw, or from its bronze with another calibration. */
export const reprocessMessageSchema = z.strictObject({
  cubelake: z.literal('reprocess'),
  payload: z.string(),
  granule_key: z.string(),
  source: z.enum(['raw', 'bronze']),
  /** Names the request: the same request twice is one. */
  request: z.string().min(1).max(200).nullable(),
});

/**
 * Asks the settler, who alone may tag raw objects, to say what became of objects: they arrived again when all was settled, or
 * the rest of their granule never came, or their rows were rolled back.
 */
export const tagMessageSchema = z.strictObject({
  cubelake: z.literal('tag'),
  status: z.enum(['complete', 'failed', 'waiting']),
  parts: z.array(objectVersionSchema).min(1),
  /** When the newest of them arrived: a FIFO queue drops a message that is like an earlier one. */
  uploaded_ms: z.number(),
});

/** End of a job, as AWS Batch tells it through EventBridge and the local runner tells it too. */
export const jobEventSchema = z.object({
  'detail-type': z.literal('Batch Job State Change'),
  detail: z.object({ jobName: z.string(), status: z.string() }),
});

export type S3Record = z.infer<typeof s3RecordSchema>;
export type ReprocessMessage = z.infer<typeof reprocessMessageSchema>;
export type TagMessage = z.infer<typeof tagMessageSchema>;
