import type { BreedingRule, SpectralTrait } from '#schemas/breeding-rule.ts';
import { ConfigurationError } from '../errors.ts';
import type { TrialPlot, TrialPlots } from './trial-plots.ts';
import type { PlotIndexRow, YieldRow } from './trial-rows.ts';

/** One number per plot for one trait. */
export interface PlotValues {
  readonly byPlot: ReadonlyMap<string, number>;
  /** Why a plot has none. */
  readonly missing: ReadonlyMap<string, string>;
  readonly flights: readonly Flight[];
}

/** All cubes of one sensor on one date, as one look at the trial. */
export interface Flight {
  readonly spectralIndex: string;
  readonly date: string;
  readonly sensorId: string | null;
  /** Plots with a value. */
  readonly plotCount: number;
  /** False when too few plots have a value for the flight to count. */
  readonly counts: boolean;
}

type FlightRule = Pick<BreedingRule, 'minimum_valid_fraction' | 'minimum_flight_coverage'>;

/**
 * A spectral index by plot over the season. Cubes of one sensor and date are one flight, pooled by their valid pixels.
 * A flight that misses much of the trial does not count; a plot needs all that count, because a mean over other dates
 * than its neighbours' would compare growth stages instead of lines.
 */
export function spectralPlotValues(
  rows: readonly PlotIndexRow[],
  plots: readonly TrialPlot[],
  trait: SpectralTrait,
  rule: FlightRule,
): PlotValues {
  const wanted = new Set(plots.map((plot) => plot.plotId));
  const own = rows.filter(
    (row) =>
      row.spectral_index === trait.name &&
      wanted.has(row.plot_id) &&
      (trait.sensor_id === undefined || row.sensor_id === trait.sensor_id),
  );
  const looks = Map.groupBy(own, (row) => JSON.stringify([row.acquisition_date, row.sensor_id]));
  let flights = [...looks.keys()].sort().map((key) => {
    const [date, sensorId] = JSON.parse(key) as [string, string | null];
    const values = flightValues(looks.get(key)!, rule.minimum_valid_fraction);
    const counts = values.byPlot.size >= rule.minimum_flight_coverage * plots.length;
    return { date, sensorId, values, counts };
  });
  if (trait.statistic === 'last_date') {
    const last = flights.findLast((flight) => flight.counts)?.date;
    flights = flights.map((flight) => ({ ...flight, counts: flight.counts && flight.date === last }));
  }
  const counted = flights.filter((flight) => flight.counts);
  const byPlot = new Map<string, number>();
  const missing = new Map<string, string>();
  for (const { plotId } of plots) {
    const gap = counted.find((flight) => !flight.values.byPlot.has(plotId));
    if (counted.length === 0) missing.set(plotId, noFlight(trait, plotId, flights));
    else if (gap !== undefined) {
      const why = gap.values.missing.get(plotId) ?? 'no cube of that date covers it';
      missing.set(plotId, `${trait.name} of ${gap.date}: ${why}`);
    } else {
      const values = counted.map((flight) => flight.values.byPlot.get(plotId)!);
      byPlot.set(plotId, trait.statistic === 'max' ? Math.max(...values) : meanOf(values));
    }
  }
  return {
    byPlot,
    missing,
    flights: flights.map(({ date, sensorId, values, counts }) => ({
      spectralIndex: trait.name,
      date,
      sensorId,
      plotCount: values.byPlot.size,
      counts,
    })),
  };
}

interface FlightValues {
  readonly byPlot: Map<string, number>;
  readonly missing: Map<string, string>;
}

function flightValues(rows: readonly PlotIndexRow[], validFractionMin: number): FlightValues {
  const byPlot = new Map<string, number>();
  const missing = new Map<string, string>();
  for (const [plotId, cubes] of Map.groupBy(rows, (row) => row.plot_id)) {
    let sum = 0;
    let validCount = 0;
    let why = '';
    for (const cube of cubes.toSorted((a, b) => (a.cube_id < b.cube_id ? -1 : 1))) {
      if (cube.mean === null || !Number.isFinite(cube.mean)) why = cube.null_reason ?? 'no value';
      else if (cube.valid_fraction < validFractionMin) {
        why = `${(100 * cube.valid_fraction).toFixed(1)} % of its pixels are valid, the rule asks for ${100 * validFractionMin} %`;
      } else {
        sum += cube.mean * cube.valid_count;
        validCount += cube.valid_count;
      }
    }
    if (validCount > 0) byPlot.set(plotId, sum / validCount);
    else missing.set(plotId, why === '' ? 'no valid pixel' : why);
  }
  return { byPlot, missing };
}

function noFlight(
  trait: SpectralTrait,
  plotId: string,
  flights: readonly { readonly date: string; readonly values: FlightValues }[],
): string {
  const of = trait.sensor_id === undefined ? '' : ` of sensor ${trait.sensor_id}`;
  if (flights.length === 0) return `gold.plot_index has no ${trait.name}${of} for the trial`;
  const own = flights.find((flight) => flight.values.missing.has(plotId));
  if (own !== undefined) return `${trait.name} of ${own.date}: ${own.values.missing.get(plotId)}`;
  return `no flight has ${trait.name}${of} for enough plots of the trial`;
}

/**
 * A measured trait by plot. Several equal values of a plot are one; several different ones are none, because nothing says
 * which is right; nor has a plot whose id another trial of the farm uses too, unless the season tells them apart.
 *
 * @param season Only values of this season; without it the trial's values must be of one season.
 * @throws ConfigurationError when the values are of several seasons and none is named. Disposition: stop.
 */
export function yieldPlotValues(
  rows: readonly YieldRow[],
  trial: Pick<TrialPlots, 'plots' | 'otherTrialByPlot'>,
  trait: { readonly name: string },
  season: string | null,
): PlotValues {
  const { plots } = trial;
  const wanted = new Set(plots.map((plot) => plot.plotId));
  const own = rows.filter(
    (row) => row.trait === trait.name && wanted.has(row.plot_id) && (season === null || row.season === season),
  );
  const seasons = [...new Set(own.flatMap((row) => row.season ?? []))].sort();
  if (seasons.length > 1) {
    throw new ConfigurationError(
      `Expected ${trait.name} of one season, got ${seasons.join(', ')} (ref.yields). Name the season.`,
      { trait: trait.name },
    );
  }
  const rowsByPlot = Map.groupBy(own, (row) => row.plot_id);
  const byPlot = new Map<string, number>();
  const missing = new Map<string, string>();
  for (const { plotId } of plots) {
    const measured = (rowsByPlot.get(plotId) ?? []).filter((row) => row.value !== null && Number.isFinite(row.value));
    const values = new Set(measured.map((row) => row.value!));
    const otherTrial = season === null ? trial.otherTrialByPlot.get(plotId) : undefined;
    if (values.size === 1 && otherTrial !== undefined) {
      missing.set(
        plotId,
        `trial ${otherTrial} has a plot of the same id, and no season says whose ${trait.name} it is`,
      );
    } else if (values.size === 1) byPlot.set(plotId, measured[0]!.value!);
    else if (values.size === 0) missing.set(plotId, `ref.yields has no ${trait.name} for it`);
    else {
      const sources = [...new Set(measured.map((row) => row.source_id))].sort().join(', ');
      missing.set(plotId, `ref.yields has ${values.size} different values of ${trait.name} for it (${sources})`);
    }
  }
  return { byPlot, missing, flights: [] };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
