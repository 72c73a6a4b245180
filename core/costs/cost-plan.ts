import { type JobCosts, jobCosts } from './job-costs.ts';
import { assumedWork } from './measured-work.ts';
import { type PriceList, priceOf } from './price-list.ts';
import { granulesPerFullManifest, type ServiceCosts, serviceCosts } from './service-costs.ts';
import { type StorageMonth, storageMonths } from './storage-costs.ts';
import { hoursPerMonth, monthsPerYear, type Workload } from './workload.ts';

/** One design over all years. */
export interface DesignCosts {
  readonly months: readonly StorageMonth[];
  readonly jobs: JobCosts;
  readonly services: ServiceCosts;
  /** By line of the bill, in USD, in the order to show. */
  readonly lines: Readonly<Record<CostLine, number>>;
  readonly usd: number;
}

export const costLines = [
  'S3 storage',
  'S3 transitions and tags',
  'S3 requests',
  'Batch hosts',
  'host disks',
  'Lambda',
  'SQS',
  'KMS',
  'network',
  'CloudWatch',
] as const;
export type CostLine = (typeof costLines)[number];

export interface CostPlan {
  readonly workload: Workload;
  readonly ours: DesignCosts;
  /** Everything in S3 Standard, on demand, and a manifest for every cube. */
  readonly naive: DesignCosts;
  readonly savedShare: number;
  readonly perCubeUsd: number;
  readonly perTbUsd: number;
  /** null when the area is not known. */
  readonly perHectareUsd: number | null;
  /** Of one flight over a hectare at 60 GB per 160 acres. */
  readonly perHectareFlownUsd: number;
  /** What a month without any cube costs, apart from what lies in S3. */
  readonly idleMonthUsd: number;
}

/** The bill of both designs over all years. Pure: the same workload and prices give the same plan. */
export function planCosts(workload: Workload, prices: PriceList): CostPlan {
  const ours = designCosts(workload, prices, {
    isTiered: true,
    isSpot: true,
    granulesPerManifest: granulesPerFullManifest,
  });
  const naive = designCosts(workload, prices, { isTiered: false, isSpot: false, granulesPerManifest: 1 });
  const { cubeCount } = ours.jobs;
  const gb = cubeCount * workload.cubeGb;
  return {
    workload,
    ours,
    naive,
    savedShare: 1 - ours.usd / naive.usd,
    perCubeUsd: ours.usd / cubeCount,
    perTbUsd: (ours.usd / gb) * 1000,
    perHectareUsd: workload.hectares === null ? null : ours.usd / workload.hectares,
    perHectareFlownUsd: (ours.usd / gb) * assumedWork.gbPerHectareFlown,
    idleMonthUsd: idleMonthUsd(workload, prices),
  };
}

interface Design {
  readonly isTiered: boolean;
  readonly isSpot: boolean;
  readonly granulesPerManifest: number;
}

function designCosts(workload: Workload, prices: PriceList, design: Design): DesignCosts {
  const months = storageMonths(workload, prices, design.isTiered);
  const jobs = jobCosts(workload, prices, design.isSpot);
  const services = serviceCosts(workload, prices, design.granulesPerManifest);
  const total = (name: 'storageUsd' | 'transitionUsd' | 'tagUsd'): number =>
    months.reduce((sum, month) => sum + month[name], 0);
  const lines: Record<CostLine, number> = {
    'S3 storage': total('storageUsd'),
    'S3 transitions and tags': total('transitionUsd') + total('tagUsd'),
    'S3 requests': services.requestsUsd,
    'Batch hosts': jobs.usd,
    'host disks': diskUsd(jobs, prices),
    Lambda: services.lambdaUsd,
    SQS: services.queueUsd,
    KMS: services.kmsUsd,
    network: services.networkUsd,
    CloudWatch: services.cloudwatchUsd,
  };
  return { months, jobs, services, lines, usd: Object.values(lines).reduce((sum, usd) => sum + usd, 0) };
}

/** A host of 8 vCPUs has a disk of 30 GB, paid while it runs. */
function diskUsd({ hostVcpuHours }: JobCosts, prices: PriceList): number {
  const diskGbMonths = (hostVcpuHours / 8) * (30 / hoursPerMonth);
  return priceOf(prices, 'host_disk', diskGbMonths);
}

function idleMonthUsd(workload: Workload, prices: PriceList): number {
  const services = serviceCosts({ ...workload, tbPerSeason: 0 }, prices, 1);
  const { lambdaUsd, queueUsd, kmsUsd, networkUsd, cloudwatchUsd } = services;
  return (lambdaUsd + queueUsd + kmsUsd + networkUsd + cloudwatchUsd) / (workload.years * monthsPerYear);
}
