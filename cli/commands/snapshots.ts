import { openSql } from '#adapters/duckdb/sql-session.ts';
import { NotFoundError } from '#core/errors.ts';
import { type Command, hasFlag, jsonOption, lakeOption } from '../command.ts';
import { lakePlace } from '../config.ts';
import { openTables } from '../open-tables.ts';
import { tableText } from '../table-text.ts';

export const command: Command = {
  name: 'snapshots',
  summary: 'list the snapshots of a table, or of all',
  usage: '[TABLE] [--lake LAKE] [--json]',
  argumentCountMax: 1,
  options: { lake: lakeOption, json: jsonOption },
  async run(call, io) {
    const session = await openSql(openTables(lakePlace(call)));
    const { columns, rows } = await session.query('SELECT * FROM lake.snapshots ORDER BY table_name, committed_at');
    const [table] = call.positionals;
    const names = columns.map((column) => column.name);
    const wanted = table === undefined ? rows : rows.filter((row) => row[names.indexOf('table_name')] === table);
    if (table !== undefined && wanted.length === 0) {
      const known = [...new Set(rows.map((row) => String(row[names.indexOf('table_name')])))].join(', ') || 'none yet';
      throw new NotFoundError(`Expected a table with snapshots, got "${table}". Tables: ${known}.`, { table });
    }
    if (hasFlag(call, 'json'))
      io.print(
        JSON.stringify(wanted.map((row) => Object.fromEntries(names.map((name, at) => [name, asJson(row[at])])))),
      );
    else io.print(tableText(names, wanted));
  },
};

function asJson(value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}
