import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { environment } from '#schemas/environment.ts';

export interface GranuleJob {
  readonly command: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * The container's own process for the one granule of a lake, as AWS Batch would start it: reads the raw cube where it lies,
 * writes bronze, silver and gold, and its outcome. What an earlier run of it left in bronze is removed first, so that no program pays
 * for the removal.
 */
export function granuleJob(root: string, lake: string): GranuleJob {
  const warehouse = join(lake, 'warehouse');
  const [manifest] = readdirSync(join(warehouse, 'control/manifests'));
  for (const folder of ['bronze', 'control/outcomes'])
    rmSync(join(warehouse, folder), { recursive: true, force: true });
  return {
    command: [process.execPath, join(root, 'batch-jobs/process-granule/main.ts')],
    environment: {
      ...process.env,
      // As the lake's own job runner sets it.
      NODE_COMPILE_CACHE: join(lake, 'compile-cache'),
      [environment.rawUri]: pathToFileURL(join(lake, 'raw')).href,
      [environment.warehouseUri]: pathToFileURL(warehouse).href,
      [environment.manifestId]: manifest!.replace('.json', ''),
      [environment.granuleIndex]: '0',
    },
  };
}
