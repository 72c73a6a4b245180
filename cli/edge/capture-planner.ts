import { readFileSync, statSync } from 'node:fs';
import { ConfigurationError, FormatError } from '#core/errors.ts';
import { textFileBytesMax } from '#core/limits.ts';
import { parseCapture } from '#core/pipeline/cube/capture-file.ts';
import type { CapturePlanner } from '#edge-k3s/agent/import-capture.ts';
import type { Capture } from '#schemas/capture.ts';
import { isCalendarDate } from '#schemas/object-keys.ts';
import { type CommandCall, requiredText, textOption } from '../command.ts';
import { requireFile } from '../ingest/cube-files.ts';
import { requireId } from '../ingest/cube-id.ts';
import { type IngestRequest, planIngest } from '../ingest/ingest-plan.ts';
import { ingestRequestOf } from '../ingest/ingest-request.ts';

const fileOptions = ['dark', 'white', 'white-dark', 'plots'] as const;

/** Files that the options name: no captures, also where they lie among them. */
export function namedFiles(call: CommandCall): string[] {
  return fileOptions.map((name) => textOption(call, name)).filter((path) => path !== null);
}

/**
 * Plans captures as `ingest` does, each with its own sidecar, which wins over the options.
 * @throws ConfigurationError for options that can never work.
 */
export function capturePlanner(call: CommandCall, command: string): CapturePlanner {
  const farmId = requireId(requiredText(call, 'farm', command), 'farm');
  const region = requireId(textOption(call, 'region') ?? 'local', 'region');
  const request = { ...ingestRequestOf(call), farmId, region };
  if (request.date !== null && !isCalendarDate(request.date))
    throw new ConfigurationError(`Expected a date like 2026-07-01 as --date, got "${request.date}".`);
  if ((request.dark === null) !== (request.white === null))
    throw new ConfigurationError('Expected --dark and --white together, got one of them.');
  for (const path of namedFiles(call)) requireFile(path);
  return async ({ cubePaths, sidecarPath }) =>
    planIngest(withSidecar({ ...request, paths: [cubePaths[0]!] }, sidecarPath));
}

/** References and plots that the sidecar names by their raw keys stand for those of the options. */
function withSidecar(request: IngestRequest, path: string | null): IngestRequest {
  if (path === null) return request;
  const own = readSidecar(path);
  return {
    ...request,
    date: own.acquired_at === undefined ? request.date : null,
    ...(own.dark !== undefined && { dark: null }),
    ...(own.white !== undefined && { white: null, whiteDark: null }),
    ...(own.plots !== undefined && { plots: null }),
    capture: { ...request.capture, ...own },
  };
}

function readSidecar(path: string): Capture {
  const { size } = statSync(path);
  if (size > textFileBytesMax)
    throw new FormatError(`Expected a sidecar of at most ${textFileBytesMax} bytes, got ${size} (${path}).`, { path });
  return parseCapture(readFileSync(path), path);
}
