import { tableName } from '#schemas/table-definition.ts';
import { goldPlotIndex } from '#schemas/tables.ts';
import { type PublishContext, publish } from '../formats/iceberg/publish.ts';
import { fileWithoutRows } from '../maintenance/granule-files.ts';
import { aggregateFields } from './aggregate-fields.ts';
import type { SettleContext } from './flow-context.ts';
import { findLiveFiles, processingsIn } from './live-files.ts';

/** What settling asks of the tables: the same over every catalog and warehouse. */
export function tableAccess(
  tables: PublishContext,
): Pick<SettleContext, 'publish' | 'liveFiles' | 'processingsIn' | 'withoutProcessings' | 'afterCommit'> {
  return {
    publish: (table, change) => publish(tables, table, change),
    liveFiles: (table, query) => findLiveFiles(tables, table, query),
    processingsIn: (file) => processingsIn(tables, file),
    withoutProcessings: (table, file, ids) => fileWithoutRows(tables, table, file, { processingIds: new Set(ids) }),
    afterCommit: async ({ touched, tables: changed, commitId }) => {
      if (changed.includes(tableName(goldPlotIndex))) await aggregateFields(tables, touched, commitId);
    },
  };
}
