import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defaultBreedingRule, parseBreedingRule } from '#core/breeding/parse-rule.ts';

const folder = new URL('../../../schemas/rules/', import.meta.url);
const textOf = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
const changed = (fields: object): string => JSON.stringify({ ...JSON.parse(textOf('yield-and-ndre.json')), ...fields });

describe('rule files', () => {
  it('of the project are rules, and their ids are their names', () => {
    for (const id of ['yield-and-ndre', 'yield-only'])
      expect(parseBreedingRule(textOf(`${id}.json`), id).rule_id).toBe(id);
    expect(defaultBreedingRule.rule_id).toBe('yield-and-ndre');
  });

  it('are refused with the place of what does not hold', () => {
    expect(() => parseBreedingRule('{', 'r.json')).toThrow(/Expected a rule file in JSON.*r\.json/);
    expect(() => parseBreedingRule(changed({ minimum_probability: 1.2 }), 'r.json')).toThrow(/minimum_probability/);
    expect(() => parseBreedingRule(changed({ surprise: 1 }), 'r.json')).toThrow(/surprise/);
  });

  it('have no percentages of an index', () => {
    const text = changed({ minimum_advantage: { value: 5, unit: 'percent' } });
    expect(() => parseBreedingRule(text, 'r.json')).toThrow(/an index of several traits has no percentages/);
  });

  it('name a trait once', () => {
    const trait = { source: 'yield', name: 'grain_yield_t_ha', direction: 'higher' };
    expect(() => parseBreedingRule(changed({ traits: [trait, trait] }), 'r.json')).toThrow(/named twice/);
  });
});
