import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigurationError, NotFoundError } from '#core/errors.ts';
import { selectGranules } from '#core/pipeline/replace/select-granules.ts';
import { askForObjects, objectsUnder, partsOf, planRestore, type RestorePlan } from '#core/pipeline/restore.ts';
import { type RestoreEstimate, restorePrices } from '#core/pipeline/restore-estimate.ts';
import type { RestoreTier } from '#core/ports/archive.ts';
import {
  type Command,
  type CommandCall,
  type CommandIo,
  hasFlag,
  jsonOption,
  lakeOption,
  numberOption,
  textOption,
} from '../command.ts';
import { lakePlace } from '../config.ts';
import { type Flow, openFlow } from '../open-flow.ts';

const daysDefault = 7;
const daysMax = 365;
const watchPollMs = 60_000;
const tiers: readonly string[] = ['bulk', 'standard', 'expedited'];

export const command: Command = {
  name: 'restore',
  summary: 'make archived raw cubes readable for some days: first what it costs, with --yes the request',
  usage: '--granules KEY... | --calibration ID | --prefix P [--tier T] [--days N] [--yes] [--watch] [--lake LAKE]',
  details:
    'Glacier Instant Retrieval needs no restore; Deep Archive takes hours. Afterwards: "cubelake reprocess" with the same\nselection. The same command without --yes says how far it is.',
  options: {
    lake: lakeOption,
    granules: {
      type: 'string',
      multiple: true,
      value: 'KEY',
      help: 'raw key of a cube without extension; may be repeated',
    },
    calibration: { type: 'string', value: 'ID', help: 'cubes calibrated so: its id, 8 digits or more' },
    prefix: { type: 'string', value: 'P', help: 'objects whose raw keys begin so, as raw_cubes/region/farm/2024' },
    tier: { type: 'string', value: 'T', help: 'bulk (default), standard or expedited' },
    days: {
      type: 'string',
      value: 'N',
      help: `how long the copies stay readable, 1 to ${daysMax} (default ${daysDefault})`,
    },
    yes: { type: 'boolean', help: 'ask for the objects; without it only the estimate' },
    watch: { type: 'boolean', help: 'stay until all are readable' },
    json: jsonOption,
  },
  async run(call, io) {
    const choose = chosenObjects(call);
    const tier = tierOption(call);
    const days = numberOption(call, 'days', { min: 1, max: daysMax, isInteger: true }) ?? daysDefault;
    const flow = openFlow(lakePlace(call));
    const candidates = await choose(flow);
    if (candidates.length === 0)
      throw new NotFoundError('Expected raw objects of this selection, found none. See "cubelake status".');
    let plan = await planRestore(flow.archive, candidates, days);
    const estimate = plan.estimates.find((each) => each.tier === tier) ?? null;
    if (plan.counts.archived > 0 && estimate === null)
      throw new ConfigurationError(
        `Expected bulk or standard as --tier, got ${tier}: Deep Archive, where some of the objects lie, does not have it.`,
      );
    const askedCount = hasFlag(call, 'yes') ? await askForObjects(flow.archive, plan, { tier, days }) : 0;
    if (hasFlag(call, 'watch')) plan = await watch(flow, candidates, days, io);
    const answer = { counts: plan.counts, askedCount, tier, days, estimate, estimates: plan.estimates };
    io.print(
      hasFlag(call, 'json')
        ? JSON.stringify({ ...answer, pricesPublishedIn: restorePrices.publishedIn, objects: plan.objects })
        : restoreText(plan, askedCount, tier, days),
    );
  },
};

type Choose = (flow: Flow) => Promise<readonly { readonly key: string; readonly sizeBytes: number }[]>;

/** @throws ConfigurationError for no selection, or two. */
function chosenObjects(call: CommandCall): Choose {
  const granules = call.options['granules'];
  const calibration = textOption(call, 'calibration');
  const prefix = textOption(call, 'prefix');
  const given = [granules, calibration ?? undefined, prefix ?? undefined].filter((each) => each !== undefined);
  if (given.length !== 1)
    throw new ConfigurationError(
      `Expected one of --granules KEY, --calibration ID, --prefix P, got ${given.length === 0 ? 'none' : 'several'}. Run "cubelake restore --help".`,
    );
  if (Array.isArray(granules))
    return (flow) =>
      objectsUnder(
        flow,
        granules.map((key: string) => `${key}.`),
      );
  if (prefix !== null) return (flow) => objectsUnder(flow, [prefix]);
  const selection = { granule: null, calibration, reference: null, sensorId: null, farmId: null, fromDate: null };
  return async (flow) =>
    partsOf(
      await selectGranules(flow, { ...selection, payload: 'hyperspectral-cube', toDate: null, isRolledBack: false }),
    );
}

/** @throws ConfigurationError */
function tierOption(call: CommandCall): RestoreTier {
  const text = textOption(call, 'tier') ?? 'bulk';
  if (tiers.includes(text)) return text as RestoreTier;
  throw new ConfigurationError(`Expected bulk, standard or expedited as --tier, got "${text}".`, { option: 'tier' });
}

/** Looks again until nothing is in the archive or on its way; what was never asked for is not waited for. */
async function watch(
  flow: Flow,
  candidates: Awaited<ReturnType<Choose>>,
  days: number,
  io: CommandIo,
): Promise<RestorePlan> {
  for (;;) {
    const plan = await planRestore(flow.archive, candidates, days);
    const { restoring, readable, restored } = plan.counts;
    io.progress.report('Archive:Restore:Waiting', { done: readable + restored, total: plan.objects.length });
    if (restoring === 0) return plan;
    await sleep(watchPollMs);
  }
}

function restoreText(
  { objects, counts, estimates, readableUntilMs }: RestorePlan,
  askedCount: number,
  tier: string,
  days: number,
): string {
  const readableCount = counts.readable + counts.restored;
  const lines = [
    `${objects.length} objects: ${readableCount} readable, ${counts.restoring} on their way, ${counts.archived} archived`,
  ];
  if (readableUntilMs !== null) lines.push(`readable copies until ${new Date(readableUntilMs).toISOString()}`);
  if (askedCount > 0)
    return [...lines, `asked for ${askedCount} objects: tier ${tier}, readable for ${days} days`].join('\n');
  for (const each of estimates) lines.push(estimateText(each, days));
  if (estimates.length > 0)
    lines.push(
      `prices of ${restorePrices.region}, published in ${restorePrices.publishedIn}`,
      `to ask for them: --tier ${tier} --days ${days} --yes`,
    );
  return lines.join('\n');
}

function estimateText({ tier, objectCount, sizeBytes, hoursMax, usd, copyUsd }: RestoreEstimate, days: number): string {
  const gb = (sizeBytes / 1e9).toFixed(3);
  return `${tier}: ${objectCount} objects, ${gb} GB, within ${hoursMax} h, ${usd.toFixed(2)} USD (${copyUsd.toFixed(2)} of it for ${days} days of copies)`;
}
