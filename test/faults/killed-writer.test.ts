import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cubelake-killed-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Numbers that an object may hold after the notes: of the last acknowledged write, or of one that was cut short. */
function allowedNumbers(notesPath: string): Map<string, Set<number>> {
  const allowed = new Map<string, Set<number>>();
  for (const line of readFileSync(notesPath, 'utf8').trim().split('\n')) {
    const [moment, key, number] = line.split(' ') as [string, string, string];
    if (moment === 'done') allowed.set(key, new Set([Number(number)]));
    else allowed.set(key, (allowed.get(key) ?? new Set([-1])).add(Number(number)));
  }
  return allowed;
}

/** -1 for no object. */
async function numberIn(folder: string, key: string): Promise<number[]> {
  const store = fileObjectStore(folder);
  const facts = await store.head(key);
  if (facts === null) return [-1];
  const { bytes } = await store.get(key);
  expect(new Set(bytes).size, `${key} is torn`).toBe(1);
  expect(facts.etag).toBe(createHash('sha256').update(bytes).digest('hex').slice(0, 32));
  return [bytes[0]!, bytes.length];
}

it('keeps every acknowledged write and no torn one, however often its writer is killed', {
  timeout: 120_000,
}, async () => {
  const folder = join(scratch, 'store');
  const notesPath = join(scratch, 'notes');
  writeFileSync(notesPath, '');
  for (let kill = 0; kill < 12; kill++) {
    const first = kill * 1000;
    const writer = spawn(process.execPath, [
      join(import.meta.dirname, 'write-until-killed.ts'),
      folder,
      notesPath,
      String(first),
    ]);
    const exit = once(writer, 'exit');
    const startBytes = statSync(notesPath).size;
    // Killed after another count of notes each time, in whatever it does at that moment.
    const watcher = watch(notesPath, () => {
      if (statSync(notesPath).size > startBytes + 400 + kill * 173) writer.kill('SIGKILL');
    });
    expect((await exit)[1]).toBe('SIGKILL');
    watcher.close();
    for (const [key, numbers] of allowedNumbers(notesPath)) {
      const found = await numberIn(folder, key);
      const expected = [...numbers].map((number) =>
        number === -1 || number % 11 === 0 ? [-1] : [number % 256, 20_000 + (number % 5) * 40_000],
      );
      expect(expected, key).toContainEqual(found);
    }
  }
  const store = fileObjectStore(folder);
  const listed = (await Array.fromAsync(store.list(''))).map(({ key }) => key);
  expect(listed.every((key) => key.startsWith('bronze/'))).toBe(true);
  expect(readdirSync(folder).toSorted()).toEqual(['.store', 'bronze']);
});
