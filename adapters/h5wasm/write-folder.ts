import { createHash } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TemporaryError } from '#core/errors.ts';
import type { SimulationFile, SimulationSink } from '#core/simulation/sink.ts';
import { createHdf5 } from './write-hdf5.ts';

/** Writes a simulation into a folder, paths below it as the simulation names them; files that exist are replaced. */
export function folderSink(folder: string): SimulationSink {
  return {
    async create(path) {
      return createFile(await prepared(folder, path), path);
    },
    async createHdf5(path) {
      return createHdf5(await prepared(folder, path), path);
    },
  };
}

async function prepared(folder: string, path: string): Promise<string> {
  const localPath = join(folder, path);
  try {
    await mkdir(dirname(localPath), { recursive: true });
  } catch (cause) {
    throw new TemporaryError(`Expected to create the folder of ${localPath}. Check the path and the disk.`, {}, cause);
  }
  return localPath;
}

async function createFile(localPath: string, path: string): Promise<SimulationFile> {
  const failed = (cause: unknown) =>
    new TemporaryError(`Expected to write ${localPath}. Check the disk's free space and permissions.`, {}, cause);
  const handle = await open(localPath, 'w').catch((cause: unknown) => Promise.reject(failed(cause)));
  const hash = createHash('sha256');
  let sizeBytes = 0;
  return {
    async append(bytes) {
      hash.update(bytes);
      sizeBytes += bytes.length;
      // writeFile on a handle goes on until every byte is written; write alone may stop short.
      await handle.writeFile(bytes).catch(async (cause: unknown) => {
        await handle.close();
        throw failed(cause);
      });
    },
    async close() {
      await handle.close();
      return { path, sizeBytes, sha256: hash.digest('hex') };
    },
  };
}
