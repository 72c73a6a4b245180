/**
 * One immutable Parquet file and all that Iceberg keeps of it. Plain JSON: it travels from the job that wrote the file
 * to the settler that commits it.
 */
export interface DataFile {
  /** Absolute URI. */
  readonly path: string;
  /** Partition field name -> value; days since 1970 for the day transform. */
  readonly partition: Readonly<Record<string, string | number | null>>;
  readonly recordCount: number;
  readonly fileSizeBytes: number;
  /** Byte position of each row group. */
  readonly splitOffsets: readonly number[];
  /** Keyed by field id as text. */
  readonly columnSizes: Readonly<Record<string, number>>;
  readonly valueCounts: Readonly<Record<string, number>>;
  readonly nullValueCounts: Readonly<Record<string, number>>;
  readonly nanValueCounts: Readonly<Record<string, number>>;
  /** Iceberg single-value serialization, base64. */
  readonly lowerBounds: Readonly<Record<string, string>>;
  readonly upperBounds: Readonly<Record<string, string>>;
}
