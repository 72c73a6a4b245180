import { readFileSync } from 'node:fs';
import { planCosts } from '#core/costs/cost-plan.ts';
import { assumedWork, measuredWork } from '#core/costs/measured-work.ts';
import { defaultPrices, type PriceList, parsePriceList } from '#core/costs/price-list.ts';
import type { Workload } from '#core/costs/workload.ts';
import { ConfigurationError } from '#core/errors.ts';
import {
  type Command,
  type CommandCall,
  hasFlag,
  jsonOption,
  numberOption,
  requiredText,
  textOption,
} from '../command.ts';
import { burstOf, burstReports } from '../plan/burst-plan.ts';
import { burstText } from '../plan/burst-text.ts';
import { costText } from '../plan/cost-text.ts';

export const command: Command = {
  name: 'plan',
  summary: 'what a season costs in AWS, by month and service, and where a harvest burst breaks first',
  usage: '--farms N --tb-per-season T [--cube-gb 4] [--years 3] [--prices FILE] [--burst] [--json]',
  details:
    'Computed from counted requests, measured seconds and bytes, a dated price list and stated assumptions; nothing is asked\nover a network. --burst simulates the harvest in virtual time instead, with an outage, ten and a hundred times, and winter.',
  options: {
    farms: { type: 'string', value: 'N', help: 'farms that send cubes' },
    'tb-per-season': { type: 'string', value: 'T', help: 'TB (10^12 bytes) of raw cubes of all farms in a season' },
    'cube-gb': { type: 'string', value: 'GB', help: 'size of a cube, default 4' },
    'seasons-per-year': { type: 'string', value: 'N', help: 'default 1' },
    'season-days': { type: 'string', value: 'N', help: 'days over which a season arrives, default 60' },
    years: { type: 'string', value: 'N', help: 'default 3' },
    hectares: { type: 'string', value: 'H', help: 'area of all farms, for the cost per hectare' },
    'vcpu-seconds-per-gb': {
      type: 'string',
      value: 'S',
      help: `default ${measuredWork.vcpuSecondsPerGb}, as measured`,
    },
    'bronze-ratio': { type: 'string', value: 'R', help: `bytes against raw, default ${measuredWork.bronzeRatio}` },
    'silver-ratio': { type: 'string', value: 'R', help: `bytes against raw, default ${measuredWork.silverRatio}` },
    'spot-interruptions-per-hour': {
      type: 'string',
      value: 'P',
      help: `of one host, default ${assumedWork.spotInterruptionsPerHour}`,
    },
    'on-demand-share': {
      type: 'string',
      value: 'P',
      help: `of the jobs, default ${assumedWork.onDemandShare}`,
    },
    prices: { type: 'string', value: 'FILE', help: 'another price list, like core/costs/prices/us-east-1.json' },
    months: { type: 'boolean', help: 'every month instead of every third' },
    burst: { type: 'boolean', help: 'simulate the season as one harvest burst' },
    'burst-hours': { type: 'string', value: 'H', help: 'hours of the burst, default 36' },
    nodes: { type: 'string', value: 'N', help: 'field machines that upload in it, default 3 a farm' },
    'link-mbit': { type: 'string', value: 'M', help: 'up-link of each in Mbit/s, default 50' },
    'vcpus-max': {
      type: 'string',
      value: 'N',
      help: 'vCPUs that Batch may use, default 256 as in the example deployment',
    },
    'outage-hours': { type: 'string', value: 'H', help: 'of the region, in the middle of the burst, default 6' },
    seed: { type: 'string', value: 'N', help: 'default 1' },
    json: jsonOption,
  },
  async run(call, io) {
    const prices = pricesOf(call);
    const workload = workloadOf(call);
    const isJson = hasFlag(call, 'json');
    if (hasFlag(call, 'burst')) {
      const reports = burstReports(burstOf(call, workload));
      io.print(isJson ? JSON.stringify(reports) : burstText(reports));
      return;
    }
    const plan = planCosts(workload, prices);
    io.print(isJson ? JSON.stringify({ ...plan, prices }) : costText(plan, prices, hasFlag(call, 'months') ? 1 : 3));
  },
};

/** @throws ConfigurationError naming the option. */
function workloadOf(call: CommandCall): Workload {
  requiredText(call, 'farms', 'plan');
  requiredText(call, 'tb-per-season', 'plan');
  const above0 = Number.MIN_VALUE;
  const whole = (name: string, max: number): number | null =>
    numberOption(call, name, { min: 1, max, isInteger: true });
  const share = (name: string, max = 1): number | null => numberOption(call, name, { min: 0, max });
  const workload = {
    farmCount: whole('farms', 1e6)!,
    tbPerSeason: numberOption(call, 'tb-per-season', { min: above0, max: 1e5 })!,
    cubeGb: numberOption(call, 'cube-gb', { min: 0.01, max: 5000 }) ?? 4,
    seasonsPerYear: whole('seasons-per-year', 12) ?? 1,
    seasonDays: whole('season-days', 365) ?? 60,
    years: whole('years', 20) ?? 3,
    hectares: numberOption(call, 'hectares', { min: above0, max: 1e9 }),
    vcpuSecondsPerGb:
      numberOption(call, 'vcpu-seconds-per-gb', { min: above0, max: 1e6 }) ?? measuredWork.vcpuSecondsPerGb,
    bronzeRatio: share('bronze-ratio', 100) ?? measuredWork.bronzeRatio,
    silverRatio: share('silver-ratio', 100) ?? measuredWork.silverRatio,
    spotInterruptionsPerHour: share('spot-interruptions-per-hour') ?? assumedWork.spotInterruptionsPerHour,
    onDemandShare: share('on-demand-share') ?? assumedWork.onDemandShare,
  };
  if (workload.seasonDays * workload.seasonsPerYear <= 365) return workload;
  throw new ConfigurationError(
    `Expected seasons that fit a year, got ${workload.seasonsPerYear} of ${workload.seasonDays} days (--season-days).`,
    { option: 'season-days' },
  );
}

/** @throws ConfigurationError when the file is none or wrong. */
function pricesOf(call: CommandCall): PriceList {
  const path = textOption(call, 'prices');
  if (path === null) return defaultPrices;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigurationError(`Expected a price list, got no readable file (${path}).`, { path }, cause);
  }
  return parsePriceList(text, path);
}
