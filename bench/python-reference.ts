import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const packages = ['numpy==2.4.6', 'zarr==3.1.6', 'pyarrow==26.0.1'];

/**
 * The command of the reference implementation in Python, in a virtual environment of its own; null where the script is
 * not beside the checkout.
 */
export function pythonReference(script: string, folder: string, cube: string): readonly string[] | null {
  if (!existsSync(script)) return null;
  const venv = join(folder, 'venv');
  const python = join(venv, 'bin/python');
  if (!existsSync(python)) {
    execFileSync('python3', ['-m', 'venv', venv], { stdio: 'inherit' });
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--no-input', ...packages], { stdio: 'inherit' });
  }
  return [python, script, 'run', cube, '--workers', '2'];
}

/** Without the settings that slow numpy's linear algebra down on some machines. */
export function referenceEnvironment(): NodeJS.ProcessEnv {
  const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...environment } = process.env;
  return environment;
}
