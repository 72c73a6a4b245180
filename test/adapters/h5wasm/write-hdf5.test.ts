import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as h5wasm from 'h5wasm/node';
import { afterAll, describe, expect, it } from 'vitest';
import { createHdf5 } from '#adapters/h5wasm/write-hdf5.ts';
import { InvariantError, TemporaryError } from '#core/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'cubelake-hdf5-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('writing HDF5', () => {
  it('grows a dataset by blocks of lines and keeps axis names, attributes and texts', async () => {
    const localPath = join(folder, 'grown.nc');
    const file = await createHdf5(localPath, 'grown.nc');
    file.createDimension('line', 5);
    file.createDimension('sample', 3);
    const values = file.createGrowing('/values', [5, 3], [2, 3], 1);
    values.append(Float32Array.of(0, 1, 2, 3, 4, 5), 2);
    values.append(Float32Array.of(6, 7, 8, 9, 10, 11), 2);
    values.append(Float32Array.of(12, 13, 14), 1);
    file.nameAxes('/values', ['line', 'sample']);
    file.setAttribute('/values', '_FillValue', Float32Array.of(-9999));
    file.createGroup('/about');
    file.createDataset('/about/place', 'Field 7');
    const written = await file.close();

    const read = new h5wasm.File(localPath, 'r');
    const dataset = read.get('/values') as h5wasm.Dataset;
    expect(dataset.shape).toEqual([5, 3]);
    expect([...(dataset.value as Float32Array)]).toEqual(Array.from({ length: 15 }, (_, position) => position));
    expect(dataset.get_attached_scales(0)).toEqual(['/line']);
    expect(dataset.get_attached_scales(1)).toEqual(['/sample']);
    expect(dataset.attrs['_FillValue']!.value).toBe(-9999);
    expect((read.get('/about/place') as h5wasm.Dataset).value).toBe('Field 7');
    read.close();
    expect(written.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('lets the clock go on after every call, also after one that failed', async () => {
    const clock = Date.now;
    const file = await createHdf5(join(folder, 'clock.h5'), 'clock.h5');
    file.createDataset('/once', Int32Array.of(1));
    expect(() => file.createDataset('/once', Int32Array.of(1))).toThrow(TemporaryError);
    expect(Date.now).toBe(clock);
    await file.close();
  });

  it('refuses text that its ASCII type cannot hold', async () => {
    const file = await createHdf5(join(folder, 'text.h5'), 'text.h5');
    expect(() => file.createDataset('/place', 'Überfeld')).toThrow(InvariantError);
    await file.close();
  });

  // The library prints a failed call to standard error and goes on, unless told to throw.
  it('says so when the file cannot be created', async () => {
    await expect(createHdf5(join(folder, 'missing', 'x.h5'), 'x.h5')).rejects.toThrow(TemporaryError);
  });
});
