/** What every engine is asked of a table. */
export interface TableFacts {
  readonly rows: number;
  /** Values that are not null, and their sum as doubles; null where the column is no number. */
  readonly columns: Readonly<Record<string, readonly [count: number, sum: number | null]>>;
  readonly snapshots: readonly {
    readonly id: string;
    readonly timestampMs: number;
    readonly rowsById: number;
    readonly rowsByTime: number;
  }[];
  /** `name=value/name=value` and rows; null where the engine lists none. */
  readonly partitions: Readonly<Record<string, number>> | null;
}

/** What two readers of one table disagree about, in words; empty when they agree. Sums differ in their last digits. */
export function disagreements(name: string, ours: TableFacts, theirs: TableFacts): string[] {
  const found: string[] = [];
  const compare = (what: string, own: unknown, other: unknown) => {
    if (JSON.stringify(own) !== JSON.stringify(other))
      found.push(`${name}: ${what}: ${JSON.stringify(own)} against ${JSON.stringify(other)}`);
  };
  compare('rows', ours.rows, theirs.rows);
  compare('columns', Object.keys(ours.columns).sort(), Object.keys(theirs.columns).sort());
  for (const [column, [count, sum]] of Object.entries(ours.columns)) {
    const [otherCount, otherSum] = theirs.columns[column] ?? [null, null];
    compare(`values of ${column}`, count, otherCount);
    const isNear = sum === otherSum || Math.abs(sum! - otherSum!) <= 1e-9 * Math.max(1, Math.abs(sum!));
    if (!isNear) compare(`sum of ${column}`, sum, otherSum);
  }
  compare('snapshots', ours.snapshots, theirs.snapshots);
  // Some engines still list a partition whose last row is gone.
  const sorted = (partitions: Readonly<Record<string, number>>) =>
    Object.entries(partitions)
      .filter(([, rows]) => rows > 0)
      .sort();
  if (ours.partitions !== null && theirs.partitions !== null)
    compare('partitions', sorted(ours.partitions), sorted(theirs.partitions));
  return found;
}
