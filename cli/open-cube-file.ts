import { statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { fileByteSource } from '#adapters/file/file-byte-source.ts';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { openHdf5 } from '#adapters/h5wasm/open-hdf5.ts';
import type { CubeOverrides, CubeReader } from '#core/cube/cube.ts';
import { openCube } from '#core/formats/open-cube.ts';
import { openBronze } from '#core/formats/zarr/bronze-reader.ts';
import { groupCubeFiles } from './ingest/cube-files.ts';

/** Opens a cube file, an ENVI header or data file, or a bronze folder from the local disk. */
export async function openCubeFile(path: string, overrides: CubeOverrides): Promise<CubeReader> {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (isFolder) return openBronze(fileObjectStore(dirname(resolve(path))), basename(path));
  const [cube] = groupCubeFiles([path]);
  const sources = await Promise.all(cube!.parts.map((part) => fileByteSource(part.path)));
  return openCube(sources, { overrides, openHdf5 });
}
