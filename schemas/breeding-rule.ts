import { z } from 'zod';
import { idPattern } from './object-keys.ts';

const weight = z.number().positive().max(1000).default(1);
const direction = z.enum(['higher', 'lower']);

/** A spectral index by plot, brought from several flights to one number. */
const spectralTraitSchema = z.strictObject({
  source: z.literal('spectral_index'),
  /** Name in gold.plot_index, e.g. `ndvi`. */
  name: z.string().min(1).max(64),
  /** Over the trial's dates: their mean, the largest, or the last date alone. */
  statistic: z.enum(['mean', 'max', 'last_date']),
  /** Only cubes of this sensor; of every sensor when absent. */
  sensor_id: z.string().min(1).max(64).optional(),
  /** Which values are the better ones. */
  direction,
  weight,
});

/** A measured trait by plot. */
const yieldTraitSchema = z.strictObject({
  source: z.literal('yield'),
  /** Trait with its unit in ref.yields, e.g. `grain_yield_t_ha`. */
  name: z.string().min(1).max(64),
  direction,
  weight,
});

export const ruleTraitSchema = z.discriminatedUnion('source', [spectralTraitSchema, yieldTraitSchema]);

/** When a genetic line advances: the whole policy of a breeding programme as a file with a version, and no code. */
export const breedingRuleSchema = z
  .strictObject({
    format_version: z.literal(1),
    rule_id: z.string().regex(idPattern),
    version: z.string().regex(/^\d+\.\d+\.\d+$/),
    description: z.string().min(1).max(1000),
    /**
     * One trait is judged in its own unit. Several are standardised (mean 0 and standard deviation 1 over the adjusted
     * means of the trial), turned so that more is better, and averaged by weight: the unit is then standard deviations.
     */
    traits: z.array(ruleTraitSchema).min(1).max(16),
    /** What a line must beat: the average of all checks, or the check with the best adjusted mean. */
    comparison: z.enum(['check mean', 'best check']),
    /** By how much it must be better. Percent is of the check's value, for one trait only. */
    minimum_advantage: z.strictObject({ value: z.number().min(0), unit: z.enum(['absolute', 'percent']) }),
    /** A line advances when P(line is better than check + advantage) is at least this. */
    minimum_probability: z.number().gt(0).lt(1),
    /** Lines with fewer usable plots are discarded for lack of data. */
    minimum_replicate_count: z.number().int().min(1).max(100),
    /** Plots with a smaller share of valid pixels on a date have no value on that date. */
    minimum_valid_fraction: z.number().min(0).max(1),
    /** A flight counts when at least this share of the trial's plots has a value; plots must have all flights that count. */
    minimum_flight_coverage: z.number().gt(0).max(1).default(0.8),
    /** At most this share of the lines under test advances, best first. */
    maximum_share_advanced: z.number().gt(0).max(1).optional(),
  })
  .refine((rule) => rule.traits.length === 1 || rule.minimum_advantage.unit === 'absolute', {
    path: ['minimum_advantage', 'unit'],
    message: 'an index of several traits has no percentages: its unit is standard deviations, so give "absolute"',
  })
  .refine((rule) => new Set(rule.traits.map((trait) => `${trait.source}/${trait.name}`)).size === rule.traits.length, {
    path: ['traits'],
    message: 'a trait is named twice',
  });

export type BreedingRule = z.infer<typeof breedingRuleSchema>;
export type RuleTrait = z.infer<typeof ruleTraitSchema>;
export type SpectralTrait = z.infer<typeof spectralTraitSchema>;
