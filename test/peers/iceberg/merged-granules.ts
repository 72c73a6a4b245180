// node test/peers/iceberg/merged-granules.ts PYTHON: pyiceberg merges what the field made of two cubes, then the cloud makes one.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveCatalog } from '#adapters/rest-server/serve-catalog.ts';
import { invariant } from '#core/errors.ts';
import { objectCreatedMessage } from '#core/pipeline/flow-messages.ts';
import { openLake } from '../../../cli/open-lake.ts';
import { runFlow } from '../../../cli/run-flow.ts';
import { granuleKey, lineCount, putSmallCube, sampleCount } from '../../core/pipeline/small-cube.ts';
import { bring, noisy, partsOfField } from '../../flow/field-parts.ts';
import { runPython } from './run-python.ts';

const folder = mkdtempSync(join(tmpdir(), 'cubelake-merged-'));
const lake = openLake(join(folder, 'lake'));
const server = await serveCatalog({ ...lake, host: '127.0.0.1', port: 0 });
const call = { python: process.argv[2] ?? 'python3', folder, port: server.port };
try {
  await bring(lake, await partsOfField(noisy, granuleKey.replace(/c1$/, 'c22')));
  await bring(lake, await partsOfField(noisy));
  const kept = join(folder, 'kept');
  await runPython(call, 'merge_granules.py', { kept });
  await putSmallCube(lake.raw, noisy);
  for await (const facts of lake.raw.list('')) await lake.events.send([objectCreatedMessage(lake.bucket, facts)]);
  const flow = await runFlow(lake);
  invariant(flow.completeCount === 2, `Expected plots and a cube, got ${JSON.stringify(flow)}`);
  await runPython(call, 'count_granules.py', { kept, pixels: lineCount * sampleCount });
  console.log('the cloud took one granule out of the files in which pyiceberg had merged two');
} finally {
  await server.close();
  lake.close();
  rmSync(folder, { recursive: true, force: true });
}
