import { type CommandCall, numberOption, textOption } from '../command.ts';
import { captureFromOptions } from './capture-options.ts';
import type { IngestRequest } from './ingest-plan.ts';

/** What the options say of captures, for every command that puts captures into raw. @throws ConfigurationError */
export function ingestRequestOf(call: CommandCall): Omit<IngestRequest, 'paths'> {
  const positive = { min: Number.MIN_VALUE, max: 1e9 };
  return {
    farmId: textOption(call, 'farm'),
    region: textOption(call, 'region') ?? 'local',
    date: textOption(call, 'date'),
    dark: textOption(call, 'dark'),
    white: textOption(call, 'white'),
    whiteDark: textOption(call, 'white-dark'),
    whiteTimeMs: numberOption(call, 'white-time-ms', positive),
    darkTimeMs: numberOption(call, 'dark-time-ms', positive),
    plots: textOption(call, 'plots'),
    yields: textOption(call, 'yields'),
    capture: captureFromOptions(call),
  };
}
