import { systemClock } from '#adapters/system/system-clock.ts';
import { exitCodeOf, exitCodes } from '#core/errors.ts';
import type { Payload } from '#core/pipeline/payload.ts';
import { processGranule } from '#core/pipeline/process-granule.ts';
import type { Progress } from '#core/ports/progress.ts';
import type { PayloadWiring } from '../payloads.ts';
import { type JobConfig, readJobConfig } from './config.ts';
import { openStore } from './open-store.ts';

/**
 * One job process from configuration to exit code. SIGTERM (a Spot interruption, an upgrade, a scheduler that stops)
 * ends it at once with "try again": nothing that it has written counts before its outcome is there.
 */
export async function runJob(wire: (wiring: PayloadWiring) => readonly Payload[]): Promise<number> {
  process.on('SIGTERM', () => process.exit(exitCodes.retry));
  let manifestId: string | null = null;
  try {
    const config = readJobConfig();
    manifestId = config.manifestId;
    const raw = openStore(config.rawUri);
    const warehouse = openStore(config.warehouseUri);
    const outcome = await processGranule({
      raw,
      warehouse,
      payloads: wire({ raw, warehouse, threadCount: config.threadCount }),
      manifestId: config.manifestId,
      granuleIndex: config.granuleIndex,
      progress: lineProgress(config.manifestId),
      step: crashingStep(config),
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

/** One JSON line per event on standard output, which the job runner keeps. */
function lineProgress(manifestId: string): Progress {
  return {
    report: (event, fields) => void process.stdout.write(`${JSON.stringify({ event, manifestId, ...fields })}\n`),
  };
}

/** Dies like a machine does, at the label that the configuration names: `label`, or `label@attempt`. */
function crashingStep({ crashAt, attempt }: JobConfig): (label: string) => void {
  return (label) => {
    if (crashAt === label || crashAt === `${label}@${attempt}`) process.kill(process.pid, 'SIGKILL');
  };
}
