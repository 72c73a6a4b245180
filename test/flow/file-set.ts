import { InvariantError } from '#core/errors.ts';
import type { PublishTable } from '#core/pipeline/flow-context.ts';
import { tableName } from '#schemas/table-definition.ts';

/**
 * A table as the set of its live files, strict where Iceberg would be silent: a file that is added twice, or removed
 * without being there, is an error at once.
 */
export class FileSet {
  readonly live = new Map<string, Set<string>>();
  readonly commitIds: string[] = [];

  readonly publish: PublishTable = async (table, { commitId, addFiles, removePaths }) => {
    const earlier = this.commitIds.indexOf(commitId);
    if (earlier >= 0) return { snapshotId: BigInt(earlier), outcome: 'already committed' };
    const files = this.live.get(tableName(table)) ?? new Set();
    for (const path of removePaths) {
      if (!files.delete(path)) throw new InvariantError('Expected a live file to remove, got none', { path });
    }
    for (const { path } of addFiles) {
      if (files.has(path)) throw new InvariantError('Expected a new file, got a live one', { path });
      files.add(path);
    }
    this.live.set(tableName(table), files);
    this.commitIds.push(commitId);
    return { snapshotId: BigInt(this.commitIds.length - 1), outcome: 'committed' };
  };

  paths(): string[] {
    return [...this.live.values()].flatMap((files) => [...files]).toSorted();
  }
}
