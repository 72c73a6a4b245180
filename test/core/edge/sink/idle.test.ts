import { describe, expect, it } from 'vitest';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { systemClock } from '#adapters/system/system-clock.ts';
import { systemRandom } from '#adapters/system/system-random.ts';
import { parseOffsets } from '#core/edge/sink/ingest-offsets.ts';
import { Sink } from '#core/edge/sink/sink.ts';
import { TemporaryError } from '#core/errors.ts';
import { tableAccess } from '#core/pipeline/table-access.ts';
import type { LogRecord, PartLogReader } from '#core/ports/part-log.ts';
import { silverReflectance } from '#schemas/tables.ts';
import { VirtualTime } from '../../../edge-simulation/virtual-time.ts';
import { MemoryLog, topicName } from '../../../sink-simulation/memory-log.ts';
import { cellsPart } from '../../../sink-simulation/small-parts.ts';

const [idleMs, backMs] = [5000, 60_000];

describe('a sink that ends when nothing comes', () => {
  it('does not take a log that does not answer, or holds more than it has sent, for an end', async () => {
    const time = new VirtualTime();
    const looks: string[] = [];
    const { key, headers, value } = cellsPart('c1', 0, 3).message;
    const record: LogRecord = { partition: 0, offset: 0n, key, headers, value: Buffer.from(value) };
    const log: PartLogReader = {
      // Away from the sink's start on, then there, with a message that a slow fetch brings later still.
      describe: async () => {
        const answers = time.elapsedMs() === 0 || time.elapsedMs() >= backMs;
        looks.push(answers ? 'answer' : 'none');
        if (!answers) throw new TemporaryError('Expected Kafka to answer, got no connection.');
        const next = time.elapsedMs() === 0 ? 0n : 1n;
        return { topicId: 'one', partitions: new Map([[0, { first: 0n, next }]]) };
      },
      async *read(_, __, signal) {
        await time.sleepMs(backMs + 2 * idleMs);
        yield record;
        while (!signal.aborted) await time.sleepMs(300);
      },
      remember: async () => {},
      close: async () => {},
    };
    const warehouse = memoryObjectStore();
    const catalog = pointerCatalog(warehouse);
    const tables = { warehouse, catalog, clock: systemClock, random: systemRandom };
    const running = new Sink({
      log,
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
    }).run(new AbortController().signal);
    let hasEnded = false;
    void running.then(() => (hasEnded = true));
    await time.runUntil(backMs + idleMs);
    expect([hasEnded, looks.filter((look) => look === 'none').length > 5]).toEqual([false, true]);
    await time.runUntil(backMs + 6 * idleMs);
    await running;
    const { metadata } = (await catalog.loadTable(silverReflectance))!;
    expect(parseOffsets(metadata.properties['cubelake.ingest.offsets.sink']!).next).toEqual(new Map([[0, 1n]]));
  });
});
