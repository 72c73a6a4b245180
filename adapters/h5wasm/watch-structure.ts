import { Worker } from 'node:worker_threads';
import { FormatError } from '#core/errors.ts';
import { hdf5StructureMsMax } from '#core/limits.ts';

/** One thread serves all files of this thread, so that a file costs a message and not a start. */
let worker: Worker | null = null;
/** Files are walked one after the other. */
let last: Promise<void> = Promise.resolve();

/**
 * Lets another thread walk through the whole structure of a file (groups, types, attributes, dimension scales) and waits
 * until it is through, whether it found the file sound or not: that, the caller finds as well. Inside HDF5 a forged heap
 * or tree can loop without end, and a thread can be stopped while this one could not stop itself.
 *
 * @throws FormatError when it takes longer than `timeoutMs`. Disposition: quarantine.
 */
export function watchStructure(localPath: string, timeoutMs: number = hdf5StructureMsMax): Promise<void> {
  const walk = last.then(() => walkInTime(localPath, timeoutMs));
  last = walk.catch(() => {});
  return walk;
}

async function walkInTime(localPath: string, timeoutMs: number): Promise<void> {
  worker ??= startWorker();
  const walking = worker;
  let timer: NodeJS.Timeout | undefined;
  const isThrough = await new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
    walking.once('message', () => resolve(true));
    // A crash is an end as well.
    walking.once('exit', () => resolve(true));
    walking.postMessage(localPath);
  });
  clearTimeout(timer);
  walking.removeAllListeners('message').removeAllListeners('exit');
  if (isThrough) return;
  worker = null;
  await walking.terminate();
  throw new FormatError(
    `Expected to come to the end of the file's structure within ${timeoutMs} ms, got no end (${localPath}). Copy the file again from its source.`,
    { path: localPath },
  );
}

function startWorker(): Worker {
  const started = new Worker(new URL('./walk-structure.ts', import.meta.url));
  // A thread that waits for files must not keep the process alive.
  started.unref();
  started.on('error', () => {
    worker = null;
  });
  return started;
}
