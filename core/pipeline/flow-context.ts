import type { TableDefinition } from '#schemas/table-definition.ts';
import type { DataFile } from '../formats/iceberg/data-file.ts';
import type { PublishReport, TableChange } from '../formats/iceberg/publish.ts';
import type { Clock } from '../ports/clock.ts';
import type { JobRunner } from '../ports/job-runner.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { Queue } from '../ports/queue.ts';
import type { LiveFileQuery, LiveFiles } from './live-files.ts';
import type { Payload } from './payload.ts';

/** Where the flow keeps things and whom it asks: the same in Lambda and on a laptop. */
export interface FlowContext {
  /** Name of the raw bucket in events; events of other buckets are not ours. */
  readonly bucket: string;
  readonly raw: ObjectStore;
  /** Also holds the ledger, under control/. */
  readonly warehouse: ObjectStore;
  /** Objects created in raw, and requests to process again. */
  readonly events: Queue;
  /** Jobs that ended. */
  readonly jobEvents: Queue;
  readonly runner: JobRunner;
  readonly payloads: readonly Payload[];
  readonly clock: Clock;
}

/** One snapshot of one table: core/formats/iceberg/publish.ts with its context. */
export type PublishTable = (
  table: TableDefinition,
  change: TableChange,
) => Promise<Pick<PublishReport, 'snapshotId' | 'outcome'>>;

/** Farms and dates whose rows a settlement changed. */
export interface TouchedPartitions {
  readonly touched: readonly { readonly farmId: string; readonly date: string }[];
  /** Names of the tables that changed. */
  readonly tables: readonly string[];
  readonly commitId: string;
}

/** What the tables hold: core/pipeline/live-files.ts with its context. */
export interface TableView {
  readonly liveFiles: (table: TableDefinition, query: LiveFileQuery) => Promise<LiveFiles>;
  /** Ids of the processings that a file has rows of; null where it does not say. */
  readonly processingsIn: (file: DataFile) => Promise<ReadonlySet<string> | null>;
  /** A shared file written anew without the rows of these processings; null when none are left. */
  readonly withoutProcessings: (
    table: TableDefinition,
    file: DataFile,
    processingIds: readonly string[],
  ) => Promise<DataFile | null>;
}

export interface SettleContext extends FlowContext, TableView {
  readonly publish: PublishTable;
  /** Brings what is derived from the tables up to date. Called again with the same commit id after a crash. */
  readonly afterCommit: (change: TouchedPartitions) => Promise<void>;
}
