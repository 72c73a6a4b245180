import { ConfigurationError, NotFoundError } from '#core/errors.ts';
import { removalAgeMsMin } from '#core/limits.ts';
import { type MaintenanceTasks, maintainTable, type TableMaintenance } from '#core/maintenance/maintain-table.ts';
import { planUnfinishedRemoval, removeUnfinished, type UnfinishedContext } from '#core/maintenance/unfinished-work.ts';
import { type TableDefinition, tableName } from '#schemas/table-definition.ts';
import { allTables } from '#schemas/tables.ts';
import {
  type Command,
  type CommandCall,
  hasFlag,
  jsonOption,
  lakeOption,
  numberOption,
  textOption,
} from '../command.ts';
import { lakePlace } from '../config.ts';
import { durationMs } from '../duration.ts';
import { openOwnTables } from '../open-tables.ts';

export const command: Command = {
  name: 'maintain',
  summary: 'merge small files, let old snapshots go and remove what nobody needs, beside running writers',
  usage:
    '[TABLE] [--lake LAKE] [--compact] [--rewrite-manifests] [--expire-older-than AGE] [--remove-orphans] [--dry-run] [--json]',
  details: [
    'Without a task: --compact --rewrite-manifests. Ages are numbers with s, m, h or d, as in 30d.',
    'Snapshots with a tag, the newest of each branch, and the last offsets of a stream always stay. Nothing younger than',
    'a day is ever removed. Killed at any moment, the lake is sound: run it again.',
  ].join('\n'),
  argumentCountMax: 1,
  options: {
    lake: lakeOption,
    json: jsonOption,
    compact: { type: 'boolean', help: 'merge small files of a partition' },
    'rewrite-manifests': { type: 'boolean', help: 'cluster the lists of files by partition' },
    'expire-older-than': { type: 'string', value: 'AGE', help: 'remove snapshots of this age, and old metadata files' },
    'keep-snapshots': { type: 'string', value: 'N', help: 'keep at least N snapshots of each branch (default 1)' },
    'remove-orphans': { type: 'boolean', help: 'remove files that no snapshot and no running job names' },
    'orphan-age': { type: 'string', value: 'AGE', help: 'only orphans of this age (default 3d)' },
    'dry-run': { type: 'boolean', help: 'say what would be done, and do nothing' },
  },
  async run(call, io) {
    const tasks = tasksOf(call);
    const tables = chosenTables(call.positionals[0]);
    const lake = openOwnTables(lakePlace(call));
    try {
      const reports: TableMaintenance[] = [];
      for (const table of tables) {
        if ((await lake.catalog.loadTable(table)) === null) {
          if (call.positionals.length > 0)
            throw new NotFoundError(`Expected a table ${tableName(table)} in the lake, got none.`, {
              table: tableName(table),
            });
          continue;
        }
        reports.push(await maintainTable(lake, table, tasks));
      }
      if (tasks.orphans !== null && call.positionals.length === 0) reports.push(...(await unfinishedWork(lake, tasks)));
      io.print(hasFlag(call, 'json') ? asJson(reports) : reports.map((report) => reportText(report, tasks)).join('\n'));
    } finally {
      lake.close();
    }
  },
};

/** What lies beside the tables, in the form of a table's report; none where nothing does. */
async function unfinishedWork(
  context: UnfinishedContext,
  { orphans, isDryRun }: MaintenanceTasks,
): Promise<TableMaintenance[]> {
  const plan = await planUnfinishedRemoval(context, orphans ?? {});
  if (plan.length === 0) return [];
  const keys = isDryRun ? plan.map(({ key }) => key) : await removeUnfinished(context, plan);
  const sizeBytes = plan.reduce((sum, object) => sum + object.sizeBytes, 0);
  const report = { compaction: null, manifests: null, expiry: null, oldMetadata: null };
  return [{ table: 'jobs that never ended', ...report, orphans: { keys, sizeBytes } }];
}

/** @throws ConfigurationError for ages that are none or below a day. */
function tasksOf(call: CommandCall): MaintenanceTasks {
  const expiry = ageOption(call, 'expire-older-than');
  const orphanAge = ageOption(call, 'orphan-age');
  const removesOrphans = hasFlag(call, 'remove-orphans');
  if (orphanAge !== null && !removesOrphans)
    throw new ConfigurationError('Expected --remove-orphans with --orphan-age, got the age alone.');
  const minSnapshotCount = numberOption(call, 'keep-snapshots', { min: 1, max: 1_000_000, isInteger: true }) ?? 1;
  const isAnyAsked =
    expiry !== null || removesOrphans || hasFlag(call, 'compact') || hasFlag(call, 'rewrite-manifests');
  return {
    compacts: hasFlag(call, 'compact') || !isAnyAsked,
    rewritesManifests: hasFlag(call, 'rewrite-manifests') || !isAnyAsked,
    expiry: expiry === null ? null : { maxAgeMs: expiry, minSnapshotCount },
    orphans: removesOrphans ? (orphanAge === null ? {} : { minAgeMs: orphanAge }) : null,
    isDryRun: hasFlag(call, 'dry-run'),
  };
}

function ageOption(call: CommandCall, name: string): number | null {
  const text = textOption(call, name);
  if (text === null) return null;
  const ageMs = durationMs(text);
  if (ageMs === null || ageMs < removalAgeMsMin)
    throw new ConfigurationError(`Expected an age of at least 1d, as --${name} 30d, got "${text}".`, { option: name });
  return ageMs;
}

function chosenTables(name: string | undefined): readonly TableDefinition[] {
  if (name === undefined) return allTables;
  const table = allTables.find((each) => tableName(each) === name);
  if (table !== undefined) return [table];
  throw new ConfigurationError(`Expected one of ${allTables.map(tableName).join(', ')}, got "${name}".`, {
    table: name,
  });
}

function asJson(reports: readonly TableMaintenance[]): string {
  return JSON.stringify(reports, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
}

function reportText(report: TableMaintenance, { isDryRun }: MaintenanceTasks): string {
  const would = isDryRun ? 'would ' : '';
  const lines = [report.table];
  const { compaction, manifests, expiry, oldMetadata, orphans } = report;
  if (compaction !== null) {
    lines.push(`  ${would}merge ${compaction.replacedCount} files into ${compaction.writtenCount}`);
    for (const { partition, paths, sizeBytes, recordCount } of compaction.groups)
      lines.push(
        `    ${shown(Object.values(partition).join(' '))}: ${paths.length} files, ${recordCount} rows, ${sizeBytes} bytes`,
      );
    for (const note of compaction.notes) lines.push(`    ${shown(note)}`);
  }
  if (manifests !== null) {
    const what = manifests.isWorthwhile
      ? `rewrite ${manifests.manifestCount} manifests`
      : 'leave the manifests as they are';
    lines.push(`  ${would}${what}`);
  }
  if (expiry !== null) {
    lines.push(`  ${would}remove ${expiry.snapshotIds.length} snapshots and keep ${expiry.keptCount}`);
    for (const id of expiry.snapshotIds) lines.push(`    ${id}`);
    for (const name of expiry.referenceNames) lines.push(`    ${shown(name)}: its time is over`);
  }
  if (oldMetadata !== null) lines.push(`  ${would}remove ${oldMetadata.keys.length} old metadata files`);
  if (orphans !== null) {
    lines.push(`  ${would}remove ${orphans.keys.length} orphans (${orphans.sizeBytes} bytes)`);
    for (const key of orphans.keys) lines.push(`    ${shown(key)}`);
  }
  return lines.join('\n');
}

/** A name from outside must not steer the terminal. */
function shown(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}
