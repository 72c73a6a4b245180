import { parentPort } from 'node:worker_threads';
import { CubelakeError } from '#core/errors.ts';
import { listDatasets } from '#core/formats/hdf5/list-datasets.ts';
import { openFile } from './read-file.ts';

/** Asks all that a reader may ask of a file's structure. What is wrong is for the reader to say. */
async function walk(localPath: string): Promise<void> {
  const file = await openFile(localPath);
  try {
    file.attributes('/');
    for (const { path, shape, type } of listDatasets(file, localPath)) {
      file.attributes(path);
      if (shape.length === 2 || shape.length === 3) file.dimensionScales(path);
      if (type === 'string') file.readText(path);
    }
  } finally {
    file.close();
  }
}

parentPort?.on('message', (localPath: string) => {
  walk(localPath)
    .catch((error: unknown) => {
      if (!(error instanceof CubelakeError)) throw error;
    })
    .then(() => parentPort?.postMessage('through'));
});
