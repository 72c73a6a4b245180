import { loggedIdCountMax } from '#core/limits.ts';
import { type CallReport, secondsOf } from '../telemetry.ts';
import type { ReconcilerAnswer } from './handler.ts';

export function reconcilerReport(answer: ReconcilerAnswer): CallReport<'reconciler'> {
  if (answer.kind === 'reconciled') {
    const { requeued, counts, otherKeys } = answer.report;
    return {
      event: 'Lake:Reconcile:Done',
      facts: {
        counts,
        requeued: requeued.slice(0, loggedIdCountMax),
        otherKeyCount: otherKeys.length,
      },
      figures: [
        ['LostObjectCount', requeued.length],
        ['FailedInRawCount', counts.failed],
      ],
    };
  }
  const { unsettled, stuck, lateJobs, sinceCommitMs, stalledMs } = answer.observation;
  return {
    event: 'Flow:Observe:Done',
    facts: { stuck: stuck.slice(0, loggedIdCountMax), lateJobs },
    figures: [
      ['UnsettledManifestCount', unsettled.length],
      ['StuckManifestCount', stuck.length],
      ['LateJobCount', lateJobs.length],
      ['StalledSeconds', secondsOf(stalledMs)],
      ...(sinceCommitMs === null ? [] : [['SecondsSinceCommit', secondsOf(sinceCommitMs)] as const]),
    ],
  };
}
