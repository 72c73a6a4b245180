import { describe, expect, it } from 'vitest';
import { commitParts, type SinkTables } from '#core/edge/sink/commit-parts.ts';
import { decodePart } from '#core/edge/sink/decode-part.ts';
import type { IngestOffsets } from '#core/edge/sink/ingest-offsets.ts';
import type { DecodedPart } from '#core/edge/sink/stage-parts.ts';
import { FencedError } from '#core/errors.ts';
import type { PublishContext } from '#core/formats/iceberg/publish.ts';
import { tableAccess } from '#core/pipeline/table-access.ts';
import { readTableRows } from '#core/pipeline/table-rows.ts';
import { goldPlotIndex, silverReflectance } from '#schemas/tables.ts';
import { settleGranule } from '../../../sink-simulation/settle-granule.ts';
import { cellsPart, granuleKeyOf, plotsPart, type SmallPart } from '../../../sink-simulation/small-parts.ts';
import { memoryLake } from '../../formats/iceberg/small-table.ts';

const at = (next: bigint): IngestOffsets => ({ topic: 'parts', topicId: 'one', next: new Map([[0, next]]) });

async function decoded(...parts: SmallPart[]): Promise<DecodedPart[]> {
  const records = parts.map(({ message }, offset) => ({ ...message, partition: 0, offset: BigInt(offset) }));
  return Promise.all(records.map(decodePart));
}

/** The tables, with something that happens between the sink's look at them and its first commit. */
function tablesOf(lake: PublishContext, beforePublish: () => Promise<void> = async () => {}): SinkTables {
  let isFirst = true;
  const { publish, ...access } = tableAccess(lake);
  return {
    warehouse: lake.warehouse,
    ...access,
    publish: async (table, change) => {
      if (isFirst) {
        isFirst = false;
        await beforePublish();
      }
      return publish(table, change);
    },
  };
}

const partIds = async (lake: PublishContext, table: typeof goldPlotIndex): Promise<unknown[]> =>
  (await readTableRows(lake, table, ['part_id'], [])).map((row) => row['part_id']);

describe('a commit of parts', () => {
  it('leaves out what comes twice, in one batch and in a later one', async () => {
    const lake = memoryLake();
    const [part, other] = [cellsPart('c1', 0, 2), cellsPart('c1', 10, 1)];
    const first = { group: 'sink', before: null, after: at(2n), parts: await decoded(part, part) };
    const { offsets } = await commitParts(tablesOf(lake), silverReflectance, first);
    const second = { group: 'sink', before: offsets, after: at(4n), parts: await decoded(part, other) };
    const report = await commitParts(tablesOf(lake), silverReflectance, second);
    expect(report).toMatchObject({ addedCount: 1, repeatedCount: 1, lateCount: 0 });
    expect(await partIds(lake, silverReflectance)).toEqual(expect.arrayContaining([part.id, part.id, other.id]));
    expect(await partIds(lake, silverReflectance)).toHaveLength(3);
  });

  it('is refused where another sink of the group went on, and is the same where it is repeated', async () => {
    const lake = memoryLake();
    const commit = { group: 'sink', before: null, after: at(1n), parts: await decoded(cellsPart('c1', 0, 1)) };
    const { commitId } = await commitParts(tablesOf(lake), silverReflectance, commit);
    expect((await commitParts(tablesOf(lake), silverReflectance, commit)).commitId).toBe(commitId);
    const late = { ...commit, after: at(2n) };
    await expect(commitParts(tablesOf(lake), silverReflectance, late)).rejects.toThrow(FencedError);
    expect(await partIds(lake, silverReflectance)).toHaveLength(1);
  });

  it.each([true, false])('comes too late for a settlement after its look (cloud has plots: %s)', async (hasPlots) => {
    const lake = memoryLake();
    const start = { group: 'sink', before: null, after: at(0n), parts: [] };
    const { offsets } = await commitParts(tablesOf(lake), goldPlotIndex, start);
    const settle = () => settleGranule(lake, granuleKeyOf('c1'), { hasPlots, fails: false });
    const commit = { group: 'sink', before: offsets, after: at(1n), parts: await decoded(plotsPart('c1', 'p1', 0.5)) };
    const report = await commitParts(tablesOf(lake, settle), goldPlotIndex, commit);
    expect(report).toMatchObject({ addedCount: 0, lateCount: 1 });
    expect(await partIds(lake, goldPlotIndex)).toEqual(hasPlots ? [null] : []);
  });

  it('gives way to a settlement that comes after it, and not to one that failed', async () => {
    const lake = memoryLake();
    const parts = await decoded(cellsPart('c1', 0, 2), cellsPart('c22', 0, 1));
    await commitParts(tablesOf(lake), silverReflectance, { group: 'sink', before: null, after: at(2n), parts });
    await settleGranule(lake, granuleKeyOf('c1'), { hasPlots: true, fails: false });
    await settleGranule(lake, granuleKeyOf('c22'), { hasPlots: true, fails: true });
    const rows = await readTableRows(lake, silverReflectance, ['cube_id', 'origin'], []);
    expect(rows.map((row) => `${row['cube_id']} ${row['origin']}`).toSorted()).toEqual([
      'c1 cloud',
      'c1 cloud',
      'c22 edge',
    ]);
  });
});
