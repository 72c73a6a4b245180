import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { answerOf, runCubelake } from './run-cubelake.ts';

const document = readFileSync(join(import.meta.dirname, '../../docs/costs.md'), 'utf8');
const examples = [...document.matchAll(/<!-- npx cubelake (.+?) -->\n```\n([\s\S]*?)```/g)].map(
  ([, command, block]) => [command!, block!] as const,
);
const season = ['plan', '--farms', '100', '--tb-per-season', '10'];

describe('cubelake plan', () => {
  it('has two examples in docs/costs.md', () => expect(examples).toHaveLength(2));

  it.each(examples)('prints what the document shows: %s', async (command, block) => {
    expect(await answerOf(tmpdir(), command.split(' '))).toBe(block);
  });

  it('gives the same figures as JSON, with every month and the prices', async () => {
    const plan = JSON.parse(await answerOf(tmpdir(), [...season, '--json', '--hectares', '5000']));
    expect(plan.ours.months).toHaveLength(36);
    expect(plan.perHectareUsd * 5000).toBeCloseTo(plan.ours.usd, 6);
    expect(plan.prices.stated_in).toBe('2026-11');
    expect(examples[0]![1]).toContain(plan.ours.usd.toFixed(2));
  });

  it.each([
    [['plan', '--tb-per-season', '10'], /Expected --farms\./],
    [['plan', '--farms', '3'], /Expected --tb-per-season\./],
    [
      ['plan', '--farms', 'many', '--tb-per-season', '10'],
      /Expected a whole number from 1 to 1000000, as --farms, got "many"/,
    ],
    [[...season, '--tb-per-season', '-1'], /Expected a number above 0.* as --tb-per-season, got "-1"/],
    [
      [...season, '--season-days', '200', '--seasons-per-year', '2'],
      /Expected seasons that fit a year, got 2 of 200 days/,
    ],
    [[...season, '--prices', 'nowhere.json'], /Expected a price list, got no readable file \(nowhere\.json\)/],
    [[...season, '--prices', import.meta.filename], /Expected a price list as JSON/],
    [[...season, '--burst', '--cube-gb', '0.01'], /Expected at most 400000 cubes in one simulated burst, got 1000000/],
  ])('refuses in one sentence: %j', async (args, message) => {
    const { exitCode, stdout, messages } = await runCubelake(tmpdir(), args);
    expect(messages.join('\n')).toMatch(message);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatch(/^cubelake: /);
    expect(stdout).toBe('');
    expect(exitCode).toBe(78);
  });
});
