import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import type { CubeReader } from '#core/cube/cube.ts';
import { ConfigurationError, exitCodes } from '#core/errors.ts';
import { calibrateCube } from '#core/pipeline/cube/calibrate-cube.ts';
import { planCalibration, type ReferenceReaders } from '#core/pipeline/cube/calibration-plan.ts';
import { overridesOf } from '#core/pipeline/cube/capture-file.ts';
import type { Capture } from '#schemas/capture.ts';
import {
  type Command,
  type CommandCall,
  hasFlag,
  jsonOption,
  numberOption,
  requiredText,
  textOption,
} from '../command.ts';
import { captureFromOptions, captureOptions } from '../ingest/capture-options.ts';
import { oneCube } from '../one-cube.ts';
import { openCubeFile } from '../open-cube-file.ts';
import { makeFolder, requireReplaceable } from '../own-files.ts';

export const command: Command = {
  name: 'calibrate',
  summary: 'calibrate one cube to a Zarr folder, without a lake',
  usage: 'CUBE [--dark CUBE --white CUBE [--panel P]] --out DIR.zarr',
  argumentCountMax: Number.POSITIVE_INFINITY,
  options: {
    out: { type: 'string', value: 'DIR', help: 'folder to make' },
    force: { type: 'boolean', help: 'replace the Zarr folder if it is there' },
    dark: { type: 'string', value: 'CUBE', help: "dark reference, taken with the cube's integration time" },
    white: { type: 'string', value: 'CUBE', help: 'white reference: the panel' },
    'white-dark': {
      type: 'string',
      value: 'CUBE',
      help: "dark reference of the white's integration time, where that differs",
    },
    ...captureOptions,
    json: jsonOption,
  },
  async run(call, io) {
    const out = resolve(requiredText(call, 'out', 'calibrate'));
    if (existsSync(out) && !hasFlag(call, 'force')) {
      throw new ConfigurationError(`Expected a new folder, got one that exists (${out}). Give --force to replace it.`);
    }
    if (existsSync(out)) requireReplaceable(out);
    const path = oneCube(call, 'calibrate');
    const capture = withTimes(captureFromOptions(call), call);
    const reader = await openCubeFile(path, overridesOf(capture));
    const references = await openReferenceFiles(call, capture);
    const partial = join(dirname(out), `.${process.pid}.cubelake-partial`);
    try {
      const calibration = await planCalibration(reader.header, capture, references, path);
      makeFolder(partial);
      void io.stopped().then(() => {
        rmSync(partial, { recursive: true, force: true });
        process.exit(exitCodes.stopped);
      });
      const warehouse = fileObjectStore(partial);
      const inputs = { cube: path, dark: textOption(call, 'dark'), white: textOption(call, 'white') };
      await calibrateCube({ reader, calibration, warehouse, rootKey: 'group', inputs, progress: io.progress });
      rmSync(out, { recursive: true, force: true });
      renameSync(join(partial, 'group'), out);
      const warnings = [...reader.header.warnings, ...calibration.warnings];
      if (hasFlag(call, 'json')) io.print(JSON.stringify({ out, method: calibration.method, warnings }));
      else io.print([`${calibration.method}: ${out}`, ...warnings.map((warning) => `warning: ${warning}`)].join('\n'));
    } finally {
      rmSync(partial, { recursive: true, force: true });
      for (const open of [reader, ...Object.values(references ?? {})]) await open?.close();
    }
  },
};

function withTimes(capture: Capture, call: CommandCall): Capture {
  const positive = { min: Number.MIN_VALUE, max: 1e9 };
  const darkMs = numberOption(call, 'dark-time-ms', positive);
  const whiteMs = numberOption(call, 'white-time-ms', positive);
  return {
    ...capture,
    ...(darkMs !== null && { dark: { key: '', ...capture.dark, integration_time_ms: darkMs } }),
    ...(whiteMs !== null && { white: { key: '', ...capture.white, integration_time_ms: whiteMs } }),
  };
}

async function openReferenceFiles(call: CommandCall, capture: Capture): Promise<ReferenceReaders | null> {
  const open = (name: string): Promise<CubeReader> | null => {
    const path = textOption(call, name);
    return path === null ? null : openCubeFile(path, capture.dataset === undefined ? {} : { dataset: capture.dataset });
  };
  const [dark, white, whiteDark] = [await open('dark'), await open('white'), await open('white-dark')];
  if (dark === null && white === null) return null;
  if (dark === null || white === null)
    throw new ConfigurationError('Expected --dark and --white together, got one of them.');
  return { dark, white, whiteDark };
}
