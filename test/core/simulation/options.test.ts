import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '#core/errors.ts';
import { checkSimulation, defaultSimulation, type SimulationOptions } from '#core/simulation/options.ts';

const refused: [string, Partial<SimulationOptions>, RegExp][] = [
  ['a fractional seed', { seed: 1.5 }, /seed, got 1\.5/],
  ['no entries', { entryCount: 0 }, /from 2 to 1000 as entryCount, got 0/],
  ['no replicates', { replicateCount: 0 }, /replicateCount, got 0/],
  ['a frame of no lines', { lineCount: 0 }, /lineCount, got 0/],
  ['more samples than any sensor', { sampleCount: 1e9 }, /sampleCount/],
  ['a single band', { bandCount: 1 }, /bandCount, got 1/],
  ['a share above one', { saturatedFraction: 2 }, /saturatedFraction of 0 to 1, got 2/],
  ['a share that is no number', { saturatedFraction: Number.NaN }, /saturatedFraction of 0 to 1, got NaN/],
  ['an id that would leave its folder', { farmId: '../x' }, /farmId .* got "\.\.\/x"/],
  ['a trial id too long for a cube id', { trialId: 'a'.repeat(33) }, /at most 32 characters/],
  ['an unknown sensor', { sensors: ['lidar' as 'vnir'] }, /vnir, vnir-swir, neon, got "lidar"/],
  ['no dates', { dates: [] }, /at least one date/],
  ['a day that does not exist', { dates: ['2025-02-30'] }, /got "2025-02-30"/],
  ['dates in the wrong order', { dates: ['2025-07-01', '2025-06-01'] }, /ascending order/],
  ['a date twice', { dates: ['2025-07-01', '2025-07-01'] }, /ascending order/],
];

describe('the options of a simulation', () => {
  it('are sound as they come', () => {
    expect(() => checkSimulation(defaultSimulation)).not.toThrow();
  });

  it.each(refused)('refuse %s', (_, change, message) => {
    const check = () => checkSimulation({ ...defaultSimulation, ...change });
    expect(check).toThrow(ConfigurationError);
    expect(check).toThrow(message);
  });
});
