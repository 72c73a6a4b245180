import { assumedWork } from './measured-work.ts';
import { type PriceList, priceOf } from './price-list.ts';
import { cubeCountPerSeason, seasonCount, type Workload } from './workload.ts';

/** As infra/batch-jobs.ts has it for the CPU kernel. */
export const jobVcpus = 2;

export interface JobCosts {
  readonly cubeCount: number;
  readonly jobSeconds: number;
  /** vCPU-hours that jobs use: work, starts, and what interruptions repeat. */
  readonly vcpuHours: number;
  readonly reworkVcpuHours: number;
  /** vCPU-hours of hosts, which are paid while they boot and wait, too. */
  readonly hostVcpuHours: number;
  readonly usd: number;
}

/** Seconds of one job without interruption. */
export function jobSecondsOf({ cubeGb, vcpuSecondsPerGb }: Workload): number {
  return assumedWork.jobStartSeconds + (cubeGb * vcpuSecondsPerGb) / jobVcpus;
}

/**
 * What the jobs of all seasons cost:
 *   rework = hours * interruptions per hour * (start + half the work), because a job resumes at its last checkpoint or,
 *   at worst, begins anew at a moment that is equally likely anywhere in it.
 *
 * @param isSpot False: everything on demand, and nothing is interrupted.
 */
export function jobCosts(workload: Workload, prices: PriceList, isSpot: boolean): JobCosts {
  const cubeCount = cubeCountPerSeason(workload) * seasonCount(workload);
  const jobSeconds = jobSecondsOf(workload);
  const workHours = (cubeCount * jobSeconds * jobVcpus) / 3600;
  const onDemandShare = isSpot ? workload.onDemandShare : 1;
  const interruptionsPerJob = (workload.spotInterruptionsPerHour * jobSeconds) / 3600;
  const lostSeconds = assumedWork.jobStartSeconds + (jobSeconds - assumedWork.jobStartSeconds) / 2;
  const reworkVcpuHours = ((1 - onDemandShare) * cubeCount * interruptionsPerJob * lostSeconds * jobVcpus) / 3600;
  const hostHours = (hours: number): number => hours / assumedWork.hostUsedShare;
  const spotHours = hostHours(workHours * (1 - onDemandShare) + reworkVcpuHours);
  const onDemandHours = hostHours(workHours * onDemandShare);
  return {
    cubeCount,
    jobSeconds,
    vcpuHours: workHours + reworkVcpuHours,
    reworkVcpuHours,
    hostVcpuHours: spotHours + onDemandHours,
    usd: priceOf(prices, 'vcpu_spot', spotHours) + priceOf(prices, 'vcpu_on_demand', onDemandHours),
  };
}
