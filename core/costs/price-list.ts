import { z } from 'zod';
import { ConfigurationError } from '../errors.ts';
import usEast1 from './prices/us-east-1.json' with { type: 'json' };

const priceSchema = z.strictObject({
  usd: z.number().min(0),
  /** What the price is for, e.g. `GB-month` or `1000 lifecycle transitions`. */
  unit: z.string().min(1),
  /** Page of the service that publishes it. */
  page: z.string().min(1),
  /** Year, or year and month, of the list that the figure is from. */
  known_from: z.string().regex(/^\d{4}(-\d{2})?$/),
  /** Document in which the figure was read again; from memory when absent. */
  checked: z.string().optional(),
});

const priceNames = Object.keys(usEast1.prices) as PriceName[];

/** A dated list with every price that the plan multiplies with. */
export const priceListSchema = z.strictObject({
  region: z.string().min(1),
  currency: z.string().min(1),
  stated_in: z.string().regex(/^\d{4}-\d{2}$/),
  note: z.string(),
  prices: z.strictObject(
    Object.fromEntries(priceNames.map((name) => [name, priceSchema])) as Record<PriceName, typeof priceSchema>,
  ),
});

export type PriceName = keyof typeof usEast1.prices;
export type PriceList = z.infer<typeof priceListSchema>;

export const defaultPrices: PriceList = priceListSchema.parse(usEast1);

/**
 * @param where For the message: the file.
 * @throws ConfigurationError that names the first field which is wrong.
 */
export function parsePriceList(text: string, where: string): PriceList {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ConfigurationError(`Expected a price list as JSON, got another text (${where}).`, { where }, cause);
  }
  const parsed = priceListSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = issue.path.join('.') || 'the whole file';
  throw new ConfigurationError(
    `Expected a price list like core/costs/prices/us-east-1.json, got a wrong ${field}: ${issue.message} (${where}).`,
    { where, field },
  );
}

/** USD for `count` units of what the price is for. */
export function priceOf(list: PriceList, name: PriceName, count: number): number {
  return list.prices[name].usd * count;
}
