import { ledgerParallelCount, manifestGranuleCountMax } from '../limits.ts';
import type { Burst, BurstReport } from './burst.ts';
import { deployed } from './deployed.ts';
import { flowRequests, partCountPerCube, sizedRequests, uploadRequests } from './flow-requests.ts';
import { jobVcpus } from './job-costs.ts';
import { assumedWork } from './measured-work.ts';
import { settleSeconds } from './service-costs.ts';
import { serviceLimits } from './service-limits.ts';

/** One limit, and the load that the burst puts on it for as long as cubes are captured. */
export interface BreakingPoint {
  readonly limit: string;
  readonly unit: string;
  readonly value: number;
  /** Sustained over the hours of capture. */
  readonly load: number;
  /** So many times as many cubes in the same hours reach the limit: value / load. */
  readonly factor: number;
  readonly remedy: string;
}

/**
 * Limits in the order in which a growing harvest reaches them. Cubes and nodes grow, farms and hours do not. Loads are
 * means over the hours of capture, and grow with the cubes; a busier minute is shown by the simulation, and is waited
 * out: requests are repeated, and what is not yet done stays in the ledger or a queue.
 */
export function breakingPoints(burst: Burst, report: BurstReport): BreakingPoint[] {
  const cubesPerSecond = burst.cubeCount / (burst.captureHours * 3600);
  return [...workPoints(burst, cubesPerSecond), ...requestPoints(burst, report, cubesPerSecond)]
    .map((point) => ({ ...point, factor: point.value / point.load }))
    .toSorted((left, right) => left.factor - right.factor);
}

type Load = Omit<BreakingPoint, 'factor'>;

/** What is worked off by a bounded number of workers: the load is the share of them that is busy. */
function workPoints(burst: Burst, cubesPerSecond: number): Load[] {
  const { cubeGb, vcpuSecondsPerGb, vcpusMax } = burst;
  const granuleCount = manifestGranuleCountMax;
  const settlePerCube = settleSeconds(granuleCount) / granuleCount;
  const jobSeconds = assumedWork.jobStartSeconds + (cubeGb * vcpuSecondsPerGb) / jobVcpus;
  const packPerCube = (10 * assumedWork.requestSeconds) / ledgerParallelCount;
  const intakePerCube = (partCountPerCube * assumedWork.requestSeconds) / ledgerParallelCount;
  return [
    {
      limit: 'the settler, one manifest at a time',
      unit: 'settlers',
      value: 1,
      load: cubesPerSecond * settlePerCube,
      remedy: 'record the granules of a manifest side by side',
    },
    {
      limit: 'vCPUs that Batch may use',
      unit: 'vCPUs',
      value: vcpusMax,
      load: (cubesPerSecond * jobSeconds * jobVcpus) / assumedWork.hostUsedShare,
      remedy: "raise vcpus_max of the deployment, and the account's EC2 quota of standard Spot vCPUs with it",
    },
    {
      limit: 'the batcher, one packing call at a time',
      unit: 'calls',
      value: 1,
      load: cubesPerSecond * packPerCube,
      remedy: 'more requests to the ledger at a time (ledgerParallelCount)',
    },
    {
      limit: 'calls of the batcher that take messages',
      unit: 'calls',
      value: deployed.batcherCallCountMax,
      load: cubesPerSecond * intakePerCube,
      remedy: 'raise maxConcurrency of the event source',
    },
    {
      limit: 'Lambda calls at once in the account',
      unit: 'calls',
      value: serviceLimits.lambdaConcurrency,
      load: cubesPerSecond * (settlePerCube + packPerCube + intakePerCube),
      remedy: 'raise the quota',
    },
    {
      limit: 'the link of a node, if no nodes are added',
      unit: 'Mbit/s',
      value: burst.linkMbitPerS,
      load: (cubesPerSecond * cubeGb * 8000 * 1.15) / burst.nodeCount,
      remedy: 'more nodes, a longer window, or small products first (cubelake edge preview)',
    },
  ];
}

function requestPoints(burst: Burst, report: BurstReport, cubesPerSecond: number): Load[] {
  const { cubeGb, farmCount } = burst;
  const cubeBytes = cubeGb * 1e9;
  const sized = sizedRequests(cubeBytes);
  const { s3PutPerSecond, s3GetPerSecond } = serviceLimits;
  const perFarm = cubesPerSecond / farmCount;
  const split = 'tell AWS before the harvest, so that S3 splits the prefix by farm, or lower vcpus_max';
  return [
    {
      limit: 'PUT to the warehouse, while S3 has not split it',
      unit: 'per s',
      value: s3PutPerSecond,
      load: cubesPerSecond * (sized.put + flowRequests.perGranule.put),
      remedy: split,
    },
    {
      limit: 'GET from the raw bucket, while S3 has not split it',
      unit: 'per s',
      value: s3GetPerSecond,
      load: cubesPerSecond * (sized.get + flowRequests.perGranule.get),
      remedy: split,
    },
    {
      limit: 'PUT of uploads, under the prefix of one farm',
      unit: 'per s',
      value: s3PutPerSecond,
      load: perFarm * (uploadRequests(cubeBytes) + partCountPerCube - 1),
      remedy: 'larger parts of an upload',
    },
    {
      limit: 'PUT to the warehouse, under the prefix of one farm',
      unit: 'per s',
      value: s3PutPerSecond,
      load: perFarm * sized.put,
      remedy: 'a finer prefix than the farm',
    },
    {
      limit: 'messages of the FIFO queue of job ends',
      unit: 'per s',
      value: serviceLimits.fifoMessagesPerSecond,
      load: report.manifestCount / (burst.captureHours * 3600),
      remedy: 'high throughput for FIFO queues',
    },
    {
      limit: 'job submissions',
      unit: 'per s',
      value: serviceLimits.batchSubmitPerSecond,
      load: report.manifestCount / (burst.captureHours * 3600),
      remedy: 'none needed: manifests become fuller, up to 200 granules',
    },
    {
      limit: 'messages in flight',
      unit: 'messages',
      value: serviceLimits.queueInFlightCount,
      load: cubesPerSecond * partCountPerCube * 60,
      remedy: 'more calls of the batcher',
    },
    {
      limit: 'versions of a Glue table, in one season',
      unit: 'versions',
      value: serviceLimits.glueTableVersionCount,
      load: report.manifestCount,
      remedy: 'delete old versions of the table each season, or raise the quota',
    },
  ];
}
