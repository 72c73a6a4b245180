import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { daysOfMicros } from '#core/formats/iceberg/partition.ts';
import {
  compareSingleValues,
  decodeSingleValue,
  encodeSingleValue,
  type SingleValue,
  truncatedLowerBound,
  truncatedUpperBound,
} from '#core/formats/iceberg/single-value.ts';

interface Expected {
  readonly values: readonly { readonly type: string; readonly value: string; readonly hex: string }[];
  readonly truncations: readonly {
    readonly text: string;
    readonly width: number;
    readonly lower: string;
    readonly upper: string | null;
  }[];
  readonly days: readonly { readonly micros: string; readonly day: number }[];
}
const folder = new URL('../../../fixtures/iceberg/', import.meta.url);
const expected = JSON.parse(readFileSync(new URL('single-values.expected.json', folder), 'utf8')) as Expected;

function singleOf(type: string, text: string): SingleValue {
  if (type === 'boolean') return text === 'True';
  if (type === 'string') return text;
  return type === 'long' || type === 'timestamptz' ? BigInt(text) : Number(text);
}

describe('single values', () => {
  it.each(expected.values)('of $type $value are the bytes that pyiceberg writes', ({ type, value, hex }) => {
    const single = singleOf(type, value);
    expect(Buffer.from(encodeSingleValue(type, single)).toString('hex')).toBe(hex);
    expect(decodeSingleValue(type, Buffer.from(hex, 'hex'))).toBe(single);
  });

  it('of a promoted column are read in their old width', () => {
    expect(decodeSingleValue('long', encodeSingleValue('int', -7))).toBe(-7n);
    expect(decodeSingleValue('double', encodeSingleValue('float', 0.5))).toBe(0.5);
  });

  it('of no possible width and of other types are unknown instead of wrong', () => {
    expect(decodeSingleValue('int', Buffer.alloc(3))).toBeNull();
    expect(decodeSingleValue('double', Buffer.alloc(5))).toBeNull();
    expect(decodeSingleValue('decimal(9,2)', Buffer.alloc(4))).toBeNull();
    expect(() => encodeSingleValue('uuid', 'x')).toThrow(/Expected a type with plain bounds, got uuid/);
  });

  it('of text are ordered by UTF-8 bytes, where JavaScript has another order', () => {
    const [plane0, plane1] = ['\uff5e', '\u{1f600}'];
    expect(plane0 < plane1).toBe(false);
    expect(compareSingleValues(plane0, plane1)).toBeLessThan(0);
  });

  it.each(expected.days)('$micros microseconds lie on day $day', ({ micros, day }) => {
    expect(daysOfMicros(BigInt(micros))).toBe(day);
  });
});

describe('shortened bounds', () => {
  it.each(expected.truncations)('of $text are those of pyiceberg', ({ text, width, lower, upper }) => {
    expect([truncatedLowerBound(text, width), truncatedUpperBound(text, width)]).toEqual([lower, upper]);
  });

  it('drop a last character that has no next one', () => {
    expect(truncatedUpperBound('ab\u{10ffff}xyz', 3)).toBe('ac');
  });

  it('step over the surrogates, which no UTF-8 text holds', () => {
    expect(truncatedUpperBound('ab\ud7ffz', 3)).toBe('ab\ue000');
  });

  it('enclose every text that they came from', () => {
    const text = fc.string({
      unit: fc.oneof(fc.constantFrom('\ud7ff', '\u{10ffff}', '\uffff'), fc.string({ unit: 'binary' })),
    });
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 8 }), (whole, width) => {
        expect(compareSingleValues(truncatedLowerBound(whole, width), whole)).toBeLessThanOrEqual(0);
        const upper = truncatedUpperBound(whole, width);
        if (upper !== null) {
          expect(compareSingleValues(upper, whole)).toBeGreaterThanOrEqual(0);
          expect(Array.from(upper).length).toBeLessThanOrEqual(width);
        }
      }),
      { seed: 2, numRuns: 200 },
    );
  });
});
