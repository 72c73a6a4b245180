import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const engineNames = ['duckdb', 'trino', 'athena'] as const;
export type EngineName = (typeof engineNames)[number];

export interface SqlBlock {
  readonly file: string;
  readonly engines: readonly EngineName[];
  readonly sql: string;
}

/** @throws Error for a block that names no engine, or one that nobody runs. */
export function sqlBlocks(folder: string): SqlBlock[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.md'))
    .toSorted()
    .flatMap((file) => blocksOf(file, readFileSync(join(folder, file), 'utf8')));
}

export function blocksOf(file: string, text: string): SqlBlock[] {
  return [...text.matchAll(/^```sql\b(.*)\n([\s\S]*?)^```$/gm)].map(([, words, sql]) => {
    const engines = words!.trim().split(/\s+/).filter(Boolean);
    const unknown = engines.find((name) => !(engineNames as readonly string[]).includes(name));
    if (engines.length === 0 || unknown !== undefined) {
      throw new Error(
        `Expected ${engineNames.join(', ')} after sql, got "${words!.trim()}" (${file}: ${sql!.slice(0, 60)})`,
      );
    }
    return { file, engines: engines as EngineName[], sql: sql!.trim() };
  });
}
