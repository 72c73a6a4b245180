import type { ColumnDefinition, TableDefinition } from '#schemas/table-definition.ts';
import type { Catalog } from '../../ports/catalog.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { Random } from '../../ports/random.ts';
import type { DataFile } from './data-file.ts';

export interface PublishContext {
  readonly catalog: Catalog;
  readonly warehouse: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
}

/** One commit as a value: what it adds and removes, under an id that makes it recognisable for ever. */
export interface TableChange {
  readonly commitId: string;
  /** Columns beyond the table's definition that the files use. */
  readonly extraColumns: readonly ColumnDefinition[];
  readonly addFiles: readonly DataFile[];
  /** Absolute URIs of live data files. */
  readonly removePaths: readonly string[];
  /** Goes into the snapshot summary. */
  readonly summary: Readonly<Record<string, string>>;
}

export interface PublishReport {
  readonly snapshotId: bigint;
  readonly outcome: 'committed' | 'already committed';
  readonly attemptCount: number;
}

export declare function publish(
  context: PublishContext,
  table: TableDefinition,
  change: TableChange,
): Promise<PublishReport>;
