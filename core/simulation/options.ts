import { idPattern, idRule, isCalendarDate } from '#schemas/object-keys.ts';
import { ConfigurationError } from '../errors.ts';
import { bandCountMax, lineCountMax, sampleCountMax } from '../limits.ts';

export const sensorNames = ['vnir', 'vnir-swir', 'neon'] as const;
export type SensorName = (typeof sensorNames)[number];

export interface SimulationOptions {
  /** Whole number; the same seed and options give the same bytes. */
  readonly seed: number;
  /** `vnir` is flown on every date, `vnir-swir` on the middle one, `neon` on the last one. */
  readonly sensors: readonly SensorName[];
  /** `yyyy-mm-dd`, ascending, of one season. The crop emerged 45 days before the first. */
  readonly dates: readonly string[];
  /** Genetic lines under test, beside two checks. */
  readonly entryCount: number;
  readonly replicateCount: number;
  readonly region: string;
  readonly farmId: string;
  readonly trialId: string;
  /** Frame of every cube; without them the frame fits the field at 0.15 m. Given, the pixels grow or shrink so that the field fits. */
  readonly lineCount?: number;
  readonly sampleCount?: number;
  /** Bands of every sensor, evenly spread over its range; without it the sensor's own number. */
  readonly bandCount?: number;
  /** Share of pixels of raw counts that glint and saturate the detector, 0..1. */
  readonly saturatedFraction: number;
}

/** A season of one trial that simulates in seconds: five cubes, about 110 MB. */
export const defaultSimulation: SimulationOptions = {
  seed: 1,
  sensors: sensorNames,
  dates: ['2025-05-12', '2025-06-09', '2025-07-01'],
  entryCount: 24,
  replicateCount: 4,
  region: 'midwest',
  farmId: 'demo-farm',
  trialId: 'wheat-2025',
  saturatedFraction: 0,
};

/** @throws ConfigurationError for the first option that cannot be simulated. Disposition: stop. */
export function checkSimulation(options: SimulationOptions): void {
  wholeNumber('seed', options.seed, 0, Number.MAX_SAFE_INTEGER);
  // The optics of every plot are held: 12 000 plots of 426 bands are 80 MB.
  wholeNumber('entryCount', options.entryCount, 2, 1000);
  wholeNumber('replicateCount', options.replicateCount, 1, 12);
  if (options.lineCount !== undefined) wholeNumber('lineCount', options.lineCount, 4, lineCountMax);
  if (options.sampleCount !== undefined) wholeNumber('sampleCount', options.sampleCount, 4, sampleCountMax);
  if (options.bandCount !== undefined) wholeNumber('bandCount', options.bandCount, 2, bandCountMax);
  if (!(options.saturatedFraction >= 0 && options.saturatedFraction <= 1)) {
    throw new ConfigurationError(`Expected a saturatedFraction of 0 to 1, got ${options.saturatedFraction}.`);
  }
  for (const name of ['region', 'farmId', 'trialId'] as const) {
    // The trial's id gets a sensor and a date to become a cube's id, which must stay within 64 characters.
    if (!idPattern.test(options[name]) || options[name].length > 32) {
      throw new ConfigurationError(
        `Expected a ${name} of at most 32 characters (${idRule}), got "${options[name]}". Give another one.`,
      );
    }
  }
  for (const sensor of options.sensors) {
    if (!sensorNames.includes(sensor)) {
      throw new ConfigurationError(`Expected sensors among ${sensorNames.join(', ')}, got "${sensor}".`);
    }
  }
  checkDates(options.dates);
}

function wholeNumber(name: string, value: number, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  throw new ConfigurationError(`Expected a whole number from ${min} to ${max} as ${name}, got ${value}.`);
}

function checkDates(dates: readonly string[]): void {
  if (dates.length === 0) throw new ConfigurationError('Expected at least one date to fly on, got none.');
  for (const [position, date] of dates.entries()) {
    if (!isCalendarDate(date)) throw new ConfigurationError(`Expected dates like 2025-06-09, got "${date}".`);
    if (position > 0 && date <= dates[position - 1]!) {
      throw new ConfigurationError(`Expected dates in ascending order without repeats, got ${dates.join(', ')}.`);
    }
  }
}
