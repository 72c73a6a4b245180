import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '#core/errors.ts';
import { formatJson, parseJson } from '#core/formats/iceberg/json-int64.ts';

describe('Iceberg JSON', () => {
  it('keeps the id 9007199254740993, which no double is', () => {
    const text = '{"snapshot-id":9007199254740993,"timestamp-ms":1780000000000}';
    expect(parseJson(text, 'x')).toEqual({ 'snapshot-id': 9_007_199_254_740_993n, 'timestamp-ms': 1_780_000_000_000 });
    expect(formatJson(parseJson(text, 'x'))).toBe(text);
  });

  it('gives ids as bigint whatever their size, also in lists, and leaves null alone', () => {
    const text = '{"snapshot-ids":[1,9223372036854775807],"parent-snapshot-id":null,"sequence-number":0}';
    expect(parseJson(text, 'x')).toEqual({
      'snapshot-ids': [1n, 2n ** 63n - 1n],
      'parent-snapshot-id': null,
      'sequence-number': 0n,
    });
  });

  it('keeps large integers of members that it does not know', () => {
    const text = '{"next-row-id":9007199254740993,"share":0.5}';
    expect(formatJson(parseJson(text, 'x'))).toBe(text);
  });

  it('gives back every 63-bit id', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (id) => {
        expect(parseJson(formatJson({ 'snapshot-id': id }), 'x')).toEqual({ 'snapshot-id': id });
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('does not let a member called __proto__ become the prototype', () => {
    const value = parseJson('{"__proto__":{"polluted":true}}', 'x') as Record<string, unknown>;
    expect(value['polluted']).toBeUndefined();
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('names the file whose text is not JSON', () => {
    expect(() => parseJson('{', 'v3.metadata.json')).toThrow(FormatError);
    expect(() => parseJson('{', 'v3.metadata.json')).toThrow(/v3\.metadata\.json/);
  });
});
