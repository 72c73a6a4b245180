import { describe, expect, it } from 'vitest';
import { defaultPrices, parsePriceList } from '#core/costs/price-list.ts';
import { ConfigurationError } from '#core/errors.ts';

const changed = (change: (prices: Record<string, Record<string, unknown>>) => void): string => {
  const list = structuredClone(defaultPrices) as unknown as { prices: Record<string, Record<string, unknown>> };
  change(list.prices);
  return JSON.stringify(list);
};

describe('a price list', () => {
  it('says of every price what it is for, who publishes it and from when it is', () => {
    for (const { unit, page, known_from } of Object.values(defaultPrices.prices)) {
      expect(unit).not.toBe('');
      expect(page).toMatch(/^(docs\.)?aws\.amazon\.com\//);
      expect(known_from).toMatch(/^20\d\d/);
    }
  });

  it('is taken from a file of the same form', () => {
    const list = parsePriceList(
      changed((prices) => {
        prices['s3_put']!['usd'] = 1;
      }),
      'mine.json',
    );
    expect(list.prices.s3_put.usd).toBe(1);
  });

  it.each([
    ['no JSON', 'nonsense', /Expected a price list as JSON, got another text \(mine\.json\)/],
    ['a list', '[]', /wrong the whole file: .*\(mine\.json\)/],
    ['a price too few', changed((prices) => void delete prices['s3_put']), /wrong prices\.s3_put: /],
    [
      'a negative price',
      changed((prices) => {
        prices['kms_key']!['usd'] = -1;
      }),
      /wrong prices\.kms_key\.usd: /,
    ],
    [
      'a price as text',
      changed((prices) => {
        prices['kms_key']!['usd'] = '1';
      }),
      /wrong prices\.kms_key\.usd: /,
    ],
    [
      'a price that nothing multiplies with',
      changed((prices) => {
        prices['snowball'] = prices['s3_put']!;
      }),
      /wrong prices: .*snowball/,
    ],
  ])('is refused in one sentence: %s', (_, text, message) => {
    expect(() => parsePriceList(text, 'mine.json')).toThrow(ConfigurationError);
    expect(() => parsePriceList(text, 'mine.json')).toThrow(message);
  });
});
