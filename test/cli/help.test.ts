import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { commandNames, loadCommand } from '../../cli/commands/registry.ts';
import { answerOf, runCubelake } from './run-cubelake.ts';

describe('help', () => {
  it('lists every command with what it does', async () => {
    const text = await answerOf(tmpdir(), ['--help']);
    for (const name of commandNames) expect(text).toMatch(new RegExp(`^ {2}${name} +\\S.{20}`, 'm'));
  });

  it('is also the answer to no command at all, as a failure', async () => {
    const { exitCode, stdout } = await runCubelake(tmpdir(), []);
    expect(exitCode).toBe(78);
    expect(stdout).toMatch(/^usage: cubelake COMMAND/);
  });

  it.concurrent.each(commandNames)('of %s names its usage and every option, and needs nothing else', async (name) => {
    const { command } = await loadCommand(name, []);
    const text = await answerOf(tmpdir(), [...name.split(' '), '--help']);
    expect(text).toMatch(new RegExp(`^usage: cubelake ${name} `));
    expect(text).toContain(command.summary);
    for (const [option, { value, help }] of Object.entries(command.options)) {
      expect(text).toContain(`--${option}${value === undefined ? '' : ` ${value}`}`);
      expect(help.length).toBeGreaterThan(3);
    }
  });

  it.concurrent.each(commandNames)('of %s names every option that its usage shows', async (name) => {
    const { command } = await loadCommand(name, []);
    const shown = [...command.usage.matchAll(/--([a-z-]+)/g)].map((match) => match[1]);
    expect(Object.keys(command.options)).toEqual(expect.arrayContaining(shown));
  });
});
