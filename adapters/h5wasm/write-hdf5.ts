import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import * as h5wasm from 'h5wasm/node';
import { invariant, TemporaryError } from '#core/errors.ts';
import type { Hdf5Writer, HdfAppender, WrittenFile } from '#core/simulation/sink.ts';

/** Marks a scale as a bare dimension. @source netCDF-4 C library, nc4hdf.c, DIM_WITHOUT_VARIABLE. */
const bareDimension = 'This is a netCDF dimension but not a netCDF variable.';

/** HDF5 notes the time in the header of every object it makes or changes. */
const writtenAtMs = Date.UTC(2000, 0, 1);

/**
 * Runs one synchronous HDF5 call while its clock stands still, so that equal content is equal bytes. The library asks
 * `Date.now`; nothing else runs before the clock goes on.
 */
function withStillClock<T>(call: () => T): T {
  const clock = Date.now;
  Date.now = () => writtenAtMs;
  try {
    return call();
  } finally {
    Date.now = clock;
  }
}

/**
 * An HDF5 file at `localPath`, replaced if it exists; `path` names it in the report.
 * @throws TemporaryError when HDF5 cannot write, e.g. for want of disk space. Disposition: retry.
 */
export async function createHdf5(localPath: string, path: string): Promise<Hdf5Writer> {
  const hdf5 = await h5wasm.ready;
  // Without this a failed write prints to standard error and goes on.
  hdf5.activate_throwing_error_handler();
  const perform = <T>(call: () => T): T => {
    try {
      return withStillClock(call);
    } catch (cause) {
      throw new TemporaryError(`Expected to write HDF5 (${localPath}). Check the path and the disk.`, {}, cause);
    }
  };
  const file = perform(() => new h5wasm.File(localPath, 'w'));
  let dimensionCount = 0;
  const dataset = (name: string) => file.get(name) as h5wasm.Dataset;
  return {
    createGroup(name) {
      perform(() => file.create_group(name));
    },
    createDataset(name, data, shape) {
      if (typeof data === 'string') {
        const dtype = fixedText(data);
        perform(() => file.create_dataset({ name, data, shape: [], dtype }));
      } else perform(() => file.create_dataset({ name, data, shape: [...(shape ?? [data.length])] }));
    },
    createGrowing(name, shape, chunkShape, deflateLevel) {
      const append = appender(file, name, shape, chunkShape, deflateLevel);
      return { append: (data, count) => perform(() => append(data, count)) };
    },
    setAttribute(name, attribute, value) {
      const owner = name === '/' ? file : dataset(name);
      const shape = typeof value === 'string' || value.length === 1 ? [] : [value.length];
      const dtype = typeof value === 'string' ? fixedText(value) : null;
      perform(() => owner.create_attribute(attribute, value, shape, dtype));
    },
    createDimension(name, length) {
      perform(() => {
        file.create_dataset({ name, data: new Float32Array(length), shape: [length] });
        dataset(name).make_scale(`${bareDimension}${String(length).padStart(10)}`);
        dataset(name).create_attribute('_Netcdf4Dimid', Int32Array.of(dimensionCount), []);
      });
      dimensionCount++;
    },
    nameAxes(name, dimensions) {
      perform(() => {
        for (const [axis, dimension] of dimensions.entries()) dataset(name).attach_scale(axis, `/${dimension}`);
      });
    },
    async close() {
      perform(() => file.close());
      return writtenFile(localPath, path);
    },
  };
}

/** ASCII of fixed length with its terminating zero: every HDF5 and netCDF library reads it, and no pointer is stored. */
function fixedText(text: string): string {
  invariant(/^[\x20-\x7e]*$/.test(text), `Expected ASCII text, got "${text}".`);
  return `A${text.length + 1}`;
}

/** Creates the dataset with its first block and resizes it with every other one. */
function appender(
  file: h5wasm.File,
  name: string,
  shape: readonly number[],
  chunkShape: readonly number[],
  deflateLevel: number,
): HdfAppender['append'] {
  const inner = shape.slice(1);
  let written = 0;
  return (data, count) => {
    const end = written + count;
    if (written === 0) {
      const compression = deflateLevel > 0 ? { compression: deflateLevel } : {};
      const chunks = [...chunkShape];
      file.create_dataset({ name, data, shape: [count, ...inner], maxshape: [...shape], chunks, ...compression });
    } else {
      const dataset = file.get(name) as h5wasm.Dataset;
      dataset.resize([end, ...inner]);
      dataset.write_slice([[written, end], ...inner.map((length): [number, number] => [0, length])], data);
    }
    written = end;
  };
}

/** Size and SHA-256 of a finished file. */
async function writtenFile(localPath: string, path: string): Promise<WrittenFile> {
  try {
    const hash = createHash('sha256');
    for await (const piece of createReadStream(localPath)) hash.update(piece as Buffer);
    return { path, sizeBytes: (await stat(localPath)).size, sha256: hash.digest('hex') };
  } catch (cause) {
    throw new TemporaryError(`Expected a finished HDF5 file, got none (${localPath}). Check the disk.`, {}, cause);
  }
}
