import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { ConfigurationError, exitCodes } from '#core/errors.ts';
import { calibrateCube } from '#core/pipeline/cube/calibrate-cube.ts';
import { planCalibration } from '#core/pipeline/cube/calibration-plan.ts';
import { overridesOf } from '#core/pipeline/cube/capture-file.ts';
import { type Command, hasFlag, jsonOption, requiredText, textOption } from '../command.ts';
import { captureFromOptions, captureOptions } from '../ingest/capture-options.ts';
import { openReferenceFiles, referenceOptions, withReferenceTimes } from '../ingest/reference-readers.ts';
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
    ...referenceOptions,
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
    const capture = withReferenceTimes(captureFromOptions(call), call);
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
