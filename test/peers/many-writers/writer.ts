// node writer.ts PLACE NAME COUNT: publishes COUNT commits of one row each and prints a line for each that is acknowledged.
// Killed and started again it begins anew: what has happened is told as such.
import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { systemClock } from '#adapters/system/system-clock.ts';
import { systemRandom } from '#adapters/system/system-random.ts';
import { CubelakeError } from '#core/errors.ts';
import { publish } from '#core/formats/iceberg/publish.ts';
import { simulatedTable } from '../../properties/simulated-table.ts';
import { oneRowFile } from './one-row-file.ts';
import { openWarehouse } from './open-warehouse.ts';

const [place = '', name = '', count = '0'] = process.argv.slice(2);
const warehouse = openWarehouse(place);
const context = { warehouse, catalog: pointerCatalog(warehouse), clock: systemClock, random: systemRandom };

for (let position = 0; position < Number(count); position++) {
  const commitId = `${name}-${position}`;
  for (;;) {
    try {
      const file = await oneRowFile(warehouse, commitId);
      const change = { commitId, extraColumns: [], addFiles: [file], removePaths: [], summary: {} };
      const { attemptCount, outcome } = await publish(context, simulatedTable, change);
      console.log(JSON.stringify({ commitId, attemptCount, outcome }));
      break;
    } catch (error) {
      if (!(error instanceof CubelakeError) || error.disposition !== 'retry') throw error;
      console.log(JSON.stringify({ commitId, attemptCount: 0, outcome: error.name }));
    }
  }
}
