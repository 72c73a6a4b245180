import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigurationError } from '#core/errors.ts';
import { partMessageBytesMax } from '#core/limits.ts';
import type { PageSources } from '#edge-k3s/agent/run-agent.ts';
import { deviceIdSchema } from '#schemas/edge-messages.ts';
import { idRule } from '#schemas/object-keys.ts';
import {
  type Command,
  type CommandCall,
  hasFlag,
  numberOption,
  requiredText,
  stopSignal,
  textOption,
} from '../command.ts';
import { mqttOf, mqttOptions } from '../edge/broker-options.ts';
import { capturePlanner, namedFiles } from '../edge/capture-planner.ts';
import { productOptions, productSettings } from '../edge/product-options.ts';
import { captureOptions } from '../ingest/capture-options.ts';
import { referenceOptions } from '../ingest/reference-readers.ts';

const gib = 1024 ** 3;
const partKibMax = partMessageBytesMax / 1024;

export const command: Command = {
  name: 'edge run',
  summary: 'watch a folder of captures on a field machine, make each small and send it',
  usage: 'CAPTURES --device ID --farm F --spool DIR [--broker URI] [--dark CUBE --white CUBE] [--plots FILE]',
  details:
    'A capture is a cube (ENVI header and data, HDF5, NetCDF-4, GeoTIFF) in CAPTURES or below. It is whole when NAME.done or\nNAME.capture.json lies beside it, or when its files have not changed for a while; names ending in .part or .tmp do not count.\nEach is imported once into the spool folder, made into an edge product, and kept until the cloud has it. Without --broker\nnothing is sent. After any interruption the same command goes on.',
  argumentCountMax: 1,
  options: {
    device: { type: 'string', value: 'ID', help: 'name of this machine, which its certificate carries too' },
    farm: { type: 'string', value: 'ID', help: 'farm of the captures' },
    region: { type: 'string', value: 'ID', help: 'region of the farm (default "local")' },
    date: { type: 'string', value: 'D', help: 'date of acquisition, yyyy-mm-dd UTC; default what the cube says' },
    spool: { type: 'string', value: 'DIR', help: 'folder for raw cubes and parts, on a disk of its own at best' },
    'spool-gib': { type: 'string', value: 'N', help: 'parts and pictures take at most this, default 20' },
    ...mqttOptions,
    'rate-kib-s': { type: 'string', value: 'N', help: 'send at most so fast' },
    page: { type: 'string', value: 'HOST:PORT', help: 'show the state of the machine there, e.g. 127.0.0.1:8090' },
    'quiet-s': { type: 'string', value: 'S', help: 'files unchanged for so long are whole, default 10' },
    consume: { type: 'boolean', help: 'remove the files of a capture once it is imported' },
    once: { type: 'boolean', help: 'end when everything captured is made and, with --broker, in the cloud' },
    ...productOptions,
    ...referenceOptions,
    plots: { type: 'string', value: 'FILE', help: 'plot polygons (GeoJSON): no cell mixes two plots' },
    'plot-buffer-m': { type: 'string', value: 'M', help: "metres to leave off along each plot's edge, default 0" },
    ...captureOptions,
  },
  async run(call, io) {
    const deviceId = deviceOf(call);
    const page = pageOf(call);
    const spoolGib = numberOption(call, 'spool-gib', { min: 0.001, max: 1e6 }) ?? 20;
    const rateKibPerSecond = numberOption(call, 'rate-kib-s', { min: 1, max: 1e9 });
    const options = {
      capturesPath: capturesOf(call),
      ignoredPaths: namedFiles(call).map((path) => resolve(path)),
      spoolPath: resolve(requiredText(call, 'spool', 'edge run')),
      spoolBytesMax: spoolGib * gib,
      deviceId,
      plan: capturePlanner(call, 'edge run'),
      settings: productSettings(call, partKibMax),
      quietMs: (numberOption(call, 'quiet-s', { min: 0, max: 86_400 }) ?? 10) * 1000,
      isConsuming: hasFlag(call, 'consume'),
      isOnce: hasFlag(call, 'once'),
      mqtt: textOption(call, 'broker') === null ? null : mqttOf(call, 'edge run', `cubelake-device-${deviceId}`),
      bytesPerSecondMax: rateKibPerSecond && rateKibPerSecond * 1024,
      progress: io.progress,
      page: page && ((sources: PageSources) => serve(page, sources)),
    };
    const { runAgent } = await import('#edge-k3s/agent/run-agent.ts');
    await runAgent(options, stopSignal(io));
  },
};

function deviceOf(call: CommandCall): string {
  const device = requiredText(call, 'device', 'edge run');
  if (deviceIdSchema.safeParse(device).success) return device;
  throw new ConfigurationError(`Expected ${idRule}, as --device, got "${device}".`);
}

function capturesOf(call: CommandCall): string {
  const [folder] = call.positionals;
  if (folder !== undefined && statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return resolve(folder);
  throw new ConfigurationError(
    `Expected the folder of captures, got ${folder ?? 'none'}. Run "cubelake edge run --help".`,
  );
}

async function serve(address: { readonly host: string; readonly port: number }, sources: PageSources) {
  const { serveAgentPage } = await import('#edge-k3s/agent/page/serve-agent-page.ts');
  return serveAgentPage({ ...address, ...sources });
}

function pageOf(call: CommandCall): { readonly host: string; readonly port: number } | null {
  const text = textOption(call, 'page');
  if (text === null) return null;
  const [, host, port] = /^(\[[0-9a-f:]+\]|[^:]+):(\d{1,5})$/i.exec(text) ?? [];
  if (host !== undefined && Number(port) <= 65_535) return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
  throw new ConfigurationError(`Expected HOST:PORT as --page, got "${text}".`);
}
