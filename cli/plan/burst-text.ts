import type { BurstReport } from '#core/costs/burst.ts';
import { serviceLimits } from '#core/costs/service-limits.ts';
import { tableText } from '../table-text.ts';
import type { BurstReports } from './burst-plan.ts';

/** Rows are facts, columns are runs. */
const facts: readonly (readonly [string, (report: BurstReport) => string])[] = [
  ['cubes', ({ cubeCount }) => String(cubeCount)],
  ['manifests', ({ manifestCount }) => String(manifestCount)],
  ['cubes per manifest, median / max', ({ granulesPerManifest: { p50, max } }) => `${p50} / ${max}`],
  [
    'uploaded to submitted, median / max',
    ({ waitSeconds }) => `${duration(waitSeconds.p50)} / ${duration(waitSeconds.max)}`,
  ],
  [
    'uploaded to in the tables, median / max',
    ({ commitSeconds }) => `${duration(commitSeconds.p50)} / ${duration(commitSeconds.max)}`,
  ],
  ['last upload, hour', ({ lastUploadHour }) => lastUploadHour.toFixed(1)],
  ['last commit, hour', ({ lastCommitHour }) => lastCommitHour.toFixed(1)],
  [
    'recovered after the outage',
    ({ recoveryHours }) => (recoveryHours === null ? '-' : duration(recoveryHours * 3600)),
  ],
  ['uploaded and not committed, max', ({ backlogMax }) => String(backlogMax)],
  ['jobs at once', ({ jobsAtOnceMax }) => String(jobsAtOnceMax)],
  ['hosts taken back', ({ interruptionCount }) => String(interruptionCount)],
  ['settler busy', ({ settlerBusyShare }) => `${rate(settlerBusyShare * 100)} %`],
  ['manifests waiting for it, max', ({ settlerQueueMax }) => String(settlerQueueMax)],
  ['busiest minute, per s:', () => ''],
  ['  PUT of uploads, one farm', ({ peaks }) => rate(peaks.rawPutPerFarm)],
  ['  GET of raw cubes, one farm', ({ peaks }) => rate(peaks.rawGetPerFarm)],
  ['  PUT to the warehouse', ({ peaks }) => rate(peaks.warehousePut)],
  ['  PUT to the warehouse, one farm', ({ peaks }) => rate(peaks.warehousePutPerFarm)],
  ['  PUT to the ledger', ({ peaks }) => rate(peaks.controlPut)],
  ['  messages', ({ peaks }) => rate(peaks.messages)],
  ['  submitted jobs', ({ peaks }) => rate(peaks.jobSubmits)],
  ['  ended jobs', ({ peaks }) => rate(peaks.jobEnds)],
];

export function burstText({ burst, runs, breakingPoints }: BurstReports): string {
  const [first, second] = breakingPoints;
  const rows = facts.map(([name, textOf]) => [name, ...runs.map(({ report }) => textOf(report))]);
  const above = runs.filter(({ report }) => report.peaks.warehousePut > serviceLimits.s3PutPerSecond);
  const limits = breakingPoints.map(({ limit, value, load, unit, factor }) => [
    limit,
    `${rate(load)} of ${value} ${unit}`,
    `${rate(factor)} times`,
  ]);
  return [
    `${burst.cubeCount} cubes of ${burst.cubeGb} GB in ${burst.captureHours} hours, ${burst.nodeCount} nodes of ${burst.farmCount} farms at ${burst.linkMbitPerS} Mbit/s, at most ${burst.vcpusMax} vCPUs, seed ${burst.seed}`,
    '',
    tableText(['', ...runs.map(({ name }) => name)], rows),
    '',
    tableText(['limit', 'mean load of the harvest', 'reached at'], limits),
    '',
    `breaks first: ${first!.limit}, at ${rate(first!.factor)} times; ${first!.remedy}`,
    `then: ${second!.limit}, at ${rate(second!.factor)} times; ${second!.remedy}`,
    ...above.map(
      ({ name, report }) =>
        `for a minute, ${name}: ${rate(report.peaks.warehousePut)} PUT per s to the warehouse are more than ${serviceLimits.s3PutPerSecond}; until S3 has split the prefix it refuses some, and they are sent again`,
    ),
  ].join('\n');
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${(seconds / 60).toFixed(1)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** Two digits are what assumptions are worth. */
function rate(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(2)));
}
