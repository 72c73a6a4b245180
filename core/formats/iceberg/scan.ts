import type { LoadedTable } from '../../ports/catalog.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { DataFile } from './data-file.ts';
import type { IcebergType } from './table-metadata.ts';

/** One condition; a scan's conditions all hold. Dates are `yyyy-mm-dd`, times ISO text or microseconds since 1970. */
export interface Predicate {
  readonly column: string;
  readonly op: '=' | '<' | '<=' | '>' | '>=' | 'in';
  readonly value: string | number | bigint | readonly (string | number | bigint)[];
}

export interface ScanOptions {
  readonly predicates?: readonly Predicate[];
  /** Time travel; the current snapshot by default. */
  readonly snapshotId?: bigint;
}

export interface ScanPlan {
  /** null for a table without snapshots. */
  readonly snapshotId: bigint | null;
  /** Columns of the snapshot's schema. */
  readonly columns: readonly { readonly id: number; readonly name: string; readonly type: IcebergType }[];
  /** Files that may hold matching rows; rows must still be filtered. */
  readonly files: readonly DataFile[];
  readonly manifestReadCount: number;
  readonly skippedManifestCount: number;
  readonly skippedFileCount: number;
}

export declare function planScan(table: LoadedTable, warehouse: ObjectStore, options?: ScanOptions): Promise<ScanPlan>;
