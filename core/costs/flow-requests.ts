import { dataFileBytesTarget, downloadRangeBytesMax, tileBytesMax, uploadPartBytesMin } from '../limits.ts';
import { measuredWork } from './measured-work.ts';

/** Requests as S3 bills them: `put` for PUT, POST and LIST, `get` for GET and HEAD. Deleting is free. */
export interface RequestCounts {
  readonly put: number;
  readonly get: number;
}

/**
 * Counted with a store that counts (test/core/costs/flow-requests.test.ts): a cube of three parts with both references and
 * plots through batcher, job and settler, without its tiles and without the commits.
 */
export const flowRequests = {
  perGranule: { put: 31, get: 44 },
  perManifest: { put: 4, get: 4 },
  /** A tile is one range of the raw cube and one shard of bronze. */
  perTile: { put: 1, get: 1 },
  /** One snapshot of one table: manifest, list and metadata; reads as bench/results/commit-cost.json has them for old days. */
  perCommit: { put: 3, get: 18 },
} as const satisfies Record<string, RequestCounts>;

/** Tables that a manifest of cubes commits to: those of the payload, and gold.field_metrics after them. */
export const committedTableCount = 4;

/** Objects that arrive for one cube: header, data and capture file. */
export const partCountPerCube = 3;

/**
 * Requests of the job of one cube of 2-byte counts, without those that no size changes. Objects from `uploadPartBytesMin` on
 * go up in parts: one request to begin, one for each part, one to complete.
 */
export function sizedRequests(cubeBytes: number): RequestCounts {
  const tileCount = Math.ceil(cubeBytes / tileBytesMax);
  const readsPerTile = Math.ceil(Math.min(cubeBytes, tileBytesMax) / downloadRangeBytesMax);
  const shardBytes = Math.min(cubeBytes, tileBytesMax) * measuredWork.bronzeRatio;
  const silverBytes = cubeBytes * measuredWork.silverRatio;
  const silverFileCount = Math.ceil(silverBytes / dataFileBytesTarget);
  return {
    put: tileCount * uploadRequests(shardBytes) + silverFileCount * uploadRequests(silverBytes / silverFileCount),
    get: tileCount * readsPerTile,
  };
}

/** Requests to write one object. */
export function uploadRequests(sizeBytes: number): number {
  return sizeBytes < uploadPartBytesMin ? 1 : 2 + Math.ceil(sizeBytes / uploadPartBytesMin);
}
