import { aggregateIngested } from '#core/pipeline/aggregate-ingested.ts';
import { type Command, hasFlag, jsonOption, lakeOption } from '../command.ts';
import { lakePlace } from '../config.ts';
import { openOwnTables } from '../open-tables.ts';

export const command: Command = {
  name: 'edge fields',
  summary: 'make gold.field_metrics anew where Spark has brought plots from the field',
  usage: '[--lake LAKE]',
  details: 'The sink of "cubelake edge sink" does so itself. Again, nothing is left to do.',
  options: { lake: lakeOption, json: jsonOption },
  async run(call, io) {
    const tables = openOwnTables(lakePlace(call));
    try {
      const dates = await aggregateIngested(tables);
      const text = dates.map(({ farmId, date }) => `${farmId} ${date}: made anew`).join('\n') || 'up to date';
      io.print(hasFlag(call, 'json') ? JSON.stringify(dates) : text);
    } finally {
      tables.close();
    }
  },
};
