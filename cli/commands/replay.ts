import { ConfigurationError } from '#core/errors.ts';
import { type GranuleSelection, selectGranules } from '#core/pipeline/replace/select-granules.ts';
import { planReplay, type ReplayPlan, replay } from '#core/pipeline/replay.ts';
import {
  type Command,
  type CommandCall,
  hasFlag,
  jsonOption,
  lakeOption,
  requiredText,
  textOption,
} from '../command.ts';
import { lakePlace } from '../config.ts';
import { durationMs } from '../duration.ts';
import { openFlow } from '../open-flow.ts';
import { replaceCubes } from '../replace-cubes.ts';
import { requireSettlements, runFlow } from '../run-flow.ts';

export const command: Command = {
  name: 'replay',
  summary: 'send raw objects of a prefix and time through the flow again, as if they arrived now',
  usage: '--prefix P --since TIME [--again] [--dry-run] [--lake LAKE] [--json]',
  details:
    'Lost events are sent again and failures are tried again. What is complete in the same version does nothing, unless\n--again: then it is made again and replaced, as "cubelake reprocess" does it.',
  options: {
    lake: lakeOption,
    prefix: { type: 'string', value: 'P', help: 'start of the raw keys, as raw_cubes/region/farm/2026/07; "" for all' },
    since: {
      type: 'string',
      value: 'TIME',
      help: 'objects that arrived since, as 2026-07-01, 2026-07-01T12:00Z or 6h',
    },
    again: { type: 'boolean', help: 'also make again what is complete, after a change of a rule' },
    'dry-run': { type: 'boolean', help: 'only say what would be sent' },
    json: jsonOption,
  },
  async run(call, io) {
    const prefix = requiredText(call, 'prefix', 'replay');
    const since = sinceOption(call);
    const flow = openFlow(lakePlace(call), { progress: io.progress });
    const selection = { prefix, sinceMs: since(flow.clock.nowMs()) };
    const isDryRun = hasFlag(call, 'dry-run');
    const plan = isDryRun ? (await planReplay(flow, selection)).plan : await replay(flow, selection);
    const ran = isDryRun || flow.local === null ? null : await runFlow(flow.local);
    const isJson = hasFlag(call, 'json');
    const complete = new Set(hasFlag(call, 'again') ? plan.unchanged.complete : []);
    if (!isJson) io.print(replayText(plan, isDryRun));
    else if (complete.size === 0) io.print(JSON.stringify({ ...plan, isDryRun }));
    if (ran !== null) requireSettlements(ran);
    if (complete.size === 0) return;
    const states = (await selectGranules(flow, allCubes(prefix))).filter(({ granule_key }) =>
      complete.has(granule_key),
    );
    await replaceCubes(flow, states, { source: 'raw', isDryRun, isStaged: false, tolerance: null, isJson }, io);
  },
};

function allCubes(prefix: string): GranuleSelection {
  return {
    payload: 'hyperspectral-cube',
    granule: null,
    prefix,
    calibration: null,
    reference: null,
    sensorId: null,
    farmId: null,
    fromDate: null,
    toDate: null,
    isRolledBack: false,
  };
}

/** @throws ConfigurationError for text that is no time. */
function sinceOption(call: CommandCall): (nowMs: number) => number {
  const text = requiredText(call, 'since', 'replay');
  const ageMs = durationMs(text);
  if (ageMs !== null) return (nowMs) => nowMs - ageMs;
  const isTime = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text);
  const atMs = isTime ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(atMs)) return () => atMs;
  throw new ConfigurationError(
    `Expected a time as 2026-07-01, 2026-07-01T12:00Z, or an age as 6h, as --since, got "${textOption(call, 'since')}".`,
    { option: 'since' },
  );
}

function replayText({ sentKeys, redrivenKeys, unchanged, otherKeys }: ReplayPlan, isDryRun: boolean): string {
  const would = isDryRun ? 'would be ' : '';
  const { complete, running, waiting } = unchanged;
  return [
    `${sentKeys.length} lost granules and ${redrivenKeys.length} failed ones ${would}sent again; ${complete.length} are complete, ${running.length} running, ${waiting.length} waiting`,
    ...sentKeys.map((key) => `${would}sent again: ${key}`),
    ...redrivenKeys.map((key) => `${would}tried again: ${key}`),
    ...(otherKeys.length > 0 ? [`${otherKeys.length} objects belong to no granule`] : []),
  ].join('\n');
}
