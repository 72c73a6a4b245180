import { readS3Options } from '#adapters/s3/config.ts';
import { openResumableUploads } from '#adapters/s3/resumable-uploads.ts';
import { s3Connection } from '#adapters/s3/s3-connection.ts';
import { systemStopwatch } from '#adapters/system/system-stopwatch.ts';
import { Backhaul, type BackhaulOptions, type BackhaulReport } from '#core/edge/backhaul.ts';
import { CubelakeError, FormatError } from '#core/errors.ts';
import { pause } from '../pause.ts';
import { openCaptureFolder } from '../spool-folder.ts';

export interface RunBackhaulOptions
  extends Pick<BackhaulOptions, 'bytesPerSecondMax' | 'freePolicy' | 'keepFreeBytes' | 'progress'> {
  readonly spoolPath: string;
  /** `s3://bucket` or `s3://bucket/prefix`. */
  readonly rawUri: string;
  /** Ends when everything is uploaded. */
  readonly isOnce: boolean;
}

const pollMs = 10_000;
const waitMsMax = 300_000;

/**
 * Brings raw cubes to the cloud until `stop` is aborted, beside the agent of the same spool.
 * @throws ConfigurationError without rights; FormatError, with `isOnce`, when something else has the name of a capture.
 */
export async function runBackhaul(options: RunBackhaulOptions, stop: AbortSignal): Promise<BackhaulReport> {
  const { spoolPath, rawUri, isOnce, ...rest } = options;
  const folder = openCaptureFolder(spoolPath);
  const uploads = openResumableUploads(rawUri, s3Connection(readS3Options()));
  const { captures, raw, freeBytes } = folder;
  const backhaul = new Backhaul({ ...rest, captures, raw, freeBytes, uploads, stopwatch: systemStopwatch });
  let report: BackhaulReport = { uploadedCount: 0, freedCount: 0, conflicts: new Map() };
  try {
    for (let failureCount = 0; !stop.aborted; ) {
      try {
        report = await backhaul.pass(stop);
        failureCount = 0;
        if (isOnce) break;
        await pause(pollMs, stop);
      } catch (error) {
        if (!(error instanceof CubelakeError) || error.disposition !== 'retry') throw error;
        failureCount++;
        options.progress.report('Backhaul:Pass:Waiting', { reason: error.message });
        await pause(Math.min(waitMsMax, 1000 * 2 ** failureCount) * (0.5 + 0.5 * Math.random()), stop);
      }
    }
  } finally {
    folder.close();
  }
  const [conflict] = report.conflicts.values();
  if (isOnce && conflict !== undefined)
    throw new FormatError(`${report.conflicts.size} of the captures were not uploaded. First: ${conflict}`);
  return report;
}
