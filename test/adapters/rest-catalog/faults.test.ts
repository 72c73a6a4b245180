// Tables were corrupted where a client took a lost answer, or a proxy's 503, for a failed commit: it deleted the files of
// a commit that had happened, or committed them again.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CubelakeError } from '#core/errors.ts';
import { publish, type TableChange } from '#core/formats/iceberg/publish.ts';
import { planScan } from '#core/formats/iceberg/scan.ts';
import { commitIdKey } from '#core/formats/iceberg/snapshot-summary.ts';
import { testClock } from '../../conformance/test-clock.ts';
import { expectSoundTable } from '../../core/formats/iceberg/check-table.ts';
import { change, dataFile, plots } from '../../core/formats/iceberg/small-table.ts';
import { cuttingProxy, type ProxyFault } from './cutting-proxy.ts';
import { clientOf, servedLake } from './served-lake.ts';

const fault: fc.Arbitrary<ProxyFault> = fc.oneof(
  fc.constantFrom<ProxyFault>('request lost', 'answer lost', 'answer cut', 'sent twice'),
  fc.record({ afterwards: fc.constantFrom(500, 502, 503, 504) }),
  fc.record({ instead: fc.constantFrom(429, 500, 502, 503, 504) }),
);
/** One in three exchanges goes wrong; after the planned ones the world heals, and everybody must come to an end. */
const faults = fc.array(
  fc.oneof({ arbitrary: fc.constant<ProxyFault>('none'), weight: 2 }, { arbitrary: fault, weight: 1 }),
  { minLength: 30, maxLength: 60 },
);

it('a client behind a proxy that cuts and lies loses nothing and publishes nothing twice', {
  timeout: 120_000,
}, async () => {
  let faultCount = 0;
  await fc.assert(
    fc.asyncProperty(faults, faults, async (first, second) => {
      const lake = await servedLake();
      const run = async (name: string, planned: readonly ProxyFault[]) => {
        let exchange = 0;
        const proxy = await cuttingProxy(lake.uri, () => {
          const next = planned[exchange++] ?? 'none';
          if (next !== 'none') faultCount++;
          return next;
        });
        const catalog = clientOf({ uri: proxy.uri, warehouse: lake.warehouse });
        const context = { catalog, warehouse: lake.warehouse, clock: testClock(), random: { next: () => 0.5 } };
        const changes = [0, 1, 2].map((step) =>
          change(`${name}${step}`, { addFiles: [dataFile(lake.warehouse, `${name}${step}`)] }),
        );
        changes.push(change(`${name}3`, { removePaths: [changes[0]!.addFiles[0]!.path] }));
        for (const each of changes) await publishUntilDone(context, each);
        await proxy.close();
      };
      await Promise.all([run('a', first), run('b', second)]);

      const table = (await lake.embedded.loadTable(plots))!;
      await expectSoundTable(table, lake.warehouse);
      const history = table.metadata.snapshots.map((snapshot) => snapshot.summary[commitIdKey]!);
      expect(history.toSorted()).toEqual(['a0', 'a1', 'a2', 'a3', 'b0', 'b1', 'b2', 'b3']);
      const { files } = await planScan(table, lake.warehouse);
      const names = files.map((file) => /([ab]\d)\.parquet$/.exec(file.path)![1]);
      expect(names.toSorted()).toEqual(['a1', 'a2', 'b1', 'b2']);
      await lake.server.close();
    }),
    { seed: 20_261_123, numRuns: 120 },
  );
  expect(faultCount).toBeGreaterThan(1000);
});

/** What the settler does: the same change again until the table shows it. */
async function publishUntilDone(context: Parameters<typeof publish>[0], wanted: TableChange): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await publish(context, plots, wanted);
      return;
    } catch (error) {
      const mayRetry = error instanceof CubelakeError && error.disposition === 'retry';
      if (!mayRetry || attempt === 100) throw error;
    }
  }
}
