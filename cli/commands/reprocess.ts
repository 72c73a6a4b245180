import { ConfigurationError } from '#core/errors.ts';
import { discardReplacement, publishReplacement } from '#core/pipeline/replace/publish-replacement.ts';
import { selectGranules } from '#core/pipeline/replace/select-granules.ts';
import { isCalendarDate } from '#schemas/object-keys.ts';
import {
  type Command,
  type CommandCall,
  hasFlag,
  jsonOption,
  lakeOption,
  numberOption,
  textOption,
} from '../command.ts';
import { lakePlace } from '../config.ts';
import { listReplacements } from '../list-replacements.ts';
import { openFlow } from '../open-flow.ts';
import { replaceCubes } from '../replace-cubes.ts';
import { listText } from '../replacement-text.ts';

const payload = 'hyperspectral-cube';

export const command: Command = {
  name: 'reprocess',
  summary: 'make chosen cubes again and put their new rows in the place of the old',
  usage:
    '--calibration ID | --cube ID | --prefix P | --reference KEY | --sensor S | --rolled-back | --all [--farm F] [--from D] [--to D]',
  details:
    'Plans, makes the cubes again on a branch that no query sees, compares old with new, and publishes in one snapshot per\ntable; rows of other cubes stay as they are. The same command again goes on where an earlier one was stopped.',
  options: {
    lake: lakeOption,
    calibration: {
      type: 'string',
      value: 'ID',
      help: 'cubes calibrated so: its id, 8 digits or more; "--all --dry-run" shows them',
    },
    prefix: { type: 'string', value: 'P', help: 'cubes whose raw keys begin so, as raw_cubes/region/farm/2026/07' },
    cube: { type: 'string', value: 'ID', help: 'cube id, or its raw key without extension' },
    reference: { type: 'string', value: 'KEY', help: 'cubes that used this reference cube or plot set: its raw key' },
    sensor: { type: 'string', value: 'ID', help: 'cubes of this sensor' },
    'rolled-back': { type: 'boolean', help: 'cubes whose rows a rollback took out' },
    all: { type: 'boolean', help: 'every settled cube' },
    farm: { type: 'string', value: 'ID', help: 'only cubes of this farm' },
    from: { type: 'string', value: 'D', help: 'only cubes acquired on this date or later, yyyy-mm-dd' },
    to: { type: 'string', value: 'D', help: 'only cubes acquired on this date or earlier' },
    source: { type: 'string', value: 'S', help: 'auto (default: bronze that fits the references, else raw) or bronze' },
    'dry-run': { type: 'boolean', help: 'only say which cubes, and what it costs' },
    stage: { type: 'boolean', help: 'stop before publishing' },
    tolerance: { type: 'string', value: 'X', help: 'stop before publishing where a mean difference is larger' },
    publish: { type: 'string', value: 'ID', help: 'publish a replacement that was staged' },
    discard: { type: 'string', value: 'ID', help: 'drop a replacement that was staged' },
    list: { type: 'boolean', help: 'list replacements' },
    json: jsonOption,
  },
  async run(call, io) {
    const request = requestOf(call);
    const lake = openFlow(lakePlace(call), { progress: io.progress });
    const isJson = hasFlag(call, 'json');
    const say = (answer: unknown, text: string): void => io.print(isJson ? JSON.stringify(answer) : text);
    if (request.kind === 'list') {
      const replacements = await listReplacements(lake);
      return say(replacements, listText(replacements));
    }
    if (request.kind === 'publish') {
      const settlement = await publishReplacement(lake, request.id);
      return say({ replacementId: request.id, ...settlement }, `${settlement.complete_count} cubes replaced`);
    }
    if (request.kind === 'discard') {
      await discardReplacement(lake, request.id);
      return say({ replacementId: request.id, state: 'discarded' }, `replacement ${request.id} is discarded`);
    }
    const states = await selectGranules(lake, request.selection);
    const { source, isDryRun, isStaged, tolerance } = request;
    await replaceCubes(lake, states, { source, isDryRun, isStaged, tolerance, isJson }, io);
  },
};

type Request =
  | { readonly kind: 'list' }
  | { readonly kind: 'publish'; readonly id: string }
  | { readonly kind: 'discard'; readonly id: string }
  | {
      readonly kind: 'replace';
      readonly selection: Parameters<typeof selectGranules>[1];
      readonly source: 'raw' | 'bronze';
      readonly isDryRun: boolean;
      readonly isStaged: boolean;
      readonly tolerance: number | null;
    };

/** @throws ConfigurationError for a call that says nothing, or two things at once. */
function requestOf(call: CommandCall): Request {
  const chosen = [
    'calibration',
    'cube',
    'prefix',
    'reference',
    'sensor',
    'rolled-back',
    'all',
    'publish',
    'discard',
    'list',
  ].filter((name) => call.options[name] !== undefined);
  const [only] = chosen;
  if (chosen.length !== 1 || only === undefined)
    throw new ConfigurationError(
      `Expected one of --calibration ID, --cube ID or --all, --prefix P, --reference KEY, --sensor S, --rolled-back, --publish ID, --discard ID, --list, got ${chosen.length === 0 ? 'none' : chosen.map((name) => `--${name}`).join(' and ')}.`,
    );
  if (only === 'list') return { kind: 'list' };
  if (only === 'publish') return { kind: only, id: textOption(call, only)! };
  if (only === 'discard') return { kind: only, id: textOption(call, only)! };
  const source = textOption(call, 'source') ?? 'auto';
  if (source !== 'auto' && source !== 'bronze')
    throw new ConfigurationError(`Expected auto or bronze as --source, got "${source}".`);
  const selection = {
    payload,
    granule: textOption(call, 'cube'),
    prefix: textOption(call, 'prefix'),
    calibration: textOption(call, 'calibration'),
    reference: textOption(call, 'reference'),
    sensorId: textOption(call, 'sensor'),
    farmId: textOption(call, 'farm'),
    fromDate: dateOption(call, 'from'),
    toDate: dateOption(call, 'to'),
    isRolledBack: hasFlag(call, 'rolled-back'),
  };
  return {
    kind: 'replace',
    selection,
    source: source === 'bronze' ? 'bronze' : 'raw',
    isDryRun: hasFlag(call, 'dry-run'),
    isStaged: hasFlag(call, 'stage'),
    tolerance: numberOption(call, 'tolerance', { min: 0, max: 1e9 }),
  };
}

function dateOption(call: CommandCall, name: string): string | null {
  const text = textOption(call, name);
  if (text === null || isCalendarDate(text)) return text;
  throw new ConfigurationError(`Expected a date as yyyy-mm-dd, as --${name}, got "${text}".`);
}
