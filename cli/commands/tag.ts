import { listTables } from '#adapters/duckdb/lake-tables.ts';
import { ConfigurationError } from '#core/errors.ts';
import { setReference } from '#core/formats/iceberg/references.ts';
import { mainBranch } from '#core/formats/iceberg/table-metadata.ts';
import type { LoadedTable } from '#core/ports/catalog.ts';
import { type Command, hasFlag, jsonOption, lakeOption, textOption } from '../command.ts';
import { lakePlace } from '../config.ts';
import { openOwnTables, type Tables } from '../open-tables.ts';
import { snapshotArgument, tableArgument } from '../snapshot-argument.ts';
import { tableText } from '../table-text.ts';

export const command: Command = {
  name: 'tag',
  summary: 'give a snapshot of a table a name that keeps it, or list the names',
  usage: 'TABLE NAME [--at ID|TIME] [--keep 365d] | --list [TABLE]',
  details: 'Ask for it with: SELECT ... FROM TABLE FOR VERSION AS OF \'NAME\'. "cubelake untag" removes it.',
  argumentCountMax: 2,
  options: {
    lake: lakeOption,
    at: {
      type: 'string',
      value: 'WHERE',
      help: 'snapshot id, time (UTC), tag or branch (default the current snapshot)',
    },
    keep: {
      type: 'string',
      value: 'DAYS',
      help: 'let maintenance remove the tag after so many days, as 365d (default never)',
    },
    list: { type: 'boolean', help: 'list tags and branches' },
    json: jsonOption,
  },
  async run(call, io) {
    const lake = openOwnTables(lakePlace(call));
    const [wantedTable, name] = call.positionals;
    if (hasFlag(call, 'list')) return listReferences(lake, wantedTable, hasFlag(call, 'json'), io.print);
    if (name === undefined) throw new ConfigurationError('Expected TABLE NAME or --list. Run "cubelake tag --help".');
    const table = await tableArgument(lake.catalog, wantedTable, 'tag');
    const snapshotId = snapshotArgument(table, textOption(call, 'at') ?? mainBranch);
    const before = Object.hasOwn(table.metadata.refs, name) ? table.metadata.refs[name] : undefined;
    if (before !== undefined && before['snapshot-id'] !== snapshotId)
      throw new ConfigurationError(
        `Expected a new name, got ${before.type} ${name} of snapshot ${before['snapshot-id']}. Run "cubelake untag" first.`,
      );
    const maxAgeMs = keepMs(textOption(call, 'keep'));
    await setReference(lake, table.identifier, { name, kind: 'tag', snapshotId, maxAgeMs });
    if (hasFlag(call, 'json'))
      return io.print(
        JSON.stringify({ table: call.positionals[0], tag: name, snapshotId: String(snapshotId), maxAgeMs }),
      );
    io.print(`${wantedTable} has tag ${name} at snapshot ${snapshotId}`);
  },
};

/** @throws ConfigurationError for text that is not a number of days. */
function keepMs(text: string | null): number | null {
  if (text === null) return null;
  const days = /^(\d{1,6})d?$/.exec(text)?.[1];
  if (days === undefined || Number(days) === 0)
    throw new ConfigurationError(`Expected days as 365d, as --keep, got "${text}".`);
  return Number(days) * 24 * 3600 * 1000;
}

async function listReferences(
  lake: Tables,
  wanted: string | undefined,
  isJson: boolean,
  print: (text: string) => void,
): Promise<void> {
  const tables: LoadedTable[] = [];
  if (wanted !== undefined) tables.push(await tableArgument(lake.catalog, wanted, 'tag'));
  else
    for (const identifier of await listTables(lake.catalog)) {
      const table = await lake.catalog.loadTable(identifier);
      if (table !== null) tables.push(table);
    }
  const rows = tables.flatMap(({ identifier, metadata }) =>
    Object.entries(metadata.refs).map(([name, ref]) => ({
      table: `${identifier.namespace}.${identifier.name}`,
      kind: ref.type,
      name,
      snapshot_id: String(ref['snapshot-id']),
      keep_days: ref['max-ref-age-ms'] === undefined ? null : Number(ref['max-ref-age-ms']) / 86_400_000,
    })),
  );
  const columns = ['table', 'kind', 'name', 'snapshot_id', 'keep_days'] as const;
  if (isJson) print(JSON.stringify(rows));
  else
    print(
      tableText(
        columns,
        rows.map((row) => columns.map((column) => row[column])),
      ),
    );
}
