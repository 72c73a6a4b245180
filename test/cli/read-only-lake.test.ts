import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smallLake } from '../adapters/duckdb/small-lake.ts';
import { answerOf, runCubelake } from './run-cubelake.ts';

const lake = smallLake();
const warehouse = fileURLToPath(lake.warehouse.rootUri);
const folder = dirname(warehouse);

beforeAll(async () => {
  const rows = { lines: [1, 2], lons: [8, 9], plots: ['a', 'b'], cells: [1n, 2n] };
  await lake.commit('first', [
    { farm: 'f1', day: 20_574, ...rows },
    { farm: 'f2', day: 20_574, ...rows },
  ]);
  // What a writer keeps for itself: a reader must neither need nor make it.
  rmSync(join(warehouse, '.store'), { recursive: true });
  for (const path of [warehouse, folder]) chmodSync(path, 0o555);
});
afterAll(() => {
  for (const path of [folder, warehouse]) chmodSync(path, 0o755);
  lake.remove();
});

describe('a lake that may not be written', () => {
  it('answers SQL and lists its snapshots, and nothing appears in it', async () => {
    const query = "SELECT sum(line) AS total FROM silver.pixels WHERE farm_id = 'f2'";
    const answer = await answerOf(folder, ['sql', query, '--lake', folder, '--explain']);
    expect(answer).toContain('3');
    expect(answer).toMatch(/silver\.pixels: 1 files opened \(0\.0 MB\), 1 skipped; 1 manifests read, 0 skipped/);
    const snapshots = JSON.parse(await answerOf(folder, ['snapshots', '--lake', folder, '--json'])) as unknown[];
    expect(snapshots).toHaveLength(1);
    expect(existsSync(join(warehouse, '.store'))).toBe(false);
    expect(readdirSync(folder)).toEqual(['warehouse']);
  });

  it('is told apart from none', async () => {
    const { exitCode, messages } = await runCubelake(folder, ['sql', 'SELECT 1', '--lake', join(folder, 'none')]);
    expect(exitCode).toBe(78);
    expect(messages.join('\n')).toMatch(/Expected a lake, got none \(.*none\)\. Run "cubelake ingest" or give --lake/);
  });
});
