import { systemClock } from '#adapters/system/system-clock.ts';
import { exitCodeOf, exitCodes } from '#core/errors.ts';
import { jobStopMsMax } from '#core/limits.ts';
import type { Payload } from '#core/pipeline/payload.ts';
import { processGranule } from '#core/pipeline/process-granule.ts';
import type { Progress } from '#core/ports/progress.ts';
import type { PayloadWiring } from '../payloads.ts';
import { readJobConfig } from './config.ts';
import { jobSteps } from './job-steps.ts';
import { kernelOfJob } from './kernel-of-job.ts';
import { openStore } from './open-store.ts';

export interface JobOptions {
  /** How long after SIGTERM the job may still clean up. */
  readonly stopMsMax?: number;
}

/**
 * One job process from configuration to exit code. SIGTERM (a Spot interruption, an upgrade, a scheduler that stops) ends
 * it with "try again" at its next step, with nothing half written left behind; at once at a second SIGTERM or when the
 * step takes too long. Nothing that it has written counts before its outcome is there.
 */
export async function runJob(
  wire: (wiring: PayloadWiring) => readonly Payload[],
  { stopMsMax = jobStopMsMax }: JobOptions = {},
): Promise<number> {
  const signal = stopSignal(stopMsMax);
  let manifestId: string | null = null;
  try {
    const config = readJobConfig();
    manifestId = config.manifestId;
    const raw = openStore(config.rawUri);
    const warehouse = openStore(config.warehouseUri);
    const { crashAt, attempt, threadCount } = config;
    const progress = lineProgress(config.manifestId);
    const kernel = kernelOfJob(config.kernel, progress);
    const outcome = await processGranule({
      raw,
      warehouse,
      payloads: wire({ raw, warehouse, threadCount, kernel, crash: { crashAt, attempt } }),
      manifestId: config.manifestId,
      granuleIndex: config.granuleIndex,
      progress,
      step: jobSteps({ crashAt, attempt, signal }),
      clock: systemClock,
    });
    return outcome.status === 'complete' ? exitCodes.ok : exitCodes.badData;
  } catch (error) {
    const code = exitCodeOf(error);
    const { name, message, stack } = error instanceof Error ? error : { name: 'Error', message: String(error) };
    const shown = code === exitCodes.bug ? { error: name, reason: message, stack } : { error: name, reason: message };
    process.stderr.write(`${JSON.stringify({ event: 'Granule:Process:Failed', manifestId, ...shown })}\n`);
    return code;
  }
}

function stopSignal(stopMsMax: number): AbortSignal {
  const stop = new AbortController();
  process.on('SIGTERM', () => {
    if (stop.signal.aborted) process.exit(exitCodes.retry);
    stop.abort();
    setTimeout(() => process.exit(exitCodes.retry), stopMsMax).unref();
  });
  return stop.signal;
}

/** One JSON line per event on standard output, which the job runner keeps. */
function lineProgress(manifestId: string): Progress {
  return {
    report: (event, fields) => void process.stdout.write(`${JSON.stringify({ event, manifestId, ...fields })}\n`),
  };
}
