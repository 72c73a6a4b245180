// node own-table.ts LAKE: makes a lake with silver.samples: partitions, an evolved column, a replacement, a removal.
import { join } from 'node:path';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import type { PublishContext } from '#core/formats/iceberg/publish.ts';
import { publish } from '#core/formats/iceberg/publish.ts';
import { openLake } from '../../../cli/open-lake.ts';
import { change, red, samples, writeSamples } from '../iceberg/history.ts';

const folder = process.argv[2]!;
openLake(folder).close();
const warehouse = fileObjectStore(join(folder, 'warehouse'));
// A minute between looks at the clock: no two snapshots of one millisecond.
let nowMs = Date.UTC(2026, 5, 1);
const tick = () => (nowMs += 60_000);
const clock = { nowMs: tick, sleepMs: async () => {} };
const catalog = pointerCatalog(warehouse, { nowMs: tick });
const context: PublishContext = { catalog, warehouse, clock, random: { next: () => 0.5 } };

const file = (farm: string, day: number, firstLine: number, hasRed = false) =>
  writeSamples(context, { farm, day, firstLine, rowCount: 100, hasRed });
const first = await file('knox', 20_600, 0);
const old = await file('knox', -1, 100);
const other = await file('a_b-c', 20_600, 200);
await publish(context, samples, change('first', { addFiles: [first, old, other] }));
const banded = await file('linn', 20_601, 300, true);
await publish(context, samples, change('evolve', { addFiles: [banded], extraColumns: [red] }));
const again = await file('knox', 20_600, 400, true);
await publish(context, samples, change('replace', { addFiles: [again], removePaths: [first.path] }));
await publish(context, samples, change('remove', { removePaths: [other.path] }));
