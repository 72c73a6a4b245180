import { granuleKeyOf, parseRawKey, type RawKey } from '#schemas/object-keys.ts';
import type { ObjectFacts } from '../../ports/object-store.ts';
import type { Assembly } from '../payload.ts';

/** Extension of the sidecar that says what the files do not. */
export const captureExtension = 'capture.json';

export const oneFileExtensions = ['nc', 'nc4', 'h5', 'hdf5', 'he5', 'tif', 'tiff'];
const enviDataExtensions = ['img', 'dat', 'bil', 'bip', 'bsq', 'raw', 'hyspex'];

/** Granule of a raw cube's object: the key without its extension; null for any other object. */
export function cubeGranuleKeyOf(objectKey: string): string | null {
  const key = parseRawKey(objectKey);
  return key !== null && key.prefix === 'raw_cubes' ? granuleKeyOf(key) : null;
}

/** Identity of a cube as its key tells it. */
export function cubeIdentity(granuleKey: string): RawKey {
  return parseRawKey(`${granuleKey}.x`)!;
}

/**
 * A cube is complete when its one file is there, or both its ENVI header and data. The capture sidecar is optional: one
 * that arrives later makes a new version of the granule, which replaces the old.
 */
export function assembleCube(granuleKey: string, objects: readonly ObjectFacts[]): Assembly {
  const byExtension = new Map(objects.map((object) => [object.key.slice(granuleKey.length + 1), object]));
  const capture = byExtension.get(captureExtension);
  const sidecars = capture === undefined ? [] : [capture];
  const oneFile = find(byExtension, oneFileExtensions);
  if (oneFile !== undefined) return { state: 'ready', parts: [oneFile, ...sidecars] };
  const header = byExtension.get('hdr');
  const data = find(byExtension, enviDataExtensions);
  if (header !== undefined && data !== undefined) return { state: 'ready', parts: [header, data, ...sidecars] };
  if (header !== undefined)
    return { state: 'waiting', missing: `data file (${enviDataExtensions.map((name) => `.${name}`).join(', ')})` };
  if (data !== undefined) return { state: 'waiting', missing: 'ENVI header (.hdr)' };
  return { state: 'waiting', missing: 'cube file' };
}

function find(byExtension: ReadonlyMap<string, ObjectFacts>, extensions: readonly string[]): ObjectFacts | undefined {
  return extensions.map((extension) => byExtension.get(extension)).find((object) => object !== undefined);
}
