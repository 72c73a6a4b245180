import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { fileByteSource } from '#adapters/file/file-byte-source.ts';
import { openHdf5 } from '#adapters/h5wasm/open-hdf5.ts';
import type { CubeOverrides, CubeReader } from '#core/cube/cube.ts';
import { FormatError } from '#core/errors.ts';
import { openCube } from '#core/formats/open-cube.ts';
import { asPixels, expectedPixels, windowsOf } from '../pixels.ts';

// Files and values: test/fixtures/hdf5/write_hdf5.py (h5py) and test/fixtures/netcdf/write_netcdf.py (netCDF4).

const fixtures = join(import.meta.dirname, '../../../fixtures');

const opened: CubeReader[] = [];
afterEach(async () => {
  for (const reader of opened.splice(0)) await reader.close();
});

async function open(path: string, overrides: CubeOverrides = {}): Promise<CubeReader> {
  const reader = await openCube([await fileByteSource(join(fixtures, path))], { overrides, openHdf5 });
  opened.push(reader);
  return reader;
}

function valuesOf(path: string): number[] {
  const [folder, name] = path.split('/');
  const twins = JSON.parse(readFileSync(join(fixtures, folder!, 'cubes.expected.json'), 'utf8')) as {
    file: string;
    values: number[];
  }[];
  return twins.find(({ file }) => file === name)!.values;
}

async function messageOf(path: string, overrides: CubeOverrides = {}): Promise<string> {
  const error = await open(path, overrides).then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(FormatError);
  return (error as FormatError).message;
}

const wavelengths = [450, 550, 650, 750, 850, 950];

describe('a cube in HDF5 or NetCDF-4', () => {
  it.each([
    ['hdf5/neon.h5', 'bip', 'int16', undefined],
    ['hdf5/bands-first.h5', 'bsq', 'uint16', undefined],
    ['hdf5/bands-between.h5', 'bil', 'float64', undefined],
    ['hdf5/several.h5', 'bip', 'float64', 'x/second'],
    ['netcdf/emit.nc', 'bip', 'float32', undefined],
    ['netcdf/grid.nc', 'bsq', 'int16', undefined],
    ['netcdf/degrees.nc', 'bip', 'float32', undefined],
    ['netcdf/planes.nc', 'bsq', 'uint16', 'measurements/Oa10_radiance'],
  ])('%s reads as its own library reads it', async (path, interleave, sampleType, dataset) => {
    const reader = await open(path, dataset === undefined ? {} : { dataset });
    expect(reader.header).toMatchObject({ lineCount: 5, sampleCount: 4, interleave, sampleType });
    const values = valuesOf(path);
    for (const { lines, bands } of windowsOf(reader)) {
      const [lineStart, lineEnd] = lines;
      const window = await reader.readLines({ lineStart, lineEnd, bands });
      expect(asPixels(window)).toEqual(expectedPixels(reader, values, lines, bands));
    }
    expect(asPixels(await reader.readLines({ lineStart: 0, lineEnd: 5 }))).toEqual(values);
  });
});

describe('the layout of NEON', () => {
  it('is found under any site code, with scale, fill, bands and grid', async () => {
    const { header } = await open('hdf5/neon.h5');
    expect(header).toMatchObject({
      format: 'hdf5',
      quantity: 'reflectance',
      fillValue: -9999,
      scale: { factor: 1e-4, offset: 0, source: 'Scale_Factor' },
      georeference: { kind: 'affine', crs: { epsg: 32611 }, transform: [1, 0, 257_000, 0, -1, 4_112_000] },
    });
    expect([...header.wavelengthNm!]).toEqual(wavelengths);
    expect([...header.fwhmNm!]).toEqual(wavelengths.map(() => 5.5));
    expect(header.missing.map(({ fact }) => fact)).toEqual(['acquisition time']);
  });
});

describe('the layout of EMIT', () => {
  it('has bands in their group and a position for each pixel', async () => {
    const reader = await open('netcdf/emit.nc');
    expect(reader.header).toMatchObject({
      format: 'netcdf',
      quantity: 'reflectance',
      fillValue: -9999,
      georeference: { kind: 'locations', crs: { epsg: 4326 } },
      acquiredAt: '2025-07-01T17:05:30.000Z',
      sensorId: 'EMIT',
      missing: [],
      warnings: [],
    });
    expect([...reader.header.wavelengthNm!]).toEqual(wavelengths);
    expect([...reader.header.goodBands!]).toEqual([1, 1, 0, 1, 1, 1]);
    // As the script states them: lon = -95 + n / 1000, lat = 42 - n / 1000, and no latitude at line 2, sample 1 (n = 9).
    const { x, y } = (await reader.readLocations({ lineStart: 2, lineEnd: 4 }))!;
    expect([...x]).toEqual([8, 9, 10, 11, 12, 13, 14, 15].map((n) => (n === 9 ? Number.NaN : -95 + n / 1000)));
    expect([...y]).toEqual([8, 9, 10, 11, 12, 13, 14, 15].map((n) => (n === 9 ? Number.NaN : 42 - n / 1000)));
  });

  it('keeps its positions when an EPSG code is given, and a given grid replaces them', async () => {
    expect((await open('netcdf/emit.nc', { epsg: 32615 })).header.georeference).toMatchObject({ kind: 'locations' });
    const reader = await open('netcdf/emit.nc', { epsg: 32615, transform: [1, 0, 0, 0, -1, 0] });
    expect(reader.header.georeference).toMatchObject({ kind: 'affine', crs: { epsg: 32615 } });
    expect(await reader.readLocations({ lineStart: 0, lineEnd: 1 })).toBeNull();
  });
});

describe('a variable by the CF conventions', () => {
  it('has a grid from its coordinates and mapping, and its packing', async () => {
    const { header } = await open('netcdf/grid.nc');
    expect(header).toMatchObject({
      quantity: 'reflectance',
      fillValue: -32768,
      scale: { factor: 1e-4, offset: 0.5, source: 'scale_factor' },
      georeference: { kind: 'affine', crs: { epsg: 32615 }, transform: [2, 0, 500_000, 0, -2, 4_600_000] },
    });
    expect([...header.wavelengthNm!]).toEqual(wavelengths);
  });

  it('lies in degrees when its coordinates say so', async () => {
    const { header } = await open('netcdf/degrees.nc');
    expect(header).toMatchObject({
      quantity: 'radiance',
      wavelengthNm: null,
      georeference: { kind: 'affine', crs: { epsg: 4326 }, transform: [0.5, 0, -95.25, 0, -0.25, 42.125] },
    });
  });

  it('is refused when samples come before lines', async () => {
    expect(await messageOf('netcdf/turned.nc')).toMatch(/Expected lines before samples.*ncpdq -a y,x/);
  });
});

describe('one variable for each band', () => {
  it('is ordered by wavelength, not by place in the file', async () => {
    const { header } = await open('netcdf/planes.nc', { dataset: '/measurements/Oa01_radiance' });
    expect(header.bandNames).toEqual(['Oa01_radiance', 'Oa02_radiance', 'Oa10_radiance']);
    expect([...header.wavelengthNm!]).toEqual([400, 412.5, 681.25]);
    expect([...header.fwhmNm!]).toEqual([10, 10, 10]);
    expect(header).toMatchObject({ quantity: 'radiance', fillValue: 65535, scale: { factor: 0.01 } });
  });

  it('must be one family', async () => {
    expect(await messageOf('netcdf/planes.nc')).toMatch(
      /got 2 .*3 of \/measurements\/Oa\*_radiance \(5 x 4, uint16\), 3 of \/measurements\/Oa\*_radiance_err/,
    );
  });
});

describe('which dataset is the cube', () => {
  it('must be said when there are several', async () => {
    const message = await messageOf('hdf5/several.h5');
    expect(message).toContain('/x/first (5 x 4 x 6, float32), /x/second (5 x 4 x 6, float64)');
    expect(message).toContain('--dataset PATH');
  });

  it('must be a cube of numbers that is there', async () => {
    expect(await messageOf('hdf5/several.h5', { dataset: 'nowhere' })).toMatch(
      /got no \/nowhere .*3-D are: \/x\/first/,
    );
    expect(await messageOf('hdf5/no-cube.h5', { dataset: '/complex' })).toMatch(/complex numbers/);
    expect(await messageOf('hdf5/no-cube.h5', { dataset: '/text' })).toMatch(/Expected a 3-D dataset of numbers/);
    expect(await messageOf('hdf5/no-cube.h5')).toMatch(/Expected a 3-D dataset, or 2-D datasets named by band/);
  });

  it('has its band axis from given wavelengths, and else says which axis was taken', async () => {
    const dataset = '/x/first';
    const given = await open('hdf5/several.h5', { dataset, wavelengthNm: [500, 600, 700, 800, 900] });
    expect(given.header).toMatchObject({ bandCount: 5, interleave: 'bsq', lineCount: 4, sampleCount: 6 });
    const taken = await open('hdf5/several.h5', { dataset });
    expect(taken.header).toMatchObject({ bandCount: 6, interleave: 'bip' });
    expect(taken.header.warnings).toEqual(['Nothing tells which axis counts bands; of 5 x 4 x 6 axis 3 is taken.']);
    expect((await open('hdf5/several.h5', { dataset: '/x/second' })).header.quantity).toBe('counts');
  });
});
