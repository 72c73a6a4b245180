import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readOnlyFolder } from '#adapters/file/read-only-folder.ts';
import { systemClock } from '#adapters/system/system-clock.ts';
import { systemRandom } from '#adapters/system/system-random.ts';
import { openStore } from '#batch-jobs/process-granule/open-store.ts';
import { ConfigurationError } from '#core/errors.ts';
import type { Catalog } from '#core/ports/catalog.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import type { Random } from '#core/ports/random.ts';
import { readCatalogConfig } from '#functions/config.ts';
import { openCatalog } from '#functions/open-catalog.ts';
import { type LakePlace, requireSameWarehouse } from './config.ts';
import { openLake } from './open-lake.ts';

/** The tables of a lake, and what changing them takes. */
export interface Tables {
  readonly catalog: Catalog;
  readonly warehouse: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * For commands that only read: nothing is written, so that a lake of another user or on a medium without writing can be
 * asked.
 * @throws ConfigurationError when there is no lake. Disposition: stop.
 */
export function openTables(place: LakePlace): Tables {
  if (place.kind === 'deployed') return deployedTables(place.warehouseUri);
  const path = join(place.folder, 'warehouse');
  if (!existsSync(path))
    throw new ConfigurationError(`Expected a lake, got none (${place.folder}). Run "cubelake ingest" or give --lake.`, {
      folder: place.folder,
    });
  return tablesIn(readOnlyFolder(path));
}

/** For commands that change tables. @throws ConfigurationError when there is no lake and one must be. Disposition: stop. */
export function openOwnTables(place: LakePlace, { mustExist = true } = {}): Tables & { close(): void } {
  if (place.kind === 'deployed') return { ...deployedTables(place.warehouseUri), close: () => {} };
  return openLake(place.folder, { mustExist });
}

/** Queues and jobs of the deployment are not needed: its tables are in its warehouse and catalog. */
function deployedTables(warehouseUri: string): Tables {
  requireSameWarehouse(warehouseUri);
  return tablesIn(openStore(warehouseUri));
}

function tablesIn(warehouse: ObjectStore): Tables {
  const context = { warehouse, clock: systemClock, random: systemRandom };
  return { ...context, catalog: openCatalog(readCatalogConfig(), context) };
}
