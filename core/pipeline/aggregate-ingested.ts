import { z } from 'zod';
import { ingestTouchedKey } from '#schemas/edge-messages.ts';
import type { TableDefinition } from '#schemas/table-definition.ts';
import { goldFieldMetrics, goldPlotIndex } from '#schemas/tables.ts';
import type { PublishContext } from '../formats/iceberg/publish.ts';
import { commitIdKey } from '../formats/iceberg/snapshot-summary.ts';
import { ancestorsOf, type Snapshot } from '../formats/iceberg/table-metadata.ts';
import { aggregateFields, type TouchedDate } from './aggregate-fields.ts';
import { contentHash } from './content-hash.ts';
import { parseJson } from './ledger.ts';

/** No sink has written an entry that cannot be read. */
const touchedSchema = z.array(z.object({ farmId: z.string(), date: z.string() })).catch([]);

/**
 * Makes gold.field_metrics anew for all dates whose rows sinks have changed in gold.plot_index since this was last done, whatever
 * crashed in between and whoever wrote them: every snapshot of a sink names its dates.
 *
 * @returns The dates; none when everything is up to date.
 */
export async function aggregateIngested(context: PublishContext): Promise<readonly TouchedDate[]> {
  const done = new Set((await historyOf(context, goldFieldMetrics)).map(({ summary }) => summary[commitIdKey]));
  const ingested = (await historyOf(context, goldPlotIndex)).filter(({ summary }) => ingestTouchedKey in summary);
  const doneAt = ingested.findIndex((snapshot) => done.has(derivedId(snapshot)));
  const missing = doneAt === -1 ? ingested : ingested.slice(0, doneAt);
  const dates = missing.flatMap(({ summary }) => touchedSchema.parse(parseJson(summary[ingestTouchedKey]!)));
  const touched = [...new Map(dates.map((each) => [`${each.farmId}/${each.date}`, each])).values()];
  if (touched.length > 0) await aggregateFields(context, touched, derivedId(missing[0]!));
  return touched;
}

/** From the newest snapshot on. */
async function historyOf({ catalog }: PublishContext, table: TableDefinition): Promise<Snapshot[]> {
  const loaded = await catalog.loadTable(table);
  return loaded === null ? [] : ancestorsOf(loaded.metadata, loaded.metadata['current-snapshot-id']);
}

/** Other engines give their snapshots no commit id. */
function derivedId({ summary, 'snapshot-id': snapshotId }: Snapshot): string {
  return contentHash([summary[commitIdKey] ?? String(snapshotId), 'derived']);
}
