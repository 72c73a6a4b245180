// node test/peers/iceberg/check.ts PYTHON: pyiceberg against a lake in a temporary folder, in both directions.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { serveCatalog } from '#adapters/rest-server/serve-catalog.ts';
import { systemClock } from '#adapters/system/system-clock.ts';
import { systemRandom } from '#adapters/system/system-random.ts';
import { invariant } from '#core/errors.ts';
import { type PublishContext, publish } from '#core/formats/iceberg/publish.ts';
import { planScan } from '#core/formats/iceberg/scan.ts';
import { snapshots } from '#core/formats/iceberg/snapshots.ts';
import { change, publishHistory, samples, writeSamples } from './history.ts';
import { runPython } from './run-python.ts';

const python = process.argv[2] ?? 'python3';
const folder = mkdtempSync(join(tmpdir(), 'cubelake-iceberg-'));
const warehouse = fileObjectStore(join(folder, 'warehouse'));
const catalog = pointerCatalog(warehouse);
const context: PublishContext = { catalog, warehouse, clock: systemClock, random: systemRandom };
const server = await serveCatalog({ catalog, warehouse, host: '127.0.0.1', port: 0 });
const call = { python, folder, port: server.port };
try {
  const lines = await publishHistory(context);
  await runPython(call, 'read_with_pyiceberg.py', { lines, ...(await facts()) });
  await runPython(call, 'write_with_pyiceberg.py', {});
  // On manifests that pyiceberg wrote: our scan, a fast append and a replacement.
  const { files } = await planScan((await catalog.loadTable(samples))!, warehouse);
  const foreign = files.filter((file) => !file.path.includes('/farm_id=knox/day_day=') && file.recordCount === 3);
  invariant(foreign.length === 1, `Expected one file of 3 rows by pyiceberg, got ${foreign.length}`);
  const added = await writeSamples(context, { farm: 'late', day: 20_800, firstLine: 5000, rowCount: 10 });
  await publish(context, samples, change('after pyiceberg', { addFiles: [added] }));
  const instead = await writeSamples(context, { farm: 'pyi', day: 20_900, firstLine: 6000, rowCount: 4 });
  const replaced = change('replace pyiceberg', { addFiles: [instead], removePaths: [foreign[0]!.path] });
  await publish(context, samples, replaced);
  const live = [...lines, ...Array.from({ length: 10 }, (_, row) => 5000 + row), 6000, 6001, 6002, 6003];
  await runPython(call, 'read_with_pyiceberg.py', { lines: live, ...(await facts()) });
  console.log('pyiceberg and we read each other');
} finally {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
}

/** What our own reader says of the table now. */
async function facts(): Promise<object> {
  const table = (await catalog.loadTable(samples))!;
  const plan = await planScan(table, warehouse);
  return {
    files: plan.files.map(({ path, recordCount, fileSizeBytes }) => ({ path, recordCount, fileSizeBytes })),
    snapshots: snapshots(table.metadata).map((line) => ({
      id: String(line.snapshotId),
      operation: line.operation,
      total_records: line.summary['total-records'],
    })),
  };
}
