import { reconcile, type StatusReport, status } from '#core/pipeline/status.ts';
import { type Command, hasFlag, jsonOption, lakeOption } from '../command.ts';
import { lakeFolder } from '../config.ts';
import { openLake } from '../open-lake.ts';

export const command: Command = {
  name: 'status',
  summary: 'say what is complete, failed, running and waiting, and why',
  usage: '[--reconcile] [--lake DIR] [--json]',
  options: {
    lake: lakeOption,
    json: jsonOption,
    reconcile: { type: 'boolean', help: 'also bring back granules whose event or job was lost' },
  },
  async run(call, io) {
    const lake = openLake(lakeFolder(call), { mustExist: true });
    const report = hasFlag(call, 'reconcile') ? await reconcile(lake) : await status(lake);
    io.print(hasFlag(call, 'json') ? JSON.stringify(report) : statusText(report));
  },
};

function statusText(report: StatusReport): string {
  const { complete, failed, running, waiting } = report.counts;
  const lines = [`${complete} complete, ${failed} failed, ${running} running, ${waiting} waiting`];
  const notable = report.granules.filter((granule) => granule.status !== 'complete');
  if (notable.length > 0)
    lines.push(
      '',
      ...notable.map(({ granuleKey, status: state, reason }) => `${state}: ${granuleKey}: ${shown(reason)}`),
    );
  const { visibleCount, hiddenCount, deadCount } = report.events;
  lines.push('', `queue: ${visibleCount} visible, ${hiddenCount} hidden, ${deadCount} dead letters`);
  if (report.otherKeys.length > 0)
    lines.push(`${report.otherKeys.length} objects belong to no granule (references, other files)`);
  return lines.join('\n');
}

/** One line, and nothing in it that steers the terminal. */
function shown(reason: string | null): string {
  return (reason ?? 'no reason is known').replace(/\p{Cc}+/gu, ' ');
}
