import { parseTableMetadata } from '#core/formats/iceberg/parse-metadata.ts';
import { planScan } from '#core/formats/iceberg/scan.ts';
import { branchKey, commitIdKey } from '#core/formats/iceberg/snapshot-summary.ts';
import { keyOf } from '#core/formats/iceberg/table-location.ts';
import { mainBranch, type Snapshot, snapshotById, type TableMetadata } from '#core/formats/iceberg/table-metadata.ts';
import { readRows } from '#core/formats/parquet/read-rows.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { simulatedTable } from './simulated-table.ts';

/** What one commit of a writer does to the rows of the table, as plain sets of row ids. */
export interface ModelChange {
  readonly addedRows: readonly string[];
  readonly removedRows: readonly string[];
}

export class BrokenInvariant extends Error {}

function hold(isTrue: boolean, message: string): void {
  if (!isTrue) throw new BrokenInvariant(message);
}

/**
 * Follows a table version by version in the order in which the versions came to be, with a model that is a set of row ids
 * for each snapshot, and holds the invariants of a table:
 * every snapshot has the rows of its parent, less what its commit removed, and what it added; a commit happens once; sequence
 * numbers rise by one; parents are heads; time does not go back; what a snapshot names exists with its size and its bytes.
 */
export class ObservedHistory {
  readonly changes = new Map<string, ModelChange>();
  readonly snapshotOfCommit = new Map<string, bigint>();
  metadata: TableMetadata | null = null;
  #version = 0;
  #problem: unknown = null;
  readonly #rows = new Map<bigint, ReadonlySet<string>>();
  readonly #etagOfPath = new Map<string, string>();
  readonly #rowsOfEtag = new Map<string, readonly string[]>();

  /** Told of every object that came to be. A broken invariant is kept for `check`, for a put has nobody to tell. */
  onPut(key: string, bytes: Uint8Array): void {
    const found = /\/metadata\/v(\d+)\.metadata\.json$/.exec(key);
    if (found === null || this.#problem !== null) return;
    try {
      this.#observe(Number(found[1]), parseTableMetadata(Buffer.from(bytes).toString('utf8'), key));
    } catch (error) {
      this.#problem = error;
    }
  }

  throwIfBroken(): void {
    if (this.#problem !== null) throw this.#problem;
  }

  #observe(version: number, metadata: TableMetadata): void {
    const before = this.metadata;
    hold(version === this.#version + 1, `version ${version} came after ${this.#version}`);
    this.#version = version;
    this.metadata = metadata;
    if (before !== null)
      hold(metadata['last-updated-ms'] >= before['last-updated-ms'], `version ${version} is older than the one before`);
    const ids = metadata.snapshots.map((each) => each['snapshot-id']);
    hold(new Set(ids).size === ids.length, `version ${version} has a snapshot id twice`);
    const isOld = (id: bigint) => before !== null && snapshotById(before, id) !== null;
    const made = metadata.snapshots.filter((each) => !isOld(each['snapshot-id']));
    hold(made.length <= 1, `version ${version} has ${made.length} new snapshots`);
    for (const snapshot of made) this.#observeSnapshot(snapshot, before, metadata);
    for (const [name, ref] of Object.entries(metadata.refs))
      hold(snapshotById(metadata, ref['snapshot-id']) !== null, `${name} names a snapshot that is gone`);
  }

  #observeSnapshot(snapshot: Snapshot, before: TableMetadata | null, metadata: TableMetadata): void {
    const { 'snapshot-id': id, summary } = snapshot;
    const name = `snapshot ${id} (${summary[commitIdKey]})`;
    hold(!this.#rows.has(id), `${name} has the id of an earlier one`);
    const sequenceNumber = (before?.['last-sequence-number'] ?? 0n) + 1n;
    hold(snapshot['sequence-number'] === sequenceNumber, `${name} has sequence number ${snapshot['sequence-number']}`);
    hold(metadata['last-sequence-number'] === sequenceNumber, `${name} left another last sequence number`);
    const branch = summary[branchKey] ?? mainBranch;
    const head = before?.refs[branch]?.['snapshot-id'] ?? null;
    const parentId = snapshot['parent-snapshot-id'] ?? null;
    // A new branch begins where its writer saw main; every other parent is the head.
    if (branch === mainBranch || head !== null)
      hold(parentId === head, `${name} has parent ${parentId} where ${branch} was ${head}`);
    else hold(parentId === null || snapshotById(before!, parentId) !== null, `${name} has a parent that is gone`);
    hold(metadata.refs[branch]?.['snapshot-id'] === id, `${name} is not the head of ${branch}`);
    const commitId = summary[commitIdKey] ?? '';
    hold(!this.snapshotOfCommit.has(commitId), `${name}: its commit has happened before`);
    this.snapshotOfCommit.set(commitId, id);

    const parent = parentId === null || before === null ? null : snapshotById(before, parentId);
    const rows = new Set(parentId === null ? [] : this.#rows.get(parentId)!);
    const change = this.changes.get(commitId);
    hold(change !== undefined || summary['operation'] === 'replace', `${name} is of nobody`);
    for (const row of change?.removedRows ?? []) hold(rows.delete(row), `${name} removes row ${row} that is not there`);
    for (const row of change?.addedRows ?? []) {
      hold(!rows.has(row), `${name} adds row ${row} a second time`);
      rows.add(row);
    }
    this.#rows.set(id, rows);
    const count = (of: Snapshot | null, key: string) => Number(of?.summary[key] ?? 0);
    const total =
      count(parent, 'total-records') + count(snapshot, 'added-records') - count(snapshot, 'deleted-records');
    hold(count(snapshot, 'total-records') === total, `${name} does not add up: ${JSON.stringify(summary)}`);
    hold(total === rows.size, `${name} counts ${total} rows, the model ${rows.size}`);
  }

  rowsOf(snapshotId: bigint | null): ReadonlySet<string> {
    return snapshotId === null ? new Set() : this.#rows.get(snapshotId)!;
  }

  /** Reads one snapshot from the store, as somebody who had pinned it would, and compares it with the model. */
  async checkSnapshot(store: ObjectStore, snapshot: Snapshot): Promise<Set<string>> {
    const id = snapshot['snapshot-id'];
    const table = { identifier: simulatedTable, metadata: this.metadata!, metadataLocation: '' };
    const { files } = await planScan(table, store, { snapshotId: id });
    const keys = new Set<string>();
    const rows = new Set<string>();
    for (const file of files) {
      const key = keyOf(store, file.path);
      hold(!keys.has(key), `snapshot ${id} has ${key} twice`);
      keys.add(key);
      const own = await this.rowsOfFile(store, key);
      hold((await store.head(key))?.sizeBytes === file.fileSizeBytes, `${key} has another size than recorded`);
      hold(own.length === file.recordCount, `${key} has ${own.length} rows, recorded are ${file.recordCount}`);
      for (const row of own) {
        hold(!rows.has(row), `snapshot ${id} has row ${row} twice`);
        rows.add(row);
      }
    }
    const expected = this.rowsOf(id);
    hold(
      rows.size === expected.size && rows.isSubsetOf(expected),
      `snapshot ${id} has rows ${[...rows].sort()}, expected ${[...expected].sort()}`,
    );
    return keys;
  }

  /** Row ids of one file, which never changes as long as a snapshot names it. */
  async rowsOfFile(store: ObjectStore, key: string): Promise<readonly string[]> {
    const facts = await store.head(key);
    hold(facts !== null, `${key} is not there`);
    const { etag } = facts!;
    hold((this.#etagOfPath.get(key) ?? etag) === etag, `${key} has other bytes than before`);
    this.#etagOfPath.set(key, etag);
    const known = this.#rowsOfEtag.get(etag);
    if (known !== undefined) return known;
    const rows = (await readRows(await store.open(key), ['plot_id'])).map((row) => String(row['plot_id']));
    this.#rowsOfEtag.set(etag, rows);
    return rows;
  }
}
