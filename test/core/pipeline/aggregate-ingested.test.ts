import { describe, expect, it } from 'vitest';
import { commitParts } from '#core/edge/sink/commit-parts.ts';
import { decodePart } from '#core/edge/sink/decode-part.ts';
import type { PublishContext } from '#core/formats/iceberg/publish.ts';
import { aggregateIngested } from '#core/pipeline/aggregate-ingested.ts';
import { tableAccess } from '#core/pipeline/table-access.ts';
import { readTableRows } from '#core/pipeline/table-rows.ts';
import { goldFieldMetrics, goldPlotIndex } from '#schemas/tables.ts';
import { plotsPart } from '../../sink-simulation/small-parts.ts';
import { memoryLake } from '../formats/iceberg/small-table.ts';

const touchedDate = { farmId: 'farm-a', date: '2026-07-01' };

/** A sink of its own group that ends before it derives anything. */
async function bringPlot(lake: PublishContext, plotId: string): Promise<void> {
  const { message } = plotsPart('c1', plotId, 0.5);
  const parts = [await decodePart({ ...message, partition: 0, offset: 0n })];
  const after = { topic: 'parts', topicId: 'one', next: new Map([[0, 1n]]) };
  await commitParts({ ...lake, ...tableAccess(lake) }, goldPlotIndex, { group: plotId, before: null, after, parts });
}

const plotCountOfDay = async (lake: PublishContext): Promise<unknown> =>
  (await readTableRows(lake, goldFieldMetrics, ['period', 'plot_count'], [])).find((row) => row['period'] === 'day')?.[
    'plot_count'
  ];

describe('fields after sinks', () => {
  it('are made anew once, of all that came since', async () => {
    const lake = memoryLake();
    expect(await aggregateIngested(lake)).toEqual([]);
    await bringPlot(lake, 'p1');
    await bringPlot(lake, 'p2');
    expect(await aggregateIngested(lake)).toEqual([touchedDate]);
    expect(await plotCountOfDay(lake)).toBe(2);
    expect(await aggregateIngested(lake)).toEqual([]);
    await bringPlot(lake, 'p3');
    expect(await aggregateIngested(lake)).toEqual([touchedDate]);
    expect(await plotCountOfDay(lake)).toBe(3);
  });
});
