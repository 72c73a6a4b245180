import { resolve } from 'node:path';
import { folderSink } from '#adapters/h5wasm/write-folder.ts';
import { ConfigurationError } from '#core/errors.ts';
import { lineCountMax, sampleCountMax } from '#core/limits.ts';
import { defaultSimulation, type SensorName, type SimulationOptions, sensorNames } from '#core/simulation/options.ts';
import { simulate } from '#core/simulation/simulate.ts';
import {
  type Command,
  type CommandCall,
  hasFlag,
  jsonOption,
  numberOption,
  requiredText,
  textOption,
} from '../command.ts';

export const command: Command = {
  name: 'simulate',
  summary: 'make the cubes, references, plots and yields of a field trial, with their truth',
  usage: '--out DIR [--seed N] [--sensor S ...] [--date D ...]',
  details:
    'Writes a folder laid out like the raw bucket, for "cubelake ingest DIR", and truth.json beside it.\nThe same options give the same bytes.',
  options: {
    out: { type: 'string', value: 'DIR', help: 'folder to write into' },
    seed: { type: 'string', value: 'N', help: `default ${defaultSimulation.seed}` },
    sensor: { type: 'string', value: 'S', multiple: true, help: `${sensorNames.join(', ')}; default all` },
    date: {
      type: 'string',
      value: 'D',
      multiple: true,
      help: `yyyy-mm-dd; default ${defaultSimulation.dates.join(', ')}`,
    },
    entries: { type: 'string', value: 'N', help: `genetic lines under test, default ${defaultSimulation.entryCount}` },
    replicates: { type: 'string', value: 'N', help: `default ${defaultSimulation.replicateCount}` },
    lines: { type: 'string', value: 'N', help: 'image lines of each cube; default fits the field' },
    samples: { type: 'string', value: 'N', help: 'image samples of each cube; default fits the field' },
    farm: { type: 'string', value: 'ID', help: `default ${defaultSimulation.farmId}` },
    region: { type: 'string', value: 'ID', help: `default ${defaultSimulation.region}` },
    trial: { type: 'string', value: 'ID', help: `default ${defaultSimulation.trialId}` },
    saturated: { type: 'string', value: 'F', help: 'share of pixels that glint and saturate, default 0' },
    json: jsonOption,
  },
  async run(call, io) {
    const out = resolve(requiredText(call, 'out', 'simulate'));
    const report = await simulate(optionsOf(call), folderSink(out), io.progress);
    const sizeBytes = report.files.reduce((sum, file) => sum + file.sizeBytes, 0);
    if (hasFlag(call, 'json')) io.print(JSON.stringify({ folder: out, files: report.files }));
    else io.print(`${report.files.length} files, ${(sizeBytes / 1e6).toFixed(1)} MB, in ${out}`);
  },
};

function optionsOf(call: CommandCall): SimulationOptions {
  const whole = (name: string, max: number) => numberOption(call, name, { min: 0, max, isInteger: true });
  const lineCount = whole('lines', lineCountMax);
  const sampleCount = whole('samples', sampleCountMax);
  return {
    seed: whole('seed', Number.MAX_SAFE_INTEGER) ?? defaultSimulation.seed,
    sensors: sensorsOf(call),
    dates: (call.options['date'] as readonly string[] | undefined) ?? defaultSimulation.dates,
    entryCount: whole('entries', 2000) ?? defaultSimulation.entryCount,
    replicateCount: whole('replicates', 50) ?? defaultSimulation.replicateCount,
    region: textOption(call, 'region') ?? defaultSimulation.region,
    farmId: textOption(call, 'farm') ?? defaultSimulation.farmId,
    trialId: textOption(call, 'trial') ?? defaultSimulation.trialId,
    saturatedFraction: numberOption(call, 'saturated', { min: 0, max: 1 }) ?? defaultSimulation.saturatedFraction,
    ...(lineCount !== null && { lineCount }),
    ...(sampleCount !== null && { sampleCount }),
  };
}

function sensorsOf(call: CommandCall): readonly SensorName[] {
  const names = (call.options['sensor'] as readonly string[] | undefined) ?? sensorNames;
  for (const name of names) {
    if (!sensorNames.includes(name as SensorName)) {
      throw new ConfigurationError(`Expected sensors among ${sensorNames.join(', ')}, got "${name}".`, {
        sensor: name,
      });
    }
  }
  return names as readonly SensorName[];
}
