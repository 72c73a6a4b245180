import type { TableScan } from '#adapters/duckdb/query-plan.ts';
import { jsonValue } from '#adapters/duckdb/result-rows.ts';
import { openSql } from '#adapters/duckdb/sql-session.ts';
import { ConfigurationError } from '#core/errors.ts';
import { type Command, hasFlag, jsonOption, lakeOption, textOption } from '../command.ts';
import { lakePlace } from '../config.ts';
import { openTables } from '../open-tables.ts';
import { tableText } from '../table-text.ts';

export const command: Command = {
  name: 'sql',
  summary: 'ask silver, gold, ref and snapshots in SQL',
  usage: '"SELECT ..." [--lake LAKE] [--json | --format arrow]',
  details:
    'Tables: silver.reflectance, silver.latest (the newest processing of each cube), silver.bands, gold.plot_index,\ngold.field_metrics, gold.recommendation, ref.plots, ref.yields, lake.snapshots. Nothing is written. Only files that the query can need are opened.',
  argumentCountMax: Number.POSITIVE_INFINITY,
  options: {
    lake: lakeOption,
    json: jsonOption,
    format: { type: 'string', value: 'F', help: 'table (default), json or arrow (an Arrow IPC stream of bytes)' },
    explain: {
      type: 'boolean',
      help: 'also say how many files, bytes and manifests each table took and how many it skipped',
    },
  },
  async run(call, io) {
    const [sql, ...extra] = call.positionals;
    if (sql === undefined || extra.length > 0)
      throw new ConfigurationError('Expected one SQL text in quotes. Run "cubelake sql --help".');
    const format = hasFlag(call, 'json') ? 'json' : (textOption(call, 'format') ?? 'table');
    if (!['table', 'json', 'arrow'].includes(format))
      throw new ConfigurationError(`Expected table, json or arrow as --format, got "${format}".`);
    const session = await openSql(openTables(lakePlace(call)));
    if (format === 'arrow') return io.printBytes(await session.queryArrow(sql));
    const result = await session.query(sql);
    if (format === 'json') {
      io.print(
        JSON.stringify({
          columns: result.columns,
          rows: result.rows.map((row) => row.map(jsonValue)),
          scan: result.scan,
        }),
      );
      return;
    }
    io.print(
      tableText(
        result.columns.map((column) => column.name),
        result.rows,
      ),
    );
    if (!hasFlag(call, 'explain')) return;
    for (const scan of result.scan) io.print(scanText(scan));
  },
};

function scanText(scan: TableScan): string {
  const deletes = scan.deleteFileCount === 0 ? '' : `, ${scan.deleteFileCount} delete files`;
  return (
    `${scan.table}: ${scan.fileCount} files opened (${(scan.sizeBytes / 1e6).toFixed(1)} MB${deletes}), ${scan.skippedFileCount} skipped; ` +
    `${scan.manifestReadCount} manifests read, ${scan.skippedManifestCount} skipped`
  );
}
