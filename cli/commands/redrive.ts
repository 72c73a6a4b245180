import { redrive } from '#core/pipeline/redrive.ts';
import { type Command, lakeOption } from '../command.ts';
import { lakeFolder } from '../config.ts';
import { ingestReport, requireSuccess } from '../ingest/ingest-report.ts';
import { openLake } from '../open-lake.ts';
import { runFlow } from '../run-flow.ts';

export const command: Command = {
  name: 'redrive',
  summary: 'send dead letters and failed granules through the flow again',
  usage: '[--lake DIR]',
  options: { lake: lakeOption },
  async run(call, io) {
    const lake = openLake(lakeFolder(call), { mustExist: true, progress: io.progress });
    const { granuleKeys, deadLetterCount } = await redrive(lake);
    await runFlow(lake);
    io.print(`${granuleKeys.length} failed granules and ${deadLetterCount} dead letters sent again`);
    requireSuccess(await ingestReport(lake, granuleKeys));
  },
};
