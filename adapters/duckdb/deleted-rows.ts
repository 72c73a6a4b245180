import { type DeleteFile, deletedPathId, deletedPositionId } from '#core/formats/iceberg/delete-files.ts';
import { literal } from './quoting.ts';
import { type FilesWithDeletes, type LocalFile, numbered, readFiles } from './scan-view.ts';

type LocalDelete = DeleteFile & LocalFile;

/**
 * Joins that leave the deleted rows out of `d`, data files with columns named by `numbered`. The rules are the planner's:
 * positions by file, in files of the same or an older commit; values in files of older commits, of the delete's partition
 * or of all.
 */
export function joinsOfDeletes({ files, deletes, columns }: FilesWithDeletes, table: string): string {
  const partitions = new Map<string, number>();
  const partitionOf = (key: string): number => {
    if (!partitions.has(key)) partitions.set(key, partitions.size);
    return partitions.get(key)!;
  };
  const facts = files.map(
    (file) =>
      `(${literal(file.localPath)}, ${literal(file.path)}, ${file.sequenceNumber}, ${partitionOf(file.partitionKey)})`,
  );
  const joins = [`JOIN (VALUES ${facts.join(', ')}) AS m(local, path, seq, part) ON d.filename = m.local`];
  const positions = deletes.filter((file) => file.content === 'position');
  if (positions.length > 0) joins.push(positionJoin(positions, table));
  const groups = Map.groupBy(
    deletes.filter((file) => file.content === 'equality'),
    (file) => `${[...file.columnIds].sort((a, b) => a - b).join(' ')} ${file.partitionKey === null}`,
  );
  for (const [index, group] of [...groups.values()].entries()) {
    const ids = group[0]!.columnIds;
    const read = readFiles(
      group.map((file) => file.localPath),
      numbered(columns.filter(({ id }) => ids.includes(id))),
      table,
    );
    const isEverywhere = group[0]!.partitionKey === null;
    const own = group.map(
      (file) =>
        `(${literal(file.localPath)}, ${file.sequenceNumber}, ${isEverywhere ? 'NULL' : partitionOf(file.partitionKey!)})`,
    );
    const deleted = `(SELECT v.*, f.seq AS seq, f.part AS part FROM ${read} AS v JOIN (VALUES ${own.join(', ')}) AS f(local, seq, part) ON v.filename = f.local)`;
    const same = ids.map((id) => `d.c${id} IS NOT DISTINCT FROM e${index}.c${id}`);
    const where = isEverywhere ? [] : [`m.part = e${index}.part`];
    joins.push(`ANTI JOIN ${deleted} AS e${index} ON ${[...same, ...where, `m.seq < e${index}.seq`].join(' AND ')}`);
  }
  return joins.join(' ');
}

function positionJoin(files: readonly LocalDelete[], table: string): string {
  const read = readFiles(
    files.map((file) => file.localPath),
    numbered([
      { id: deletedPathId, name: 'file_path', type: 'string' },
      { id: deletedPositionId, name: 'pos', type: 'long' },
    ]),
    table,
  );
  const own = files.map((file) => `(${literal(file.localPath)}, ${file.sequenceNumber})`);
  const deleted = `(SELECT v.c${deletedPathId} AS path, v.c${deletedPositionId} AS pos, f.seq AS seq FROM ${read} AS v JOIN (VALUES ${own.join(', ')}) AS f(local, seq) ON v.filename = f.local)`;
  return `ANTI JOIN ${deleted} AS p ON m.path = p.path AND d.file_row_number = p.pos AND m.seq <= p.seq`;
}
