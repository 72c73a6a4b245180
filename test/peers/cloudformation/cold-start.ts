// node cold-start.ts FUNCTIONS: what a call waits for in a new environment of Lambda. Each bundle is imported in a new process
// (which makes its clients, log and metrics), five times; the median is told, and far too long a start is a failure.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { environment } from '#schemas/environment.ts';
import { functionMetrics } from '#schemas/metrics.ts';

const folder = process.argv[2]!;
/** Several times what a quiet machine takes: this finds a package that was dragged in, not a busy neighbour. */
const importMsMax = 3000;

const variables: Record<string, string> = {
  ...Object.fromEntries(Object.values(environment).map((name) => [name, 'test'])),
  [environment.rawUri]: 's3://raw',
  [environment.warehouseUri]: 's3://warehouse',
  [environment.catalogUri]: 'https://glue.us-east-1.amazonaws.com/iceberg',
  [environment.catalogAuthorization]: 'sigv4',
  [environment.s3Endpoint]: '',
  [environment.s3PathStyle]: '',
  [environment.jobHourUsd]: '0.04',
  [environment.unsettledHoursMax]: '6',
  AWS_REGION: 'us-east-1',
  PATH: process.env['PATH'] ?? '',
};

for (const name of Object.keys(functionMetrics)) {
  const bundle = join(folder, name, 'main.mjs');
  const script = `const start = performance.now(); const { handler } = await import(${JSON.stringify(bundle)});
    if (typeof handler !== 'function') throw new Error('Expected a handler');
    process.stdout.write(String(performance.now() - start));`;
  const importMs = Array.from({ length: 5 }, () =>
    Number(
      execFileSync(process.execPath, ['--input-type=module', '--eval', script], { env: variables, encoding: 'utf8' }),
    ),
  ).sort((a, b) => a - b);
  const medianMs = importMs[2]!;
  if (!(medianMs < importMsMax)) throw new Error(`Expected below ${importMsMax} ms, got ${medianMs} (${name}).`);
  process.stdout.write(`${name}: ${medianMs.toFixed(0)} ms from nothing to a handler\n`);
}
