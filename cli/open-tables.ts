import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readOnlyFolder } from '#adapters/file/read-only-folder.ts';
import { systemClock } from '#adapters/system/system-clock.ts';
import { systemRandom } from '#adapters/system/system-random.ts';
import { ConfigurationError } from '#core/errors.ts';
import type { Catalog } from '#core/ports/catalog.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { readCatalogConfig } from '#functions/config.ts';
import { openCatalog } from '#functions/open-catalog.ts';

/**
 * The tables of the lake in a folder, for commands that only read: nothing is written, so that a lake of another user or
 * on a medium without writing can be asked.
 * @throws ConfigurationError when there is no lake. Disposition: stop.
 */
export function openTables(folder: string): { readonly catalog: Catalog; readonly warehouse: ObjectStore } {
  const path = join(folder, 'warehouse');
  if (!existsSync(path))
    throw new ConfigurationError(`Expected a lake, got none (${folder}). Run "cubelake ingest" or give --lake.`, {
      folder,
    });
  const warehouse = readOnlyFolder(path);
  const context = { warehouse, clock: systemClock, random: systemRandom };
  return { warehouse, catalog: openCatalog(readCatalogConfig(), context) };
}
