import { manifestGranuleCountMax } from '../limits.ts';
import { deployed } from './deployed.ts';
import { committedTableCount, flowRequests, partCountPerCube, sizedRequests, uploadRequests } from './flow-requests.ts';
import { assumedWork } from './measured-work.ts';
import { type PriceList, priceOf } from './price-list.ts';
import { cubeCountPerSeason, hoursPerMonth, monthsPerYear, seasonCount, type Workload } from './workload.ts';

/** Costs by service over all years, in USD. */
export interface ServiceCosts {
  readonly requestsUsd: number;
  readonly lambdaUsd: number;
  readonly queueUsd: number;
  readonly kmsUsd: number;
  readonly networkUsd: number;
  readonly cloudwatchUsd: number;
  readonly putCount: number;
  readonly getCount: number;
  readonly lambdaCallCount: number;
}

/** @param granulesPerManifest So many share a job, a settlement and its commits: 200 in a burst, 1 in the naive design. */
export function serviceCosts(workload: Workload, prices: PriceList, granulesPerManifest: number): ServiceCosts {
  const cubeCount = cubeCountPerSeason(workload) * seasonCount(workload);
  const manifestCount = Math.ceil(cubeCount / granulesPerManifest);
  const hours = workload.years * monthsPerYear * hoursPerMonth;
  const { putCount, getCount } = requestCounts(workload, cubeCount, manifestCount);
  const lambda = lambdaCalls(cubeCount, manifestCount, hours);
  const messageCount = cubeCount * partCountPerCube;
  return {
    putCount,
    getCount,
    requestsUsd: priceOf(prices, 's3_put', putCount / 1000) + priceOf(prices, 's3_get', getCount / 1000),
    lambdaCallCount: lambda.count,
    lambdaUsd:
      priceOf(prices, 'lambda_call', lambda.count / 1e6) +
      priceOf(prices, 'lambda_gb_second', lambda.seconds * deployed.functionMemoryGb),
    // Sent, received and deleted; and five pollers of Lambda that ask every 20 seconds of an empty queue.
    queueUsd:
      priceOf(prices, 'sqs_standard', (messageCount * 3 + pollCount(hours)) / 1e6) +
      priceOf(prices, 'sqs_fifo', (manifestCount * 3 + pollCount(hours)) / 1e6),
    kmsUsd:
      priceOf(prices, 'kms_key', deployed.keyCount * workload.years * monthsPerYear) +
      priceOf(prices, 'kms_request', keyRequestCount(hours, cubeCount) / 10_000),
    networkUsd: networkUsd(workload, prices, cubeCount, hours),
    cloudwatchUsd: cloudwatchUsd(workload, prices, cubeCount, lambda.count),
  };
}

/** Requests of the upload, the flow, the job and the commits. */
function requestCounts(workload: Workload, cubeCount: number, manifestCount: number) {
  const cubeBytes = workload.cubeGb * 1e9;
  const sized = sizedRequests(cubeBytes);
  const { perGranule, perManifest, perCommit } = flowRequests;
  const uploadPuts = uploadRequests(cubeBytes) + partCountPerCube - 1;
  return {
    putCount:
      cubeCount * (uploadPuts + perGranule.put + sized.put) +
      manifestCount * (perManifest.put + committedTableCount * perCommit.put),
    getCount:
      cubeCount * (perGranule.get + sized.get) +
      manifestCount * (perManifest.get + committedTableCount * perCommit.get),
  };
}

/**
 * Counted by test/core/costs/flow-requests.test.ts for granules of two parts. Some of them go out side by side; a deletion and
 * the tag of a third part, which are not among them, make up for that.
 */
export const settleRequestsPerGranule = 14;

/** Seconds that the settler needs for a manifest: it goes through its granules one after another, and then commits. */
export function settleSeconds(granuleCount: number): number {
  return (
    granuleCount * settleRequestsPerGranule * assumedWork.requestSeconds +
    committedTableCount * assumedWork.commitSeconds
  );
}

function lambdaCalls(cubeCount: number, manifestCount: number, hours: number): { count: number; seconds: number } {
  const scheduledCount = deployed.scheduledCallsPerHour * hours;
  const granuleCount = manifestCount === 0 ? 0 : cubeCount / manifestCount;
  // A minute's window gathers the messages of a burst; each call stores them, eight at a time.
  const intakeCount = Math.ceil((cubeCount * partCountPerCube) / 10);
  const packSeconds = (cubeCount * 10 * assumedWork.requestSeconds) / 8;
  return {
    count: scheduledCount + intakeCount + manifestCount,
    seconds: scheduledCount * 0.5 + intakeCount * 0.3 + packSeconds + manifestCount * settleSeconds(granuleCount),
  };
}

function pollCount(hours: number): number {
  return hours * 3600 * (5 / 20);
}

/** Queues ask for a new data key each five minutes while they work; with bucket keys S3 asks once per bucket, caller and minute or so. */
function keyRequestCount(hours: number, cubeCount: number): number {
  const queueCount = 2;
  return queueCount * 12 * hours + cubeCount * 4;
}

/** Cubes come in free, and go between hosts and S3 through the free gateway; the endpoints for the image and the logs cost. */
function networkUsd(workload: Workload, prices: PriceList, cubeCount: number, hours: number): number {
  const rawGb = cubeCount * workload.cubeGb;
  const storedGb = rawGb * (1 + workload.bronzeRatio + workload.silverRatio);
  const endpointGb = (cubeCount * assumedWork.logBytesPerJob) / 1e9;
  return (
    priceOf(prices, 'transfer_in_gb', rawGb) +
    priceOf(prices, 's3_gateway_gb', storedGb) +
    priceOf(prices, 'interface_endpoint', deployed.interfaceEndpointCount * deployed.zoneCount * hours) +
    priceOf(prices, 'interface_endpoint_gb', endpointGb)
  );
}

function cloudwatchUsd(workload: Workload, prices: PriceList, cubeCount: number, lambdaCallCount: number): number {
  const months = workload.years * monthsPerYear;
  const logGb = (cubeCount * assumedWork.logBytesPerJob + lambdaCallCount * assumedWork.logBytesPerCall) / 1e9;
  return (
    priceOf(prices, 'cloudwatch_metric', deployed.metricCount * months) +
    priceOf(prices, 'cloudwatch_alarm', deployed.alarmCount * months) +
    priceOf(prices, 'cloudwatch_dashboard', deployed.dashboardCount * months) +
    priceOf(prices, 'cloudwatch_log_gb', logGb)
  );
}

/** A manifest of the flow is full in a burst. */
export const granulesPerFullManifest = manifestGranuleCountMax;
