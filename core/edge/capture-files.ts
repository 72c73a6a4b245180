import { findEnviDataFile } from '../formats/envi/find-data-file.ts';
import { captureExtension, oneFileExtensions } from '../pipeline/cube/cube-granule.ts';

/** Files of one capture in a folder, by name. */
export interface CaptureFiles {
  /** Header first, or the one file. */
  readonly cube: readonly string[];
  /** `NAME.capture.json`: what the files do not say. */
  readonly sidecar: string | null;
  /** `NAME.done`: whoever writes the capture says that it is whole. */
  readonly marker: string | null;
}

const unfinished = /^\.|\.(part|partial|tmp)$/i;

/**
 * Captures among the names of one folder. An ENVI header whose data file is not there, or the other way round, is none yet;
 * names that end in .part, .partial or .tmp are not there yet either.
 */
export function captureFilesOf(allNames: readonly string[]): CaptureFiles[] {
  const names = allNames.filter((name) => !unfinished.test(name)).sort();
  const present = new Set(names);
  return names.flatMap((name) => {
    const cube = cubeOf(name, names);
    if (cube === null) return [];
    const stems = [...new Set(cube.flatMap((file) => [stemOf(stemOf(file)), stemOf(file), file]))];
    const beside = (extension: string): string | null =>
      stems.map((stem) => `${stem}.${extension}`).find((candidate) => present.has(candidate)) ?? null;
    return [{ cube, sidecar: beside(captureExtension), marker: beside('done') }];
  });
}

/** Names of the cube whose main file this is; null for any other file. */
function cubeOf(name: string, names: readonly string[]): string[] | null {
  const extension = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  if (oneFileExtensions.includes(extension)) return [name];
  if (extension !== 'hdr') return null;
  try {
    return [name, findEnviDataFile(name, names)];
  } catch {
    return null;
  }
}

function stemOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? name : name.slice(0, dot);
}
