// A sink on tables in memory and on a log that the test writes.
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { systemClock } from '#adapters/system/system-clock.ts';
import { systemRandom } from '#adapters/system/system-random.ts';
import { parseOffsets } from '#core/edge/sink/ingest-offsets.ts';
import { Sink, type SinkOptions } from '#core/edge/sink/sink.ts';
import { tableAccess } from '#core/pipeline/table-access.ts';
import type { PartLogReader } from '#core/ports/part-log.ts';
import { goldPlotIndex, silverReflectance } from '#schemas/tables.ts';
import { VirtualTime } from '../../../edge-simulation/virtual-time.ts';
import { MemoryLog, topicName } from '../../../sink-simulation/memory-log.ts';

export const idleMs = 5000;

export function smallSink() {
  const time = new VirtualTime();
  const warehouse = memoryObjectStore();
  const catalog = pointerCatalog(warehouse);
  const tables = { warehouse, catalog, clock: systemClock, random: systemRandom };
  return {
    time,
    /** Until nothing comes any more. */
    run: (log: Pick<PartLogReader, 'describe' | 'read'>, choices: Partial<SinkOptions> = {}): Promise<void> =>
      new Sink({
        log: { ...log, remember: async () => {}, close: async () => {} },
        deadLetters: MemoryLog.noDeadLetters,
        tables: { ...tables, ...tableAccess(tables) },
        derive: async () => {},
        stopwatch: time,
        progress: { report: () => {} },
        topic: topicName,
        group: 'sink',
        commitIntervalMs: 400,
        idleMsMax: idleMs,
        acceptsGap: false,
        startsNewEpoch: false,
        ...choices,
      }).run(new AbortController().signal),
    /** What one of the tables says of the log. */
    async stateOf(layer: 'silver' | 'gold') {
      const { metadata } = (await catalog.loadTable(layer === 'silver' ? silverReflectance : goldPlotIndex))!;
      const { topicId, next } = parseOffsets(metadata.properties['cubelake.ingest.offsets.sink']!);
      const head = metadata.snapshots.find((each) => each['snapshot-id'] === metadata['current-snapshot-id'])!;
      return {
        topicId,
        next: [...next.values()],
        lost: head.summary['cubelake.ingest.lost'],
        rows: head.summary['total-records'],
      };
    },
  };
}
