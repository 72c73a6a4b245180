import { loggedIdCountMax } from '#core/limits.ts';
import type { BatchingReport } from '#core/pipeline/batch-manifests.ts';
import { type CallReport, secondsOf } from '../telemetry.ts';
import type { SqsBatchResponse } from './handler.ts';

type Report = CallReport<'manifest-batcher'>;

/** @param messageCount All messages of the call, the unreadable ones too. */
export function takenReport(messageCount: number, { batchItemFailures }: SqsBatchResponse): Report {
  const poisonCount = batchItemFailures.length;
  return {
    event: 'Messages:Take:Done',
    facts: {
      messageCount,
      poisonIds: batchItemFailures.slice(0, loggedIdCountMax).map(({ itemIdentifier }) => itemIdentifier),
    },
    figures: [
      ['MessageCount', messageCount],
      ['PoisonMessageCount', poisonCount],
    ],
  };
}

/** @param oldestMs Age of the oldest request that is left in the ledger. */
export function packedReport(batching: BatchingReport, oldestMs: number): Report {
  const { manifests, waiting, incomplete, readyCount, isCutShort } = batching;
  return {
    event: 'Manifests:Pack:Done',
    facts: {
      manifestIds: manifests.slice(0, loggedIdCountMax).map(({ manifestId }) => manifestId),
      incomplete: incomplete.slice(0, loggedIdCountMax),
      isCutShort,
    },
    figures: [
      ['ManifestCount', manifests.length],
      ['SentGranuleCount', manifests.reduce((sum, { granuleCount }) => sum + granuleCount, 0)],
      ['WaitingGranuleCount', waiting.length],
      ['ReadyGranuleCount', readyCount],
      ['OldestWaitingSeconds', secondsOf(oldestMs)],
    ],
  };
}
