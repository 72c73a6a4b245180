import { createHash } from 'node:crypto';

/**
 * `processing_id` of all rows that the field made of a granule: it follows from the granule alone, so that the settlement
 * of the same granule in the cloud knows what to take out without asking anyone.
 */
export function edgeProcessingId(granuleKey: string): string {
  return createHash('sha256').update(`edge:${granuleKey}`).digest('hex').slice(0, 32);
}
