import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillKeyOf, levelKeyOf, sampleTypeOf, sampleTypes } from '#adapters/gpu/stored-keys.ts';

const anyNumber = fc.oneof(
  fc.integer({ min: -70_000, max: 70_000 }),
  fc.double(),
  fc.float(),
  fc.constantFrom(
    -0,
    0,
    0.5,
    -(2 ** 31),
    2 ** 32 - 1,
    2 ** 32,
    Infinity,
    -Infinity,
    Number.NaN,
    2 ** -149,
    1e-60,
    -1e-60,
    1e39,
  ),
);

/** A stored value's own key: as a fill value it is always storable. */
function keyOfStored(value: number, sampleType: number): number {
  return fillKeyOf(value, sampleType)!;
}

describe.each(sampleTypes.map(({ array }, sampleType) => [array.name, sampleType] as const))(
  'keys of %s',
  (_, sampleType) => {
    const { array } = sampleTypes[sampleType]!;
    const stored = anyNumber.map((value) => array.of(value)[0]!).filter((value) => !Number.isNaN(value));
    const runs = { seed: 20_261_123, numRuns: 2000 };

    it('are equal to the fill value exactly where the stored value is', () => {
      fc.assert(
        fc.property(stored, fc.oneof(anyNumber, stored), (value, fillValue) => {
          expect(keyOfStored(value, sampleType) === fillKeyOf(fillValue, sampleType)).toBe(value === fillValue);
        }),
        runs,
      );
    });

    it('reach that of the saturation level exactly where the stored value does', () => {
      fc.assert(
        fc.property(stored.filter(Number.isFinite), fc.oneof(anyNumber, stored), (value, level) => {
          const levelKey = levelKeyOf(level, sampleType);
          expect(levelKey !== null && keyOfStored(value, sampleType) >= levelKey).toBe(value >= level);
        }),
        runs,
      );
    });
  },
);

describe('sampleTypeOf', () => {
  it('knows every type but float64', () => {
    expect(sampleTypes.map(({ array }) => sampleTypeOf(new array(1)))).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(sampleTypeOf(new Float64Array(1))).toBe(-1);
  });
});
