import type { CubeReader } from '#core/cube/cube.ts';
import { ConfigurationError } from '#core/errors.ts';
import type { ReferenceReaders } from '#core/pipeline/cube/calibration-plan.ts';
import type { Capture } from '#schemas/capture.ts';
import { type CommandCall, numberOption, type OptionDefinition, textOption } from '../command.ts';
import { openCubeFile } from '../open-cube-file.ts';

/** Options that name the references of one cube. */
export const referenceOptions: Readonly<Record<string, OptionDefinition>> = {
  dark: { type: 'string', value: 'CUBE', help: "dark reference, taken with the cube's integration time" },
  white: { type: 'string', value: 'CUBE', help: 'white reference: the panel' },
  'white-dark': {
    type: 'string',
    value: 'CUBE',
    help: "dark reference of the white's integration time, where that differs",
  },
};

/** The capture with the integration times that options give for its references. */
export function withReferenceTimes(capture: Capture, call: CommandCall): Capture {
  const positive = { min: Number.MIN_VALUE, max: 1e9 };
  const darkMs = numberOption(call, 'dark-time-ms', positive);
  const whiteMs = numberOption(call, 'white-time-ms', positive);
  return {
    ...capture,
    ...(darkMs !== null && { dark: { key: '', ...capture.dark, integration_time_ms: darkMs } }),
    ...(whiteMs !== null && { white: { key: '', ...capture.white, integration_time_ms: whiteMs } }),
  };
}

/** @returns null without references. @throws ConfigurationError for one of the two alone. */
export async function openReferenceFiles(call: CommandCall, capture: Capture): Promise<ReferenceReaders | null> {
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
