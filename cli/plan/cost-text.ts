import { type CostPlan, costLines } from '#core/costs/cost-plan.ts';
import type { PriceList } from '#core/costs/price-list.ts';
import { tableText } from '../table-text.ts';

/** @param monthStep Every so many months is shown, the last one always. */
export function costText(plan: CostPlan, prices: PriceList, monthStep: number): string {
  const { ours, naive, workload } = plan;
  const months = ours.months
    .filter(({ month }) => (month + 1) % monthStep === 0 || month === ours.months.length - 1)
    .map((each) => [
      each.month + 1,
      ...[each.standardGb, each.glacierInstantGb, each.deepArchiveGb, each.bronzeGb, each.silverGb].map(Math.round),
      usd(each.storageUsd),
      usd(naive.months[each.month]!.storageUsd),
    ]);
  const lines = costLines.map((line) => [line, usd(ours.lines[line]), usd(naive.lines[line])]);
  const { jobs, services } = ours;
  return [
    `${workload.farmCount} farms, ${workload.tbPerSeason} TB a season, ${jobs.cubeCount} cubes of ${workload.cubeGb} GB in ${workload.years} years`,
    '',
    'storage: mean GB (2^30) of the month, and USD; "naive" keeps all in S3 Standard',
    tableText(
      ['month', 'Standard', 'Glacier IR', 'Deep Archive', 'bronze', 'silver', 'storage USD', 'naive USD'],
      months,
    ),
    '',
    `USD in ${workload.years} years; "naive" is all in S3 Standard, on demand, and a job and a commit for every cube`,
    tableText(['', 'Cubelake', 'naive'], [...lines, ['total', usd(ours.usd), usd(naive.usd)]]),
    '',
    `${percent(plan.savedShare)} less than naive; raw cubes alone: ${percent(rawSaving(plan))} less storage`,
    `per cube ${plan.perCubeUsd.toFixed(2)} USD, per TB ${plan.perTbUsd.toFixed(2)} USD, ${areaText(plan)}`,
    `a month without cubes ${usd(plan.idleMonthUsd)} USD, besides what lies in S3`,
    `jobs: ${jobs.vcpuHours.toFixed(0)} vCPU-hours (${jobs.jobSeconds.toFixed(0)} s a cube on 2 vCPUs, ${jobs.reworkVcpuHours.toFixed(1)} done again), ${jobs.hostVcpuHours.toFixed(0)} of hosts`,
    `requests: ${millions(services.putCount)} PUT and LIST, ${millions(services.getCount)} GET; Lambda: ${millions(services.lambdaCallCount)} calls`,
    `prices of ${prices.region}, stated in ${prices.stated_in}: ${prices.currency}`,
    prices.note,
  ].join('\n');
}

function rawSaving({ ours, naive }: CostPlan): number {
  const rawOf = (months: CostPlan['ours']['months']): number => months.reduce((sum, { rawUsd }) => sum + rawUsd, 0);
  return 1 - rawOf(ours.months) / rawOf(naive.months);
}

function areaText({ perHectareUsd, perHectareFlownUsd, workload }: CostPlan): string {
  const flown = `per hectare and flight ${perHectareFlownUsd.toFixed(2)} USD at 60 GB per 160 acres`;
  if (perHectareUsd === null) return flown;
  return `per hectare ${perHectareUsd.toFixed(2)} USD in ${workload.years} years, ${flown}`;
}

function usd(value: number): string {
  return value.toFixed(2);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

function millions(count: number): string {
  return `${(count / 1e6).toFixed(2)} million`;
}
