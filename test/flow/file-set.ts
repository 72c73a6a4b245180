import { InvariantError, NotFoundError } from '#core/errors.ts';
import type { DataFile } from '#core/formats/iceberg/data-file.ts';
import type { PublishTable, TableView } from '#core/pipeline/flow-context.ts';
import { tableName } from '#schemas/table-definition.ts';

type Files = Map<string, DataFile>;

/**
 * Tables as sets of their live files, strict where Iceberg would be silent: a file that is added twice is an error at
 * once. Branches begin at main, and main is the branch of that name.
 */
export class FileSet {
  readonly commitIds: string[] = [];
  readonly #branches = new Map<string, Files>();

  readonly publish: PublishTable = async (table, { commitId, addFiles, removePaths, branch = 'main' }) => {
    const earlier = this.commitIds.indexOf(commitId);
    if (earlier >= 0) return { snapshotId: BigInt(earlier), outcome: 'already committed' };
    const files = new Map(this.#filesOf(tableName(table), branch));
    for (const path of removePaths) {
      if (!files.delete(path)) throw new NotFoundError('Expected a live file to remove, got none', { path });
    }
    for (const file of addFiles) {
      if (files.has(file.path)) throw new InvariantError('Expected a new file, got a live one', { path: file.path });
      files.set(file.path, file);
    }
    this.#branches.set(`${tableName(table)} ${branch}`, files);
    this.commitIds.push(commitId);
    return { snapshotId: BigInt(this.commitIds.length - 1), outcome: 'committed' };
  };

  readonly liveFiles: TableView['liveFiles'] = async (table, { branch = 'main', commitId = '' }) => {
    const committed = this.commitIds.indexOf(commitId);
    const files = [...this.#filesOf(tableName(table), branch).values()];
    return { snapshotId: null, files, committedId: committed < 0 ? null : BigInt(committed) };
  };

  /** Every file here is of one processing. */
  readonly processingsIn: TableView['processingsIn'] = async () => new Set();

  readonly withoutProcessings: TableView['withoutProcessings'] = async () => null;

  /** A table as a rollback leaves it: these files and no others. */
  setFiles(table: string, files: readonly DataFile[]): void {
    this.#branches.set(`${table} main`, new Map(files.map((file) => [file.path, file])));
  }

  paths(branch = 'main'): string[] {
    return [...this.#branches]
      .filter(([name]) => name.endsWith(` ${branch}`))
      .flatMap(([, files]) => [...files.keys()])
      .toSorted();
  }

  #filesOf(table: string, branch: string): Files {
    return this.#branches.get(`${table} ${branch}`) ?? this.#branches.get(`${table} main`) ?? new Map();
  }
}
