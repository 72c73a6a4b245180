import { fileByteSource } from '#adapters/file/file-byte-source.ts';
import { addEdgeColumns, columnsOfPart, columnsOfWavelengths } from '#core/edge/add-edge-columns.ts';
import { ConfigurationError } from '#core/errors.ts';
import type { ColumnDefinition } from '#schemas/table-definition.ts';
import { type Command, hasFlag, jsonOption, lakeOption, textOption } from '../command.ts';
import { lakePlace } from '../config.ts';
import { readNumbers } from '../ingest/capture-options.ts';
import { requireFile } from '../ingest/cube-files.ts';
import { openOwnTables } from '../open-tables.ts';

export const command: Command = {
  name: 'edge columns',
  summary: 'give silver and gold the columns of rows from the field, before Spark writes them',
  usage: 'PART... | --wavelengths FILE [--lake LAKE]',
  details:
    'Spark numbers new columns as it likes, and here a number means one wavelength for ever: so the columns must be there before.\nPART is a file of a field machine: edge preview --out keeps them. The sink of "cubelake edge sink" needs none of this.',
  argumentCountMax: Number.POSITIVE_INFINITY,
  options: {
    lake: lakeOption,
    wavelengths: { type: 'string', value: 'FILE', help: 'band centres in nm, one number per line; all indices too' },
    json: jsonOption,
  },
  async run(call, io) {
    const wavelengths = textOption(call, 'wavelengths');
    if ((call.positionals.length === 0) === (wavelengths === null))
      throw new ConfigurationError(
        'Expected parts or --wavelengths, got both or none. Run "cubelake edge columns --help".',
      );
    const columns =
      wavelengths === null ? await columnsOfParts(call.positionals) : columnsOfWavelengths(readNumbers(wavelengths));
    const tables = openOwnTables(lakePlace(call), { mustExist: false });
    try {
      const added = await addEdgeColumns(tables, columns);
      if (hasFlag(call, 'json')) io.print(JSON.stringify(added));
      else io.print(added.map(({ table, addedCount }) => `${table}: ${addedCount} columns added`).join('\n'));
    } finally {
      tables.close();
    }
  },
};

async function columnsOfParts(paths: readonly string[]): Promise<ColumnDefinition[]> {
  const columns = new Map<number, ColumnDefinition>();
  for (const path of paths) {
    requireFile(path);
    const source = await fileByteSource(path);
    try {
      for (const column of await columnsOfPart(source)) columns.set(column.id, column);
    } finally {
      await source.close();
    }
  }
  return [...columns.values()].toSorted((left, right) => left.id - right.id);
}
