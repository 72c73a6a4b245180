/** `captured`: its files lie in the raw store. `made`: its parts are in the spool or beyond. `failed`: the reason says why. */
export type CaptureState = 'captured' | 'made' | 'failed';

/** `local`: not in the cloud. `uploaded`: verified there, and here too. `freed`: only there. */
export type RawState = 'local' | 'uploaded' | 'freed';

export interface CaptureRecord {
  readonly granuleKey: string;
  readonly state: CaptureState;
  readonly reason: string | null;
  readonly rawState: RawState;
  readonly rawBytes: number;
  /** What the product of a made capture came to, as JSON. */
  readonly report: string | null;
  /** Order of arrival; no clock. */
  readonly sequence: number;
}

/** What a field machine has captured. Lies beside the spool's index in one database; several processes may use it. */
export interface CaptureIndex {
  /** @returns False when it is known already: a granule is captured once. */
  add(granuleKey: string, rawBytes: number): boolean;
  get(granuleKey: string): CaptureRecord | null;
  /** In one transaction: the capture is made, and its parts in the spool may be sent. */
  markMade(granuleKey: string, report: string): void;
  markFailed(granuleKey: string, reason: string): void;
  markRaw(granuleKey: string, rawState: RawState): void;
  /** The newest first. */
  latest(countMax: number): CaptureRecord[];
  /** The oldest first. */
  inState(state: CaptureState): CaptureRecord[];
  withRaw(rawState: RawState): CaptureRecord[];
}
