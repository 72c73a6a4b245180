import type { Frame } from './frame.ts';
import type { SensorBands } from './sensor.ts';

export interface EnviDescription {
  readonly description: string;
  readonly lineCount: number;
  readonly sampleCount: number;
  readonly bands: SensorBands;
  readonly acquiredAt: string;
  readonly integrationTimeMs: number;
  /** Absent for reference cubes, which lie nowhere. */
  readonly frame?: Frame;
}

/** Text of an ENVI header for little-endian uint16 counts in BIL. @source L3Harris, ENVI Header Files. */
export function enviHeader(cube: EnviDescription): string {
  const lines = [
    'ENVI',
    `description = {${cube.description}}`,
    `samples = ${cube.sampleCount}`,
    `lines = ${cube.lineCount}`,
    `bands = ${cube.bands.wavelengthNm.length}`,
    'header offset = 0',
    'file type = ENVI Standard',
    'data type = 12',
    'interleave = bil',
    'byte order = 0',
    `acquisition time = ${cube.acquiredAt}`,
    `integration time = ${cube.integrationTimeMs} ms`,
  ];
  if (cube.frame !== undefined) lines.push(`map info = {${mapInfo(cube.frame)}}`);
  lines.push(
    'wavelength units = Nanometers',
    `wavelength = {${list(cube.bands.wavelengthNm)}}`,
    `fwhm = {${list(cube.bands.fwhmNm)}}`,
  );
  return `${lines.join('\n')}\n`;
}

/** Reference pixel (1, 1) is the upper-left corner of the first pixel. */
export function mapInfo(frame: Frame): string {
  const corner = `${frame.eastM.toFixed(3)}, ${frame.northM.toFixed(3)}, ${frame.pixelM}, ${frame.pixelM}`;
  const rotation = frame.rotationDeg === 0 ? '' : `, rotation=${frame.rotationDeg}`;
  return `UTM, 1, 1, ${corner}, 15, North, WGS-84, units=Meters${rotation}`;
}

function list(values: Float64Array): string {
  return [...values].join(', ');
}
