import { dayOfDate } from '#core/day.ts';
import type { DataFile } from '#core/formats/iceberg/data-file.ts';
import { stageRows } from '#core/pipeline/stage-table.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { simulatedTable } from '../../properties/simulated-table.ts';

/** Stages a file whose only row is named as the commit; staged again it is the same file. */
export function oneRowFile(warehouse: ObjectStore, commitId: string): Promise<DataFile> {
  const day = dayOfDate('2026-05-01');
  const row = { farm_id: 'knox', acquisition_date: day, processing_id: 'p', plot_id: commitId };
  const partition = { farm_id: 'knox', acquisition_date_day: day };
  return stageRows(warehouse, simulatedTable, partition, `${commitId}.parquet`, [row]);
}
