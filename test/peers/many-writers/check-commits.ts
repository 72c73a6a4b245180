import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { invariant } from '#core/errors.ts';
import { planScan } from '#core/formats/iceberg/scan.ts';
import { commitIdKey } from '#core/formats/iceberg/snapshot-summary.ts';
import { keyOf } from '#core/formats/iceberg/table-location.ts';
import { ancestorsOf } from '#core/formats/iceberg/table-metadata.ts';
import { readRows } from '#core/formats/parquet/read-rows.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { simulatedTable } from '../../properties/simulated-table.ts';

/** Exactly one snapshot for each commit, in one chain, and every row once. */
export async function checkCommits(warehouse: ObjectStore, expected: ReadonlySet<string>): Promise<void> {
  const table = await pointerCatalog(warehouse).loadTable(simulatedTable);
  invariant(table !== null, 'Expected a table, got none');
  const { metadata } = table;
  const chain = ancestorsOf(metadata, metadata['current-snapshot-id']);
  const commitIds = metadata.snapshots.map((snapshot) => snapshot.summary[commitIdKey] ?? '');
  const counts = `${metadata.snapshots.length} snapshots, ${chain.length} in the chain, ${expected.size} commits`;
  invariant(
    commitIds.length === expected.size && chain.length === expected.size,
    `Expected one of each, got ${counts}`,
  );
  invariant(
    new Set(commitIds).symmetricDifference(expected).size === 0,
    'Expected the acknowledged commits, got others',
  );
  const rows: string[] = [];
  for (const file of (await planScan(table, warehouse)).files) {
    const source = await warehouse.open(keyOf(warehouse, file.path));
    for (const row of await readRows(source, ['plot_id'])) rows.push(String(row['plot_id']));
    await source.close();
  }
  invariant(
    rows.length === expected.size && new Set(rows).symmetricDifference(expected).size === 0,
    'Expected each row once',
  );
}
