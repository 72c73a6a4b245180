import { resolve } from 'node:path';
import type { FreePolicy } from '#core/edge/backhaul.ts';
import { ConfigurationError } from '#core/errors.ts';
import {
  type Command,
  type CommandCall,
  hasFlag,
  numberOption,
  requiredText,
  stopSignal,
  textOption,
} from '../command.ts';

const policies: readonly FreePolicy[] = ['always', 'when-needed', 'never'];

export const command: Command = {
  name: 'edge backhaul',
  summary: 'bring the raw cubes of a field machine to the raw bucket, then free its disk of them',
  usage: '--spool DIR --raw s3://BUCKET',
  details:
    'Uploads go on where they were cut off; nothing is overwritten. A raw cube leaves the machine only when the bucket holds\nthe same bytes and its results are made. Keys and region as for every AWS tool.',
  options: {
    spool: { type: 'string', value: 'DIR', help: 'spool of the agent' },
    raw: { type: 'string', value: 'URI', help: 'the raw bucket: s3://bucket or s3://bucket/prefix' },
    once: { type: 'boolean', help: 'end when everything is uploaded' },
    'rate-mib-s': { type: 'string', value: 'N', help: 'upload at most so fast' },
    free: { type: 'string', value: 'WHEN', help: 'always, when-needed (default) or never' },
    'keep-free-gib': { type: 'string', value: 'N', help: 'with when-needed: free space to keep, default 50' },
  },
  async run(call, io) {
    const rate = numberOption(call, 'rate-mib-s', { min: 0.01, max: 1e5 });
    const options = {
      spoolPath: resolve(requiredText(call, 'spool', 'edge backhaul')),
      rawUri: requiredText(call, 'raw', 'edge backhaul'),
      isOnce: hasFlag(call, 'once'),
      bytesPerSecondMax: rate === null ? null : rate * 2 ** 20,
      freePolicy: policyOf(call),
      keepFreeBytes: (numberOption(call, 'keep-free-gib', { min: 0, max: 1e6 }) ?? 50) * 2 ** 30,
      progress: io.progress,
    };
    const { runBackhaul } = await import('#edge-k3s/backhaul/run-backhaul.ts');
    const { uploadedCount, freedCount } = await runBackhaul(options, stopSignal(io));
    if (options.isOnce) io.print(`${uploadedCount} captures uploaded, ${freedCount} freed here`);
  },
};

function policyOf(call: CommandCall): FreePolicy {
  const text = textOption(call, 'free') ?? 'when-needed';
  const policy = policies.find((each) => each === text);
  if (policy !== undefined) return policy;
  throw new ConfigurationError(`Expected always, when-needed or never, as --free, got "${text}".`);
}
