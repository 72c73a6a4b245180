import { functionMetrics } from '#schemas/metrics.ts';

/** What infra deploys without Kafka and what therefore costs in winter, too; test/core/costs/deployed.test.ts counts it in the templates. */
export const deployed = {
  interfaceEndpointCount: 6,
  zoneCount: 3,
  keyCount: 1,
  alarmCount: 18,
  dashboardCount: 1,
  metricCount: Object.values(functionMetrics).reduce((count, metrics) => count + Object.keys(metrics).length, 0),
  functionMemoryGb: 1,
  /** Calls by schedule per hour: full manifests each minute, a flush each 15 minutes, an observation each hour. */
  scheduledCallsPerHour: 60 + 4 + 1,
  /** Messages that one call of the batcher takes at most, and the calls that run side by side. */
  messagesPerCallMax: 200,
  batcherCallCountMax: 4,
  flushMinutes: 15,
  /** Upper bound of the jobs' vCPUs in the example deployment. */
  vcpusMax: 256,
} as const;
