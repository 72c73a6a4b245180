import { ConfigurationError } from '#core/errors.ts';
import { removeReference } from '#core/formats/iceberg/references.ts';
import { type Command, lakeOption } from '../command.ts';
import { lakePlace } from '../config.ts';
import { openOwnTables } from '../open-tables.ts';
import { tableArgument } from '../snapshot-argument.ts';

export const command: Command = {
  name: 'untag',
  summary: 'remove a tag or a branch of a table; its snapshot stays until it expires',
  usage: 'TABLE NAME [--lake LAKE]',
  argumentCountMax: 2,
  options: { lake: lakeOption },
  async run(call, io) {
    const lake = openOwnTables(lakePlace(call));
    const table = await tableArgument(lake.catalog, call.positionals[0], 'untag');
    const name = call.positionals[1];
    const { refs } = table.metadata;
    if (name === undefined || !Object.hasOwn(refs, name)) {
      const known = Object.entries(refs).map(([each, { type }]) => `${type} ${each}`);
      throw new ConfigurationError(
        `Expected a tag or branch of ${call.positionals[0]}, got "${name ?? ''}". There are: ${known.sort().join(', ') || 'none yet'}.`,
      );
    }
    await removeReference(lake, table.identifier, name);
    io.print(`${call.positionals[0]} has no ${refs[name]!.type} ${name} any more`);
  },
};
