// node test/peers/maintenance/check.ts PYTHON: pyiceberg and pyarrow on a table before and after all of its maintenance.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { serveCatalog } from '#adapters/rest-server/serve-catalog.ts';
import { systemClock } from '#adapters/system/system-clock.ts';
import { systemRandom } from '#adapters/system/system-random.ts';
import { invariant } from '#core/errors.ts';
import type { PublishContext } from '#core/formats/iceberg/publish.ts';
import { setReference } from '#core/formats/iceberg/references.ts';
import { compact } from '#core/maintenance/compact.ts';
import { expireSnapshots } from '#core/maintenance/expire-snapshots.ts';
import { planOldMetadataRemoval, removeOldMetadata } from '#core/maintenance/remove-old-metadata.ts';
import { planOrphanRemoval, removeOrphans } from '#core/maintenance/remove-orphans.ts';
import { planManifestRewrite, rewriteManifests } from '#core/maintenance/rewrite-manifests.ts';
import { goldPlotIndex, silverReflectance } from '#schemas/tables.ts';
import { addPixels, addPlots } from '../../core/maintenance/maintained-lake.ts';

const python = process.argv[2] ?? 'python3';
const folder = mkdtempSync(join(tmpdir(), 'cubelake-maintenance-'));
const warehouse = fileObjectStore(join(folder, 'warehouse'));
const catalog = pointerCatalog(warehouse);
const context: PublishContext = { catalog, warehouse, clock: systemClock, random: systemRandom };
const server = await serveCatalog({ catalog, warehouse, host: '127.0.0.1', port: 0 });
try {
  for (const cube of ['far', 'near']) await addPixels(context, cube, { cell: cube === 'far' ? 900_000 : 100 });
  for (const cube of ['edge1', 'edge2']) await addPixels(context, cube, { rowsPerGroup: 300, cell: 5 });
  for (const [index, cube] of ['a', 'b', 'c', 'd', 'e'].entries())
    await addPlots(context, cube, 3, `2026-05-0${1 + (index % 2)}`);
  await runPython('before');
  for (const table of [silverReflectance, goldPlotIndex]) {
    const { metadata } = (await catalog.loadTable(table))!;
    await setReference(context, table, { name: 'before', kind: 'tag', snapshotId: metadata['current-snapshot-id']! });
    const { writtenCount } = await compact(context, table);
    invariant(writtenCount === 2, `Expected two merged files, got ${writtenCount}`);
    await rewriteManifests(context, table, await planManifestRewrite(context, table));
    const { snapshotIds } = await expireSnapshots(context, table, { maxAgeMs: 0, minSnapshotCount: 1, isForced: true });
    invariant(snapshotIds.length > 0, 'Expected snapshots to expire, got none');
    await warehouse.put(`tables/${table.namespace}/${table.name}/data/lost.parquet`, Buffer.from('lost'));
    const orphans = await planOrphanRemoval(context, table, { minAgeMs: -1000, isForced: true });
    invariant(orphans.orphans.length >= 1, 'Expected an orphan, got none');
    await removeOrphans(context, table, orphans);
    await removeOldMetadata(context, await planOldMetadataRemoval(context, table, { isForced: true }));
  }
  await runPython('after');
  console.log('pyiceberg and pyarrow read the same rows before and after maintenance, and at the tag');
} finally {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
}

function runPython(moment: string): Promise<void> {
  const env = {
    ...process.env,
    CUBELAKE_CATALOG: `http://127.0.0.1:${server.port}`,
    CUBELAKE_MOMENT: moment,
    CUBELAKE_FOLDER: folder,
  };
  const child = spawn(python, [join(import.meta.dirname, 'read_with_pyiceberg.py')], { env, stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`python ended with ${code}`))));
  });
}
