import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface PythonCall {
  readonly python: string;
  /** Where `expected` is left for the script. */
  readonly folder: string;
  /** Of the catalog. */
  readonly port: number;
}

/** Runs a script of this folder, which must end with 0. The catalog goes on in this process meanwhile. */
export function runPython({ python, folder, port }: PythonCall, script: string, expected: object): Promise<void> {
  const path = join(folder, 'expected.json');
  writeFileSync(path, JSON.stringify(expected));
  return new Promise((resolve, reject) => {
    const child = spawn(python, [join(import.meta.dirname, script)], {
      stdio: 'inherit',
      env: { ...process.env, CUBELAKE_CATALOG: `http://127.0.0.1:${port}`, CUBELAKE_EXPECTED: path },
    });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${script} ended with ${code}`))));
  });
}
