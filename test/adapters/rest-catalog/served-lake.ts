import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { type RestCatalogOptions, restCatalog } from '#adapters/rest-catalog/rest-catalog.ts';
import { type CatalogServer, serveCatalog } from '#adapters/rest-server/serve-catalog.ts';
import type { Catalog } from '#core/ports/catalog.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { testClock } from '../../conformance/test-clock.ts';

export interface ServedLake {
  readonly warehouse: ObjectStore;
  /** What the server serves. */
  readonly embedded: Catalog;
  readonly server: CatalogServer;
  readonly uri: string;
}

/** A lake in memory behind our own server. */
export async function servedLake(): Promise<ServedLake> {
  const warehouse = memoryObjectStore('lake');
  const embedded = pointerCatalog(warehouse);
  const server = await serveCatalog({ catalog: embedded, warehouse, host: '127.0.0.1', port: 0 });
  return { warehouse, embedded, server, uri: `http://127.0.0.1:${server.port}` };
}

/** A client whose clock only moves when it sleeps. */
export function clientOf(
  lake: Pick<ServedLake, 'uri' | 'warehouse'>,
  options: Partial<RestCatalogOptions> = {},
): Catalog {
  return restCatalog({
    uri: lake.uri,
    authorization: { kind: 'none' },
    store: lake.warehouse,
    locations: 'catalog',
    clock: testClock(),
    random: { next: () => 0.5 },
    ...options,
  });
}
