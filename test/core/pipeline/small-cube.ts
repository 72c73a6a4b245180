import type { ObjectStore } from '#core/ports/object-store.ts';
import type { Capture } from '#schemas/capture.ts';
import type { Granule } from '#schemas/manifest.ts';

/** A raw ENVI cube of counts with references and two plots, small enough to check by hand. UTM 32N, 1 m pixels. */
export const granuleKey = 'raw_cubes/eu/farm-a/2026/07/01/c1';
const folder = 'eu/farm-a/2026/07/01';
export const wavelengthsNm = [670, 800, 1240];
export const lineCount = 70;
export const sampleCount = 12;

/** Reflectance of a pixel before the sensor: the upper half is dense canopy, the lower half soil. */
export function reflectanceAt(line: number, band: number): number {
  return line < 35 ? [0.04, 0.5, 0.4][band]! : [0.2, 0.3, 0.35][band]!;
}

function header(lines: number): string {
  return [
    'ENVI',
    `samples = ${sampleCount}`,
    `lines = ${lines}`,
    'bands = 3',
    'header offset = 0',
    'data type = 12',
    'interleave = bil',
    'byte order = 0',
    'wavelength units = Nanometers',
    `wavelength = {${wavelengthsNm.join(', ')}}`,
    'map info = {UTM, 1, 1, 600000, 5300000, 1, 1, 32, North, WGS-84, units=Meters}',
  ].join('\n');
}

function counts(lines: number, valueAt: (line: number, band: number, sample: number) => number): Uint8Array {
  const data = new Uint16Array(lines * 3 * sampleCount);
  for (let line = 0; line < lines; line++) {
    for (let band = 0; band < 3; band++) {
      for (let sample = 0; sample < sampleCount; sample++)
        data[(line * 3 + band) * sampleCount + sample] = valueAt(line, band, sample);
    }
  }
  return new Uint8Array(data.buffer);
}

function plot(id: string, top: number): unknown {
  const [x0, x1, y0, y1] = [600_001, 600_011, 5_300_000 - top - 30, 5_300_000 - top - 2];
  return {
    type: 'Feature',
    properties: { plot_id: id, crop: 'wheat', crop_row: 1, germplasm: id.toUpperCase(), trial_id: 't1' },
    geometry: {
      type: 'Polygon',
      coordinates: [
        [
          [x0, y0],
          [x1, y0],
          [x1, y1],
          [x0, y1],
          [x0, y0],
        ],
      ],
    },
  };
}

export const capture: Capture = {
  sensor_id: 'toy',
  acquired_at: '2026-07-01T10:00:00Z',
  quantity: 'counts',
  saturation_level: 4095,
  fill_value: 65_535,
  dark: { key: `reference_cubes/${folder}/dark.hdr` },
  white: { key: `reference_cubes/${folder}/white.hdr`, panel: 0.5 },
  plots: `plot_sets/${folder}/plots.geojson`,
};

export interface SmallCubeOptions {
  /** Count of a pixel instead of the simulated one; null keeps it. */
  readonly count?: (line: number, band: number, sample: number) => number | null;
  readonly capture?: Partial<Capture>;
  /** More lines, as the soil goes on. */
  readonly lineCount?: number;
}

/** Puts everything into raw. The white panel reads 2100 over a dark of 100, so one count is 0.5 / 2000. */
export async function putSmallCube(raw: ObjectStore, options: SmallCubeOptions = {}): Promise<Granule> {
  const lines = options.lineCount ?? lineCount;
  const text = (value: string): Uint8Array => Buffer.from(value);
  const cube = counts(
    lines,
    (line, band, sample) => options.count?.(line, band, sample) ?? 100 + reflectanceAt(line, band) * 4000,
  );
  const crs = { type: 'name', properties: { name: 'EPSG:32632' } };
  await raw.put(`reference_cubes/${folder}/dark.hdr`, text(header(4)));
  await raw.put(
    `reference_cubes/${folder}/dark.bil`,
    counts(4, () => 100),
  );
  await raw.put(`reference_cubes/${folder}/white.hdr`, text(header(4)));
  await raw.put(
    `reference_cubes/${folder}/white.bil`,
    counts(4, () => 2100),
  );
  const plots = { type: 'FeatureCollection', crs, features: [plot('p1', 0), plot('p2', 35)] };
  await raw.put(`plot_sets/${folder}/plots.geojson`, text(JSON.stringify(plots)));
  const parts = [
    await raw.put(`${granuleKey}.bil`, cube),
    await raw.put(`${granuleKey}.capture.json`, text(JSON.stringify({ ...capture, ...options.capture }))),
    await raw.put(`${granuleKey}.hdr`, text(header(lines))),
  ];
  return {
    payload: 'hyperspectral-cube',
    granule_key: granuleKey,
    granule_version_id: '0'.repeat(32),
    parts: parts.map(({ key, etag, sizeBytes }) => ({ key, etag, size_bytes: sizeBytes })),
  };
}
