import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

/** Where the real cubes lie; they are no part of this repository. */
export const dataFolder = resolve(process.env['CUBELAKE_SHARED'] ?? '../shared', 'data');

/** A suite over one folder of real data, with a scratch folder of its own; a plain word where the data are absent. */
export function describeData(name: string, subfolder: string, suite: (data: string, scratch: string) => void): void {
  const data = join(dataFolder, subfolder);
  if (!existsSync(data)) {
    it(`did not run ${name}: ${data} is absent`, () => {
      console.warn(`${name} did not run: ${data} is absent.`);
      expect(existsSync(data)).toBe(false);
    });
    return;
  }
  describe(name, () => {
    const scratch = mkdtempSync(join(tmpdir(), 'cubelake-real-'));
    afterAll(() => rmSync(scratch, { recursive: true, force: true }));
    suite(data, scratch);
  });
}
