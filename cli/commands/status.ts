import { type EdgeMismatches, edgeMismatches } from '#core/pipeline/edge-mismatches.ts';
import { type FlowObservation, observeFlow } from '#core/pipeline/observe-flow.ts';
import { type ReconcileReport, reconcile, type StatusReport, status } from '#core/pipeline/status.ts';
import { type Command, hasFlag, jsonOption, lakeOption } from '../command.ts';
import { lakePlace, unsettledMsMax } from '../config.ts';
import { openFlow } from '../open-flow.ts';

export const command: Command = {
  name: 'status',
  summary: 'say what is complete, failed, running and waiting, and why',
  usage: '[--reconcile] [--lake LAKE] [--json]',
  details:
    'Compares raw with the ledger and the tables. With --reconcile, granules whose event or job was lost get it again; what\nfailed is left to "cubelake redrive".',
  options: {
    lake: lakeOption,
    json: jsonOption,
    reconcile: { type: 'boolean', help: 'also bring back granules whose event or job was lost' },
  },
  async run(call, io) {
    const flow = openFlow(lakePlace(call));
    const report = hasFlag(call, 'reconcile') ? await reconcile(flow) : await status(flow);
    const { stuck, lateJobs } = await observeFlow(flow, unsettledMsMax());
    const answer = { ...report, stuck, lateJobs, edgeMismatches: await edgeMismatches(flow) };
    io.print(hasFlag(call, 'json') ? JSON.stringify(answer) : statusText(answer));
  },
};

type Answer = (StatusReport | ReconcileReport) &
  Pick<FlowObservation, 'stuck' | 'lateJobs'> & { readonly edgeMismatches: EdgeMismatches };

function statusText(report: Answer): string {
  const { complete, failed, running, waiting } = report.counts;
  const lines = [`${complete} complete, ${failed} failed, ${running} running, ${waiting} waiting`];
  const notable = report.granules.filter(({ status: state, reason }) => state !== 'complete' || reason !== null);
  if (notable.length > 0)
    lines.push(
      '',
      ...notable.map(({ granuleKey, status: state, reason, lost }) => {
        const loss = lost === null ? '' : ` (its ${lost} was lost)`;
        return `${state}: ${granuleKey}: ${shown(reason)}${loss}`;
      }),
    );
  const { visibleCount, hiddenCount, deadCount } = report.events;
  const deadJobCount = report.jobEvents.deadCount;
  const deadJobs = deadJobCount === 0 ? '' : `, ${deadJobCount} dead ends of jobs`;
  lines.push('', `queue: ${visibleCount} visible, ${hiddenCount} hidden, ${deadCount} dead letters${deadJobs}`);
  if (report.otherKeys.length > 0)
    lines.push(`${report.otherKeys.length} objects belong to no granule (references, other files)`);
  const late = new Set(report.lateJobs.map(({ manifestId }) => manifestId));
  for (const { manifestId, ageMs } of report.stuck) {
    const why = late.has(manifestId) ? 'its job has not begun' : 'it is not settled';
    lines.push(`stuck: manifest ${manifestId} for ${(ageMs / 3_600_000).toFixed(1)} h: ${why}`);
  }
  const { count, newest } = report.edgeMismatches;
  if (count > 0)
    lines.push(`${count} cubes differ between field and cloud beyond tolerance: see control/edge-mismatches/, newest:`);
  for (const { granule_key: granuleKey, beyond } of newest) lines.push(`  ${granuleKey}: ${shown(beyond.join('; '))}`);
  return [...lines, ...adviceOf(report)].join('\n');
}

/** What a person can do about it. */
function adviceOf(report: Answer): string[] {
  const advice: string[] = [];
  const lostCount = report.granules.filter(({ lost }) => lost !== null).length;
  if ('requeued' in report) advice.push(`${report.requeued.length} granules were lost and are sent again`);
  else if (lostCount > 0) advice.push(`${lostCount} granules are lost: "cubelake status --reconcile" sends them again`);
  const deadCount = report.events.deadCount + report.jobEvents.deadCount;
  if (report.counts.failed + deadCount > 0) advice.push('once the cause is mended: "cubelake redrive"');
  return advice;
}

/** One line, and nothing in it that steers the terminal. */
function shown(reason: string | null): string {
  return (reason ?? 'no reason is known').replace(/\p{Cc}+/gu, ' ');
}
