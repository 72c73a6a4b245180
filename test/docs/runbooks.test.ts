import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withAtClauses } from '#adapters/duckdb/as-of-text.ts';
import { parseQuery } from '#adapters/duckdb/query-tree.ts';
import { parseCall } from '../../cli/command.ts';
import { commandNames, loadCommand } from '../../cli/commands/registry.ts';
import { alarmNames } from '../../infra/alarms.ts';

// A runbook is read in a bad hour: a command that does not exist, or an alarm without a section, must fail here instead.

const folder = join(import.meta.dirname, '../../docs/runbooks');
const pages = readdirSync(folder).filter((name) => name.endsWith('.md'));
const textOf = (page: string): string => readFileSync(join(folder, page), 'utf8');

/** Lines of shell blocks that call cubelake, as page and line. */
const commands = pages.flatMap((page) =>
  [...textOf(page).matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block]) =>
    block!
      .replaceAll('\\\n', ' ')
      .split('\n')
      .filter((line) => line.startsWith('cubelake '))
      .map((line) => [page, line] as const),
  ),
);

/** Words as a shell splits them; only plain words and double quotes appear here. */
function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
}

describe('the runbooks', () => {
  it('have one section for each alarm, and no section for an alarm that is none', () => {
    const sections = [...textOf('alarms.md').matchAll(/^## (.+)$/gm)].map(([, name]) => name);
    expect(sections).toEqual([...alarmNames]);
  });

  it('hold commands to try', () => {
    expect(commands.length).toBeGreaterThan(30);
  });

  it.each(commands)('%s: %s is a call that the command line takes', async (_, line) => {
    const [name, ...rest] = words(line).slice(1);
    const { command, argv } = await loadCommand(name!, rest);
    expect(() => parseCall(command, argv)).not.toThrow();
  });

  it.each(pages)('%s names only commands that exist', (page) => {
    const named = [...textOf(page).matchAll(/`cubelake ([a-z]+)( [a-z]+)?/g)].map(([, one, two]) => [one, one! + two]);
    for (const names of named)
      expect(
        commandNames.some((known) => names.includes(known)),
        names.join(),
      ).toBe(true);
  });
});

describe('SQL in the runbooks', () => {
  let instance: DuckDBInstance;
  let connection: DuckDBConnection;
  beforeAll(async () => {
    instance = await DuckDBInstance.create(':memory:');
    connection = await instance.connect();
  });
  afterAll(() => {
    connection?.closeSync();
    instance?.closeSync();
  });
  const queries = commands.filter(([, line]) => line.startsWith('cubelake sql '));

  it.each(queries)('%s: %s parses', async (_, line) => {
    await expect(parseQuery(connection, withAtClauses(words(line)[2]!))).resolves.toBeDefined();
  });
});
