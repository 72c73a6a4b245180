import { listTables } from '#adapters/duckdb/lake-tables.ts';
import { rollbackTable, undoneBy } from '#core/formats/iceberg/snapshots.ts';
import { currentSnapshot, snapshotById } from '#core/formats/iceberg/table-metadata.ts';
import { reconcile } from '#core/pipeline/status.ts';
import type { Catalog, LoadedTable } from '#core/ports/catalog.ts';
import { onQueue as settleQueue } from '#functions/manifest-settler/handler.ts';
import { type Command, hasFlag, jsonOption, lakeOption, requiredText } from '../command.ts';
import { lakePlace } from '../config.ts';
import { openFlow } from '../open-flow.ts';
import { snapshotArgument, tableArgument } from '../snapshot-argument.ts';

const manifestKey = 'cubelake.manifest-id';

export const command: Command = {
  name: 'rollback',
  summary: 'make an earlier snapshot of a table the current one',
  usage: 'TABLE --to ID|TIME|TAG [--dry-run] [--lake DIR] [--json]',
  details:
    'One commit; nothing is deleted, and the later snapshots can still be asked for. Granules whose rows are gone are shown by\n"cubelake status" and made again by "cubelake reprocess --rolled-back"; no event brings them back by itself.',
  argumentCountMax: 1,
  options: {
    lake: lakeOption,
    to: { type: 'string', value: 'WHERE', help: 'snapshot id, time (UTC), tag or branch' },
    'dry-run': { type: 'boolean', help: 'only say what would change' },
    json: jsonOption,
  },
  async run(call, io) {
    const to = requiredText(call, 'to', 'rollback');
    const lake = openFlow(lakePlace(call));
    const table = await tableArgument(lake.catalog, call.positionals[0], 'rollback');
    const snapshotId = snapshotArgument(table, to);
    const name = `${table.identifier.namespace}.${table.identifier.name}`;
    const undone = undoneBy(table.metadata, snapshotId);
    const isDryRun = hasFlag(call, 'dry-run');
    if (!isDryRun) await rollbackTable(lake.catalog, table.identifier, snapshotId);
    const aheadTables = await tablesAhead(lake.catalog, name, new Set(undone.map(manifestOf)));
    const waitingKeys = isDryRun
      ? []
      : (await reconcile(lake)).granules.filter((each) => each.isRolledBack).map(({ granuleKey }) => granuleKey);
    // Tags of what was rolled back.
    if (lake.local !== null) await settleQueue(lake.local);
    const rows = {
      before: rowCount(currentSnapshot(table.metadata)),
      after: rowCount(snapshotById(table.metadata, snapshotId)),
    };
    const undoneIds = undone.map((snapshot) => String(snapshot['snapshot-id']));
    if (hasFlag(call, 'json')) {
      const report = {
        table: name,
        snapshotId: String(snapshotId),
        isDryRun,
        undoneIds,
        rows,
        aheadTables,
        waitingKeys,
      };
      return io.print(JSON.stringify(report));
    }
    io.print(
      [
        `${name} ${isDryRun ? 'would go' : 'went'} back to snapshot ${snapshotId}: ${undone.length} snapshots undone, ${rows.before} rows before, ${rows.after} after`,
        ...undone.map(
          (each) =>
            `undone: ${each['snapshot-id']} ${each.summary['operation'] ?? ''} of ${new Date(each['timestamp-ms']).toISOString()}`,
        ),
        ...aheadTables.map((each) => `stays ahead: ${each} holds rows of the same manifests`),
        ...waitingKeys.map((key) => `to be processed again: ${key}`),
      ].join('\n'),
    );
  },
};

function manifestOf({ summary }: { readonly summary: Readonly<Record<string, string>> }): string | undefined {
  return summary[manifestKey];
}

/** Other tables that still show what the undone snapshots brought. */
async function tablesAhead(
  catalog: Catalog,
  name: string,
  manifestIds: ReadonlySet<string | undefined>,
): Promise<string[]> {
  const ahead: string[] = [];
  for (const identifier of await listTables(catalog)) {
    const other = `${identifier.namespace}.${identifier.name}`;
    const loaded: LoadedTable | null = other === name ? null : await catalog.loadTable(identifier);
    const shown = loaded === null ? [] : undoneBy(loaded.metadata, 0n);
    const isAhead = shown.some(
      (snapshot) => manifestOf(snapshot) !== undefined && manifestIds.has(manifestOf(snapshot)),
    );
    if (isAhead) ahead.push(other);
  }
  return ahead.sort();
}

function rowCount(snapshot: { readonly summary: Readonly<Record<string, string>> } | null): number | null {
  const text = snapshot?.summary['total-records'];
  return text === undefined ? null : Number(text);
}
