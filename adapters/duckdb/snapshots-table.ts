import type { LoadedTable } from '#core/ports/catalog.ts';
import { literal } from './quoting.ts';

/** Schema of views that are about the lake itself. */
export const lakeSchema = 'lake';

/**
 * `lake.snapshots`: one row for each snapshot of each table. Snapshot ids are text, since they need 64 bits and go
 * through JSON; `AT (VERSION => id)` takes them.
 */
export function createSnapshotsTable(tables: readonly LoadedTable[]): string[] {
  const statements = [
    `CREATE TABLE ${lakeSchema}.snapshots (table_name VARCHAR, snapshot_id VARCHAR, committed_at TIMESTAMP WITH TIME ZONE, operation VARCHAR, added_records BIGINT, total_records BIGINT, is_current BOOLEAN, refs VARCHAR)`,
  ];
  for (const { identifier, metadata } of tables) {
    const name = literal(`${identifier.namespace}.${identifier.name}`);
    const rows = metadata.snapshots.map(({ summary, ...snapshot }) =>
      [
        name,
        literal(String(snapshot['snapshot-id'])),
        `make_timestamptz(${BigInt(snapshot['timestamp-ms']) * 1000n})`,
        summary['operation'] === undefined ? 'NULL' : literal(summary['operation']),
        countOf(summary['added-records']),
        countOf(summary['total-records']),
        String(snapshot['snapshot-id'] === metadata['current-snapshot-id']),
        refsOf(metadata.refs, snapshot['snapshot-id']),
      ].join(', '),
    );
    if (rows.length > 0)
      statements.push(`INSERT INTO ${lakeSchema}.snapshots VALUES ${rows.map((row) => `(${row})`).join(', ')}`);
  }
  return statements;
}

/** Tags and branches that name a snapshot, e.g. `branch main, tag season-2026`; NULL for none. */
function refsOf(refs: LoadedTable['metadata']['refs'], snapshotId: bigint): string {
  const names = Object.entries(refs).filter(([, ref]) => ref['snapshot-id'] === snapshotId);
  const text = names.map(([name, { type }]) => `${type} ${name}`).sort();
  return text.length === 0 ? 'NULL' : literal(text.join(', '));
}

/** Summaries are text; a count that is absent or no count is NULL. */
function countOf(text: string | undefined): string {
  return text !== undefined && /^\d{1,18}$/.test(text) ? text : 'NULL';
}
