import type { RawState } from '../ports/capture-index.ts';

/** What a field machine tells the person beside it. Times are milliseconds since 1970 by its own clock, which may be wrong. */
export interface AgentStatus {
  readonly deviceId: string;
  readonly nowMs: number;
  readonly startedMs: number;
  readonly link: { readonly isConnected: boolean; readonly sinceMs: number; readonly lastError: string | null };
  readonly spool: {
    readonly partCount: number;
    readonly sizeBytes: number;
    readonly budgetBytes: number;
    /** True while the spool is so full that nothing is made. */
    readonly isStopped: boolean;
  };
  readonly raw: { readonly localCount: number; readonly localBytes: number; readonly freeBytes: number };
  /** The newest first. */
  readonly captures: readonly CaptureStatus[];
}

export interface CaptureStatus {
  readonly granuleKey: string;
  readonly state: 'captured' | 'making' | 'made' | 'failed';
  /** Why it failed; of a made one, why parts that the disk has damaged cannot be made again. */
  readonly reason: string | null;
  readonly rawState: RawState;
  readonly rawBytes: number;
  /** Null until it is made. */
  readonly product: {
    readonly partCount: number;
    /** Parts that the cloud does not have yet. */
    readonly waitingPartCount: number;
    readonly sizeBytes: number;
    readonly compressionRatio: number;
    readonly ndviRmse: number | null;
    readonly ndviMean: number | null;
  } | null;
  readonly hasQuicklook: boolean;
}
