import type { SensorName } from './options.ts';
import { isWaterVapourBand } from './sunlight.ts';

/** Bands of one simulated sensor. */
export interface SensorBands {
  /** Band centres, ascending, shape [bands]. */
  readonly wavelengthNm: Float64Array;
  readonly fwhmNm: Float64Array;
  /** 0 where water vapour hides the ground, shape [bands]. */
  readonly goodBands: Uint8Array;
}

/** Ranges and numbers of bands follow a common UAV spectrometer, EMIT and NEON's airborne spectrometer; widths in spacings. */
const spectrometers: Record<SensorName, { firstNm: number; lastNm: number; bandCount: number; fwhmSpacings: number }> =
  {
    vnir: { firstNm: 400, lastNm: 1000, bandCount: 270, fwhmSpacings: 2.5 },
    'vnir-swir': { firstNm: 400, lastNm: 2500, bandCount: 285, fwhmSpacings: 1.15 },
    neon: { firstNm: 383.9, lastNm: 2512.2, bandCount: 426, fwhmSpacings: 1.15 },
  };

/**
 * Band centres evenly spread over the sensor's range, rounded to 0.01 nm so that a header can say them exactly.
 * Reflectance of a band is taken at its centre: the spectra here are smooth over one band's width.
 */
export function sensorBands(sensor: SensorName, bandCount?: number): SensorBands {
  const spectrometer = spectrometers[sensor];
  const count = bandCount ?? spectrometer.bandCount;
  const spacingNm = (spectrometer.lastNm - spectrometer.firstNm) / (count - 1);
  const wavelengthNm = new Float64Array(count);
  const goodBands = new Uint8Array(count);
  for (let band = 0; band < count; band++) {
    wavelengthNm[band] = round(spectrometer.firstNm + band * spacingNm);
    goodBands[band] = isWaterVapourBand(wavelengthNm[band]!) ? 0 : 1;
  }
  const fwhmNm = new Float64Array(count).fill(round(spacingNm * spectrometer.fwhmSpacings));
  return { wavelengthNm, fwhmNm, goodBands };
}

/** Position of the band whose centre is nearest to a wavelength; the lower one of a tie. */
export function nearestBand(wavelengthNm: Float64Array, wantedNm: number): number {
  let best = 0;
  for (let band = 1; band < wavelengthNm.length; band++) {
    if (Math.abs(wavelengthNm[band]! - wantedNm) < Math.abs(wavelengthNm[best]! - wantedNm)) best = band;
  }
  return best;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
