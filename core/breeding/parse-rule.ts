import { z } from 'zod';
import { type BreedingRule, breedingRuleSchema } from '#schemas/breeding-rule.ts';
import yieldAndNdre from '#schemas/rules/yield-and-ndre.json' with { type: 'json' };
import { ConfigurationError } from '../errors.ts';
import { textFileBytesMax } from '../limits.ts';

/** The rule that decides when the user names none. */
export const defaultBreedingRule: BreedingRule = breedingRuleSchema.parse(yieldAndNdre);

/**
 * Reads a rule file.
 * @param where Its name, for messages.
 * @throws ConfigurationError for text that is not such JSON. Disposition: stop.
 */
export function parseBreedingRule(text: string, where: string): BreedingRule {
  if (text.length > textFileBytesMax) {
    throw new ConfigurationError(`Expected a rule file, got ${text.length} characters (${where}).`, { where });
  }
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new ConfigurationError(`Expected a rule file in JSON, got text that is not (${where}).`, { where }, cause);
  }
  const parsed = breedingRuleSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  throw new ConfigurationError(
    `Expected a breeding rule, got one that does not hold (${where}):\n${z.prettifyError(parsed.error)}`,
    { where },
    parsed.error,
  );
}
