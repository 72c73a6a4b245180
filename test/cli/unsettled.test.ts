// A cube whose rows could not be brought into a table was told as "running in another process", with exit code 0, for ever.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { memoryByteSource } from '#adapters/memory/memory-byte-source.ts';
import { exitCodes } from '#core/errors.ts';
import { readFooter } from '#core/formats/parquet/read-footer.ts';
import { answerOf, runCubelake } from './run-cubelake.ts';
import { cropCounts, writeCube, writeReferences } from './small-field.ts';

const folder = mkdtempSync(join(tmpdir(), 'cubelake-unsettled-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let references: string[];
const ingest = (cube: string): string[] => ['ingest', cube, ...references, '--farm', 'f1', '--date', '2026-07-01'];

beforeAll(async () => {
  references = writeReferences(join(folder, 'references'));
  for (const name of ['one', 'two']) await answerOf(folder, ingest(writeCube(join(folder, name), name)));
  await answerOf(folder, ['maintain', 'silver.reflectance', '--compact']);
}, 60_000);

it('a cube that cannot be settled ends with a sentence and an exit code, until its cause is mended', async () => {
  const tables = join(folder, 'lake', 'warehouse', 'tables', 'silver', 'reflectance', 'data');
  const merged = readdirSync(tables, { recursive: true, encoding: 'utf8' }).find((name) =>
    name.includes('compacted-'),
  )!;
  const shared = join(tables, merged);
  const bytes = readFileSync(shared);
  // Whose rows it holds can be read, and the last of its columns cannot.
  const { rowGroups } = (await readFooter(memoryByteSource('shared', bytes)))!;
  const lastColumn = rowGroups[0]!.startBytes + rowGroups[0]!.columns.at(-1)!.startBytes;
  writeFileSync(shared, Buffer.from(bytes).fill(255, lastColumn, lastColumn + 16));
  const corrected = writeCube(join(folder, 'again'), 'one', { data: cropCounts(0.5) });
  const sentence =
    /^cubelake: raw_cubes\/local\/f1\/2026\/07\/01\/one: not settled: Expected a Parquet file, got .*compacted-/;
  // The second call finds its event hidden, because it is tried again only after a while.
  for (let call = 0; call < 2; call++) {
    const { exitCode, stdout, messages } = await runCubelake(folder, ingest(corrected));
    expect(messages).toEqual([expect.stringMatching(sentence)]);
    expect(exitCode).toBe(exitCodes.badData);
    expect(stdout).toContain('0 granules complete, 0 failed, 0 waiting, 1 not settled');
  }
  // What else is brought in goes its way.
  await answerOf(folder, ingest(writeCube(join(folder, 'three'), 'three')));
  const status = JSON.parse(await answerOf(folder, ['status', '--json'])) as { granules: { reason: string }[] };
  expect(status.granules[0]).toMatchObject({ status: 'running', lost: 'job event' });
  expect(status.granules[0]!.reason).toMatch(
    /^its job ended and is not settled\. FormatError: Expected a Parquet file/,
  );
  const replaced = await runCubelake(folder, ['reprocess', '--cube', 'raw_cubes/local/f1/2026/07/01/two']);
  expect(replaced.messages).toEqual([
    expect.stringMatching(/^cubelake: Manifest \w+ is not settled: Expected a Parquet/),
  ]);
  expect(replaced.exitCode).toBe(exitCodes.badData);
  // A file that nobody can read leaves open what became of its cubes, and hides nothing of the others.
  writeFileSync(shared, 'no Parquet');
  const text = await answerOf(folder, ['status']);
  expect(text).toContain('2 complete, 0 failed, 1 running, 0 waiting');
  expect(text).toMatch(/complete: .*\/two: its rows may lie in a file that cannot be read\. Expected a Parquet file/);
  expect(text).not.toContain('/three');
  writeFileSync(shared, bytes);
  await answerOf(folder, ['status', '--reconcile']);
  expect(await answerOf(folder, ingest(corrected))).toContain('1 granules complete, 0 failed, 0 waiting');
}, 60_000);
