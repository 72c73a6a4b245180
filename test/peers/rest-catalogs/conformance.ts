import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { type RestCatalogOptions, restCatalog } from '#adapters/rest-catalog/rest-catalog.ts';
import { fetchTransport } from '#adapters/rest-catalog/transport.ts';
import type { Catalog } from '#core/ports/catalog.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { catalogConformance } from '../../conformance/catalog.ts';
import { testClock } from '../../conformance/test-clock.ts';

const { CUBELAKE_REFERENCE: reference, CUBELAKE_REFERENCE_WAREHOUSE: folder, CUBELAKE_NESSIE: nessie } = process.env;
if (reference === undefined || folder === undefined || nessie === undefined)
  throw new Error('Expected the catalogs of check.sh, got none. Run test/peers/rest-catalogs/check.sh.');

function clientOf(uri: string, store: ObjectStore): Catalog {
  const options: RestCatalogOptions = {
    uri,
    store,
    locations: 'catalog',
    authorization: { kind: 'none' },
    clock: testClock(),
    random: { next: () => 0.5 },
    transport: fetchTransport,
  };
  return restCatalog(options);
}

/** The suite wants an empty catalog each time. */
async function emptied(catalog: Catalog): Promise<Catalog> {
  for (const namespace of await catalog.listNamespaces()) {
    for (const table of await catalog.listTables(namespace)) await catalog.dropTable(table);
    await catalog.dropNamespace(namespace);
  }
  return catalog;
}

catalogConformance('the REST client of the reference catalog', async () => {
  const warehouse = fileObjectStore(folder);
  return { catalog: await emptied(clientOf(reference, warehouse)), warehouse };
});

// Of files Nessie reads metadata only, which it writes itself: manifests may lie in memory.
catalogConformance('the REST client of Nessie', async () => {
  const warehouse = Object.assign(memoryObjectStore('nessie'), { rootUri: 's3://nessie/wh' });
  const catalog = await emptied(clientOf(nessie, warehouse));
  return { catalog, warehouse, showsNewestSnapshotOnly: true, losesRacingFirstCommits: true };
});
