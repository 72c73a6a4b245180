import { existsSync, readFileSync } from 'node:fs';
import { ConfigurationError, CubelakeError, FormatError } from '#core/errors.ts';
import { textFileBytesMax } from '#core/limits.ts';
import { parseCapture } from '#core/pipeline/cube/capture-file.ts';
import type { Capture, Panel } from '#schemas/capture.ts';
import { parseSensorProfile } from '#schemas/sensor-profile.ts';
import { type CommandCall, numberOption, type OptionDefinition, textOption } from '../command.ts';
import { requireFile } from './cube-files.ts';

/** Options that say what the cube files do not. */
export const captureOptions: Readonly<Record<string, OptionDefinition>> = {
  capture: {
    type: 'string',
    value: 'FILE',
    help: 'capture sidecar (JSON) to start from; the options below win over it',
  },
  sensor: { type: 'string', value: 'ID|FILE', help: 'sensor id, or a sensor profile (JSON) with its bands' },
  wavelengths: { type: 'string', value: 'FILE', help: 'band centres in nm, one number per line' },
  quantity: { type: 'string', value: 'Q', help: 'what the numbers are: counts, radiance or reflectance' },
  panel: {
    type: 'string',
    value: 'P',
    help: 'panel reflectance: a number, or a CSV file of wavelength_nm,reflectance',
  },
  'integration-time-ms': { type: 'string', value: 'MS', help: 'of the cube' },
  'white-time-ms': { type: 'string', value: 'MS', help: 'integration time of the white reference' },
  'dark-time-ms': { type: 'string', value: 'MS', help: 'integration time of the dark reference' },
  'saturation-level': { type: 'string', value: 'DN', help: 'stored value from which on a pixel is saturated' },
  'fill-value': { type: 'string', value: 'V', help: 'stored value that means no value' },
  'scale-factor': { type: 'string', value: 'F', help: 'reflectance = stored * F' },
  dataset: { type: 'string', value: 'PATH', help: '3-D dataset inside an HDF5 or NetCDF file' },
  epsg: { type: 'string', value: 'CODE', help: 'coordinate system of the cube' },
  transform: { type: 'string', value: 'A,B,C,D,E,F', help: 'x = A*sample + B*line + C, y = D*sample + E*line + F' },
  'acquired-at': { type: 'string', value: 'TIME', help: 'ISO 8601 with offset or Z' },
};

/** @throws ConfigurationError, FormatError. */
export function captureFromOptions(call: CommandCall): Capture {
  const base = textOption(call, 'capture');
  const start = base === null ? {} : parseCapture(readText(base), base);
  const quantity = oneOf(call, 'quantity', ['counts', 'radiance', 'reflectance']);
  const wavelengths = textOption(call, 'wavelengths');
  const panel = textOption(call, 'panel');
  const transform = textOption(call, 'transform');
  const epsg = numberOption(call, 'epsg', { min: 1024, max: 999_999, isInteger: true });
  if ((epsg === null) !== (transform === null))
    throw new ConfigurationError('Expected --epsg and --transform together, got one of them.');
  const merged = {
    ...start,
    ...sensorFacts(textOption(call, 'sensor')),
    ...(quantity !== null && { quantity }),
    ...(wavelengths !== null && { wavelengths_nm: readNumbers(wavelengths) }),
    ...numberFacts(call),
    ...(textOption(call, 'dataset') !== null && { dataset: textOption(call, 'dataset') }),
    ...(textOption(call, 'acquired-at') !== null && { acquired_at: textOption(call, 'acquired-at') }),
    ...(epsg !== null && transform !== null && { georeference: { epsg, transform: sixNumbers(transform) } }),
    ...(panel !== null && { white: { key: '', ...start.white, panel: panelOf(panel) } }),
  };
  try {
    return parseCapture(Buffer.from(JSON.stringify(merged)), 'command line');
  } catch (cause) {
    // What the options say is configuration, not data.
    if (cause instanceof CubelakeError) throw new ConfigurationError(cause.message, cause.fields, cause);
    throw cause;
  }
}

function oneOf(call: CommandCall, name: string, allowed: readonly string[]): string | null {
  const text = textOption(call, name);
  if (text === null || allowed.includes(text)) return text;
  throw new ConfigurationError(`Expected ${allowed.join(', ')} as --${name}, got "${text}".`, { option: name });
}

function sixNumbers(text: string): number[] {
  const numbers = text.split(',').map((item) => (item.trim() === '' ? Number.NaN : Number(item)));
  if (numbers.length === 6 && numbers.every(Number.isFinite)) return numbers;
  throw new ConfigurationError(`Expected six numbers A,B,C,D,E,F as --transform, got "${text}".`);
}

function numberFacts(call: CommandCall): Partial<Capture> {
  const positive = { min: Number.MIN_VALUE, max: 1e12 };
  const facts: [keyof Capture, number | null][] = [
    ['integration_time_ms', numberOption(call, 'integration-time-ms', positive)],
    ['saturation_level', numberOption(call, 'saturation-level', positive)],
    ['fill_value', numberOption(call, 'fill-value', { min: -1e300, max: 1e300 })],
    ['scale_factor', numberOption(call, 'scale-factor', positive)],
    ['plot_buffer_m', numberOption(call, 'plot-buffer-m', { min: 0, max: 100 })],
  ];
  return Object.fromEntries(facts.filter(([, value]) => value !== null));
}

function sensorFacts(sensor: string | null): Partial<Capture> {
  if (sensor === null) return {};
  if (!sensor.endsWith('.json')) return { sensor_id: sensor };
  const profile = parseSensorProfile(Buffer.from(readText(sensor)).toString('utf8'));
  if (typeof profile === 'string')
    throw new FormatError(`Expected a sensor profile: ${profile} (${sensor}).`, { path: sensor });
  return {
    sensor_id: profile.sensor_id,
    wavelengths_nm: profile.bands.map((band) => band.wavelength_nm),
    ...(profile.bands.every((band) => band.fwhm_nm !== undefined) && {
      fwhm_nm: profile.bands.map((band) => band.fwhm_nm!),
    }),
    good_bands: profile.bands.map((band) => (band.good === false ? 0 : 1)),
    ...(profile.saturation_level !== undefined && { saturation_level: profile.saturation_level }),
  };
}

function panelOf(text: string): Panel {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (number > 0 && number <= 1.5) return number;
  if (Number.isFinite(number) || !existsSync(text)) {
    throw new ConfigurationError(
      `Expected a reflectance above 0, at most 1.5, or a CSV file of wavelength_nm,reflectance as --panel, got "${text}".`,
      { option: 'panel' },
    );
  }
  const rows = Buffer.from(readText(text))
    .toString('utf8')
    .split(/\r?\n/)
    .map((line) =>
      line
        .trim()
        .split(/[\s,;]+/)
        .map(Number),
    )
    .filter((cells) => cells.length >= 2 && Number.isFinite(cells[0]) && Number.isFinite(cells[1]));
  if (rows.length < 2)
    throw new FormatError(`Expected at least two lines of wavelength_nm,reflectance, got ${rows.length} (${text}).`, {
      path: text,
    });
  return { wavelength_nm: rows.map((cells) => cells[0]!), reflectance: rows.map((cells) => cells[1]!) };
}

/** Numbers of a text file. @throws FormatError, ConfigurationError when it is not there. */
export function readNumbers(path: string): number[] {
  const numbers = Buffer.from(readText(path))
    .toString('utf8')
    .split(/[\s,;]+/)
    .filter((text) => text !== '')
    .map(Number);
  if (numbers.length === 0 || numbers.some((value) => !Number.isFinite(value))) {
    throw new FormatError(`Expected numbers only, one per line (${path}).`, { path });
  }
  return numbers;
}

function readText(path: string): Uint8Array {
  requireFile(path);
  const bytes = readFileSync(path);
  if (bytes.length > textFileBytesMax)
    throw new FormatError(`Expected a text file below ${textFileBytesMax} bytes, got ${bytes.length} (${path}).`, {
      path,
    });
  return bytes;
}
