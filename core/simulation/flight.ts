import { formatRawKey, type RawPrefix } from '#schemas/object-keys.ts';
import { type Frame, frameTheField } from './frame.ts';
import { firstFlightDay } from './growth.ts';
import type { SensorName, SimulationOptions } from './options.ts';
import { RandomStream } from './random-stream.ts';
import { type Scene, sceneOn } from './scene.ts';
import { type SensorBands, sensorBands } from './sensor.ts';
import type { Trial } from './trial.ts';

/** Metres that everything said per plot leaves off along its edges: mixed pixels and border plants. */
export const plotBufferM = 0.15;

/** Turn of the second `vnir` flight: the one that shows rotated grids. */
const turnedFlightDeg = 6;

/** One cube to be simulated. */
export interface Flight {
  readonly cubeId: string;
  readonly sensor: SensorName;
  readonly date: string;
  readonly acquiredAt: string;
  /** 0 for the first date of the season. */
  readonly dateIndex: number;
  readonly daysAfterEmergence: number;
  readonly frame: Frame;
  readonly bands: SensorBands;
}

/** All flights of a season, by date and sensor. */
export function planFlights(options: SimulationOptions, trial: Trial): Flight[] {
  const flights: Flight[] = [];
  for (const [dateIndex, date] of options.dates.entries()) {
    for (const sensor of options.sensors) {
      if (!fliesOn(sensor, dateIndex, options.dates.length)) continue;
      const turned = sensor === 'vnir' && dateIndex === 1;
      flights.push({
        cubeId: `${options.trialId}-${sensor}-${date.replaceAll('-', '')}`,
        sensor,
        date,
        acquiredAt: `${date}T17:30:00Z`,
        dateIndex,
        daysAfterEmergence: firstFlightDay + daysBetween(options.dates[0]!, date),
        frame: frameTheField(trial, turned ? turnedFlightDeg : 0, options),
        bands: sensorBands(sensor, options.bandCount),
      });
    }
  }
  return flights;
}

function fliesOn(sensor: SensorName, dateIndex: number, dateCount: number): boolean {
  if (sensor === 'vnir') return true;
  if (sensor === 'vnir-swir') return dateIndex === Math.floor(dateCount / 2);
  return dateIndex === dateCount - 1;
}

function daysBetween(first: string, last: string): number {
  return Math.round((Date.parse(`${last}T00:00:00Z`) - Date.parse(`${first}T00:00:00Z`)) / 86_400_000);
}

/** The scene under a flight, its texture at the first line. */
export function sceneOf(flight: Flight, trial: Trial, seed: number): Scene {
  const texture = new RandomStream(seed, `texture/${flight.cubeId}`);
  return sceneOn(trial, flight.frame, flight.bands.wavelengthNm, flight.daysAfterEmergence, texture);
}

/** Raw key of a file that belongs to a date. */
export function keyOf(
  options: SimulationOptions,
  prefix: RawPrefix,
  date: string,
  id: string,
  extension: string,
): string {
  return formatRawKey({ prefix, region: options.region, farmId: options.farmId, date, id, extension });
}
