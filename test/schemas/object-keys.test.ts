import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatRawKey, granuleKeyOf, isCalendarDate, parseRawKey, type RawKey } from '#schemas/object-keys.ts';

const id = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,20}$/);
const date = fc
  .date({ min: new Date('1960-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((day) => day.toISOString().slice(0, 10));

describe('raw keys', () => {
  it('are what they were after parsing and formatting', () => {
    const rawKey = fc.record<RawKey>({
      prefix: fc.constantFrom('raw_cubes', 'reference_cubes', 'plot_sets', 'yields'),
      region: id,
      farmId: id,
      date,
      id,
      extension: fc.constantFrom('hdr', 'bil', 'nc', 'h5', 'geojson', 'capture.json'),
    });
    fc.assert(
      fc.property(rawKey, (key) => {
        expect(parseRawKey(formatRawKey(key))).toEqual(key);
        expect(granuleKeyOf(key)).toBe(formatRawKey(key).slice(0, -key.extension.length - 1));
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it.each([
    'raw_cubes/eu/farm/2026/07/01/../x.hdr',
    'raw_cubes/eu/../2026/07/01/x.hdr',
    'raw_cubes/eu/farm/2026/02/30/x.hdr',
    'raw_cubes/eu/farm/2026/7/1/x.hdr',
    'raw_cubes/eu/Farm/2026/07/01/x.hdr',
    'raw_cubes/eu/farm/2026/07/01/x',
    'raw_cubes/eu/farm/2026/07/01/.hdr',
    'raw_cubes//farm/2026/07/01/x.hdr',
    'other/eu/farm/2026/07/01/x.hdr',
    '/raw_cubes/eu/farm/2026/07/01/x.hdr',
    'raw_cubes/eu/farm/2026/07/01/x y.hdr',
    '',
  ])('refuse %j', (key) => {
    expect(parseRawKey(key)).toBeNull();
  });

  it.each([
    ['2024-02-29', true],
    ['2025-02-29', false],
    ['1969-12-31', true],
    ['2025-13-01', false],
    ['25-01-01', false],
  ])('know whether %s is a day', (text, expected) => {
    expect(isCalendarDate(text)).toBe(expected);
  });
});
