import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { peerPlan } from './checks.ts';

const folder = import.meta.dirname;
const commands = peerPlan().map((chain) => chain.map(({ command }) => command.slice(1).join(' ')));

// A check that no chain holds would never run, and nobody would miss it.
test('every check.sh is in the plan once', () => {
  const topics = readdirSync(folder).filter((topic) => existsSync(join(folder, topic, 'check.sh')));
  const planned = commands.flat().filter((command) => command.endsWith('/check.sh'));
  expect(planned.toSorted()).toEqual(topics.map((topic) => `test/peers/${topic}/check.sh`).toSorted());
});

test('the demo lake is made before its readers, in their chain', () => {
  const chains = commands.filter((chain) => chain.some((command) => command.includes('/demo-lake/')));
  expect(chains).toHaveLength(1);
  expect(chains[0]![0]).toBe('test/peers/demo-lake/make.sh');
});

test('checks have names of their own', () => {
  const names = peerPlan().flatMap((chain) => chain.map(({ name }) => name));
  expect(new Set(names).size).toBe(names.length);
});
