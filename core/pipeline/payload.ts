import type { EdgeDifferences } from '#schemas/edge-comparison.ts';
import type { Granule, Outcome, StagedTable } from '#schemas/manifest.ts';
import type { Difference } from '#schemas/replacement.ts';
import type { TableDefinition } from '#schemas/table-definition.ts';
import type { DataFile } from '../formats/iceberg/data-file.ts';
import type { ObjectFacts, ObjectStore } from '../ports/object-store.ts';
import type { Progress } from '../ports/progress.ts';

/**
 * What flows through the lake. Events, manifests, jobs, settling, commits and reconciliation know only this interface:
 * hyperspectral cubes and reference tables (plots, yields) are two payloads, a FASTQ file or a LiDAR cloud would be a third.
 */
export interface Payload {
  readonly name: string;
  /** Every table that this payload's outputs may name. */
  readonly tables: readonly TableDefinition[];
  /** The granule that a raw object belongs to; null when the object is not this payload's. */
  granuleKeyOf(objectKey: string): string | null;
  /** All objects of the granule in, its parts out; `missing` says what has not arrived yet. */
  assemble(granuleKey: string, objects: readonly ObjectFacts[]): Assembly;
  /**
   * Turns one granule into staged files. Deterministic: a repeated attempt writes the same keys with the same bytes, and
   * nothing is visible in any table before the settler commits it.
   */
  process(granule: Granule, context: ProcessContext): Promise<GranuleOutput>;
  /** Removes what only an attempt that goes on after another one needs, once the outcome is there; absent where there is none. */
  discardProgress?(outcome: CompleteOutcome, stores: Pick<ProcessContext, 'warehouse'>): Promise<void>;
  /** What processing the granule would read now; absent where that is its parts. */
  estimate?(granule: Granule, stores: Pick<ProcessContext, 'raw' | 'warehouse'>): Promise<ProcessingEstimate>;
  /** How far two processings of one granule are apart, value by value; absent where only rows are counted. */
  compare?(before: GranuleFiles, after: GranuleFiles, warehouse: ObjectStore): Promise<Difference[]>;
  /**
   * The same for what a field machine made of the granule; absent where field machines make nothing of it. Throws nothing:
   * what cannot be read is not compared.
   */
  compareEdge?(versions: EdgeVersions): Promise<EdgeDifferences>;
}

/** A granule as the field made it and as the cloud made it. */
export interface EdgeVersions {
  /** Files with rows of the field, of this granule and perhaps others. */
  readonly before: GranuleFiles;
  /** What these rows have as processing_id. */
  readonly beforeId: string;
  readonly after: GranuleFiles;
  readonly warehouse: ObjectStore;
  /** How many row groups of the cloud's pixels are read, spread over the cube. */
  readonly rowGroupCountMax: number;
}

export type CompleteOutcome = Extract<Outcome, { status: 'complete' }>;

/** Table -> data files of one granule. */
export type GranuleFiles = Readonly<Record<string, readonly DataFile[]>>;

export interface ProcessingEstimate {
  /** Names what would come out: other references, options or algorithms give another id. */
  readonly processingId: string;
  readonly source: 'raw' | 'bronze';
  readonly bytesToRead: number;
}

export type Assembly =
  | { readonly state: 'ready'; readonly parts: readonly ObjectFacts[] }
  | { readonly state: 'waiting'; readonly missing: string };

export interface ProcessContext {
  readonly raw: ObjectStore;
  readonly warehouse: ObjectStore;
  readonly source: 'raw' | 'bronze';
  readonly progress: Progress;
  /** Called at labelled steps: reports progress of the attempt, and lets tests kill the process there. */
  readonly step: (label: string) => void;
}

export interface GranuleOutput {
  readonly processingId: string;
  readonly tables: readonly StagedTable[];
  /** Facts for people; `provenance`, `bytes_read` and `duration_ms` stay with the granule's state. */
  readonly report: Readonly<Record<string, unknown>>;
}
