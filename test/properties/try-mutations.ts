import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One way to break a source: `from` occurs once in the file. */
export interface Mutation {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/**
 * Breaks a copy of the sources in named ways, one at a time, and says which seed caught each. Parameters of the process: the
 * number of seeds (200), and a part of the names to try.
 */
export function tryMutations(mutations: readonly Mutation[], runSeeds: string): void {
  const root = join(import.meta.dirname, '../..');
  const [seedCount = '200', partOfName = ''] = process.argv.slice(2);
  const folder = mkdtempSync(join(tmpdir(), 'cubelake-mutations-'));
  try {
    for (const part of ['adapters', 'core', 'functions', 'schemas', 'test', 'package.json'])
      cpSync(join(root, part), join(folder, part), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    for (const { name, file, from, to } of mutations.filter(({ name }) => name.includes(partOfName))) {
      const path = join(folder, file);
      const source = readFileSync(path, 'utf8');
      if (source.split(from).length !== 2) throw new Error(`Expected once "${from}" (${file}). Adapt the mutation.`);
      writeFileSync(
        path,
        source.replace(from, () => to),
      );
      const run = spawnSync(process.execPath, [join(folder, runSeeds), '0', seedCount], { encoding: 'utf8' });
      writeFileSync(path, source);
      const caught = run.status === 1 ? /^seed \d+: .*/m.exec(run.stdout)?.[0] : null;
      console.log(`${name}: ${caught ?? `NOT CAUGHT in ${seedCount} seeds ${run.stderr.slice(0, 300)}`}`);
      if (!caught) process.exitCode = 1;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
