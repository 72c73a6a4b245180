import { redrive } from '#core/pipeline/redrive.ts';
import { type Command, lakeOption } from '../command.ts';
import { lakePlace } from '../config.ts';
import { ingestReport, requireSuccess } from '../ingest/ingest-report.ts';
import { openFlow } from '../open-flow.ts';
import { requireSettlements, runFlow } from '../run-flow.ts';

export const command: Command = {
  name: 'redrive',
  summary: 'send dead letters and failed granules through the flow again',
  usage: '[--lake LAKE]',
  details:
    'In a folder the flow runs at once. A deployed lake works on them by itself: "cubelake status" says how far it is.',
  options: { lake: lakeOption },
  async run(call, io) {
    const flow = openFlow(lakePlace(call), { progress: io.progress });
    const { granuleKeys, deadLetterCount } = await redrive(flow);
    const ran = flow.local === null ? null : await runFlow(flow.local);
    io.print(`${granuleKeys.length} failed granules and ${deadLetterCount} dead letters sent again`);
    if (ran === null) return;
    requireSuccess(await ingestReport(flow, granuleKeys));
    requireSettlements(ran);
  },
};
