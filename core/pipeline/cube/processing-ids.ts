import type { Capture } from '#schemas/capture.ts';
import type { Granule } from '#schemas/manifest.ts';
import { bronzeKey } from '#schemas/object-keys.ts';
import { contentHash } from '../content-hash.ts';
import { cubeParts, type NamedInput } from './cube-inputs.ts';

/** Changes whenever calibrated numbers change, so that results of two versions never share a name. */
export const calibrationVersion = 'calibration-1';

/** Changes whenever silver or gold files made from the same bronze change: two versions never write the same key. */
const flatteningVersion = 'flattening-2';

export interface ProcessingIds {
  /** Names the bronze group: hash of cube, references, calibration facts and calibration version. */
  readonly bronzeRootKey: string;
  /** Names silver and gold rows: hash of the bronze, the plots and the flattening version. */
  readonly processingId: string;
  /** Hash of references, calibration facts and calibration version alone: the same for every cube calibrated alike. */
  readonly calibrationId: string;
}

/**
 * The same inputs give the same ids, whichever attempt, machine or path computes them; other plots give other rows on the
 * same bronze.
 */
export function processingIdsOf(granule: Granule, capture: Capture, inputs: readonly NamedInput[]): ProcessingIds {
  const { plots, plot_buffer_m, ...calibrationFacts } = capture;
  const versions = (input: NamedInput): unknown => [input.role, input.parts.map((part) => [part.key, part.etag])];
  const calibration = {
    version: calibrationVersion,
    references: inputs.filter((input) => input.role !== 'plots').map(versions),
    facts: calibrationFacts,
  };
  const bronzeId = contentHash({ ...calibration, parts: cubeParts(granule).map((part) => [part.key, part.etag]) });
  const processingId = contentHash({
    version: flatteningVersion,
    calibrationId: bronzeId,
    plots: inputs.filter((input) => input.role === 'plots').map(versions),
    plotBufferM: plots === undefined ? null : (plot_buffer_m ?? 0),
  });
  const { sha256, acquired_at, georeference, ...sharedFacts } = calibrationFacts;
  const calibrationId = contentHash({ ...calibration, facts: sharedFacts });
  return { bronzeRootKey: bronzeKey(granule.granule_key, bronzeId), processingId, calibrationId };
}
