import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileByteSource } from '#adapters/file/file-byte-source.ts';
import { openHdf5 } from '#adapters/h5wasm/open-hdf5.ts';
import { memoryByteSource } from '#adapters/memory/memory-byte-source.ts';
import type { CubeHeader, CubeReader } from '#core/cube/cube.ts';
import { FormatError, MissingFactError } from '#core/errors.ts';
import { openCube } from '#core/formats/open-cube.ts';
import type { ByteSource } from '#core/ports/byte-source.ts';
import { asPixels } from './pixels.ts';

// Expected values: test/fixtures/envi/read_real_cubes.py (Spectral Python, rasterio, netCDF4).

interface RealCube {
  readonly name: string;
  readonly parts: readonly string[];
  /** [lines, samples, bands] */
  readonly shape: readonly number[];
  readonly sum: number;
  readonly notFinite: number;
  /** [line, sample, band, value]; null is not finite. */
  readonly pixels: readonly (readonly [number, number, number, number | null])[];
}

const folder = join(process.env['CUBELAKE_SHARED'] ?? '../shared', 'data');
const fixture = join(import.meta.dirname, '../../fixtures/envi/real-cubes.expected.json');
const cubes = JSON.parse(readFileSync(fixture, 'utf8')) as RealCube[];

async function open(...parts: string[]): Promise<CubeReader> {
  const sources = await Promise.all(parts.map((part) => fileByteSource(join(folder, part))));
  return openCube(sources, { openHdf5 });
}

async function headerOf(name: string): Promise<CubeHeader> {
  const reader = await open(...cubes.find((cube) => cube.name === name)!.parts);
  await reader.close();
  return reader.header;
}

const missingOf = (header: CubeHeader) => header.missing.map(({ fact }) => fact);

if (!existsSync(folder)) {
  it(`did not read real cubes: ${folder} is absent`, () => {
    console.warn(`Real cubes were not read: ${folder} is absent.`);
    expect(existsSync(folder)).toBe(false);
  });
} else {
  describe('a real cube', () => {
    it.each(cubes.map((cube) => [cube.name, cube] as const))(
      '%s reads as another program reads it',
      async (_, cube) => {
        const reader = await open(...cube.parts);
        const { lineCount, sampleCount, bandCount } = reader.header;
        expect([lineCount, sampleCount, bandCount]).toEqual(cube.shape);
        let [sum, notFinite] = [0, 0];
        const pixels = new Map<string, number>();
        for (let lineStart = 0; lineStart < lineCount; lineStart += 16) {
          const window = await reader.readLines({ lineStart, lineEnd: Math.min(lineStart + 16, lineCount) });
          const values = asPixels(window);
          for (const value of values) {
            if (Number.isFinite(value)) sum += value;
            else notFinite++;
          }
          for (const [line, sample, band] of cube.pixels) {
            if (line < lineStart || line >= lineStart + window.lineCount) continue;
            const at = ((line - lineStart) * sampleCount + sample) * bandCount + band;
            pixels.set(`${line},${sample},${band}`, values[at]!);
          }
        }
        for (const [line, sample, band, value] of cube.pixels) {
          const got = pixels.get(`${line},${sample},${band}`)!;
          if (value === null) expect(Number.isFinite(got)).toBe(false);
          else expect(got).toBe(value);
        }
        expect(notFinite).toBe(cube.notFinite);
        // Sums differ in the order of additions only.
        expect(Math.abs(sum - cube.sum)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(cube.sum)));
        await reader.close();
      },
    );
  });

  describe('headers of real cubes', () => {
    it('with set points for wavelengths and a dark frame first are told apart from wavelengths', async () => {
      const header = await headerOf('vtt-fpi/house_crop_4b_RAW.hdr');
      expect(header.wavelengthNm).toBeNull();
      expect(header.warnings).toContain('The file lists wavelengths that are not positive numbers, so none is used.');
      expect(missingOf(header)).toContain('wavelengths');
    });

    it('with a scale of 65535 and fill value 0 are reflectance', async () => {
      const header = await headerOf('napari-hippo/image.hdr');
      expect(header).toMatchObject({ quantity: 'reflectance', fillValue: 0, sensorId: 'Fenix' });
      expect(header.scale?.factor).toBe(1 / 65535);
      expect(header.fwhmNm?.[0]).toBe(3.36);
    });

    it('with wavelengths of another instrument keep their bands and say what is missing', async () => {
      const header = await headerOf('isofit-av3-prism/prm20231110t071521_obs_two_px.hdr');
      expect(header).toMatchObject({ bandCount: 11, wavelengthNm: null, fwhmNm: null });
      expect(header.warnings).toContain('The file lists 246 wavelengths for 11 bands, so none is used.');
      const radiance = await headerOf('isofit-av3-prism/prm20231110t071521_rdn_two_px.hdr');
      expect(radiance.wavelengthNm?.[0]).toBe(350.5548293);
    });

    it('in micrometres are nanometres', async () => {
      const header = await headerOf('isofit-av3-prism/AV320250308t200738_rdn.hdr');
      expect([header.wavelengthNm![0], header.wavelengthNm![1]]).toEqual([389.75, 397.25]);
    });

    it('with a latitude band for a hemisphere lie in the right zone', async () => {
      const header = await headerOf(cubes.find(({ name }) => name.endsWith('.bip.hdr'))!.name);
      expect(header).toMatchObject({ quantity: 'reflectance', scale: { factor: 1 } });
      expect(header.georeference).toMatchObject({ kind: 'affine', crs: { epsg: 32615 } });
      expect(header.warnings).toEqual(['The file names no wavelength unit; nanometres are taken from the values.']);
    });

    it('of two detectors with different integration times give none', async () => {
      const header = await headerOf('hylite-refs/Radiometric_8x2_1x1.hdr');
      expect(header).toMatchObject({ acquiredAt: '2019-01-29T14:45:28.000Z', integrationTimeMs: null });
      expect(header.warnings.join()).toContain('28 and 7.9992 ms');
    });

    it('with 35 wavelengths for 978 bands, a wrong interleave, or of another program are told apart', async () => {
      const short = await headerOf('plantcv-tests/darkReference2.hdr');
      expect(short.warnings.join()).toContain('The file lists 35 wavelengths for 978 bands');
      const data = 'plantcv-tests/darkReference';
      await expect(open('plantcv-tests/darkReference4.hdr', data)).rejects.toThrow('got "bup"');
      await expect(open('plantcv-tests/arcgis.hdr')).rejects.toThrow('an Esri header');
      await expect(open('plantcv-tests/darkReference_arcgis.hdr', data)).rejects.toThrow(FormatError);
    });

    it('without their data file name what would fit', async () => {
      await expect(open('vtt-fpi/house_crop_4b_RAD.hdr')).rejects.toThrow(MissingFactError);
      await expect(open('vtt-fpi/house_crop_4b_RAD.hdr')).rejects.toThrow('house_crop_4b_RAD.dat');
    });

    it('with a rotation turn the grid', async () => {
      const header = await fileByteSource(join(folder, 'avirisng-rotated/ang20170714t213741_corr_v2p9_img_band1.hdr'));
      const sizeBytes = 648 * 3609 * 4;
      const empty = memoryByteSource('img', new Uint8Array());
      const data: ByteSource = { ...empty, sizeBytes, readInto: async (_, target) => void target.fill(0) };
      const reader = await openCube([header, data], { openHdf5 });
      await reader.close();
      const { georeference, wavelengthNm } = reader.header;
      if (georeference?.kind !== 'affine') throw new Error('no affine georeference');
      // 5.2 m pixels turned by 42 degrees: 5.2 cos 42 = 3.864353, 5.2 sin 42 = 3.479479.
      [3.864353, 3.479479, 581226.666764, 3.479479, -3.864353, 7916192.56364].forEach((value, index) => {
        expect(georeference.transform[index]).toBeCloseTo(value, 6);
      });
      expect([...wavelengthNm!]).toEqual([376.86]);
    });

    it('of GeoTIFF without a system or wavelengths say so', async () => {
      const neon = cubes.find(({ name }) => name.includes('image_crop_hyperspectral'))!.name;
      const header = await headerOf(neon);
      expect(missingOf(header)).toEqual(expect.arrayContaining(['wavelengths', 'georeference', 'quantity']));
      expect(header.fillValue).toBe(Math.fround(-3.4e38));
      const uav = await headerOf('plantcv-geospatial/615.tif');
      expect(uav).toMatchObject({ fillValue: -10_000, georeference: { kind: 'affine', crs: { epsg: 32615 } } });
      const core = await headerOf('hsitools-core/CORE_XYZ.tif');
      expect([...core.wavelengthNm!]).toEqual([560.84, 585.49, 610.24, 635.08, 660.02, 685.05, 710.19, 735.41]);
    });

    it('of one variable per band have wavelengths from their descriptions and a place for each pixel', async () => {
      const header = await headerOf('plantcv-geospatial/subset_test.nc');
      expect(header).toMatchObject({ bandCount: 21, fillValue: -32767, georeference: { kind: 'locations' } });
      expect([header.wavelengthNm![0], header.wavelengthNm![20]]).toEqual([400, 1013]);
    });
  });
}
