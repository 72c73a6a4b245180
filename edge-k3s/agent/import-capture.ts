import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { diskError } from '#adapters/file/disk-error.ts';
import { ConfigurationError, FormatError, invariant, TemporaryError } from '#core/errors.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { granuleKeyOf, parseRawKey } from '#schemas/object-keys.ts';
import type { CaptureFolder } from '../spool-folder.ts';
import { type FoundCapture, versionOf } from './capture-watcher.ts';

/** What goes into the raw store under which key. */
export type RawObject =
  | { readonly key: string; readonly path: string }
  | { readonly key: string; readonly text: string };

/**
 * Decides what a capture is in the raw store: the same keys as `cubelake ingest` gives. References and plots come first.
 * @throws the readers' errors for a bad cube; ConfigurationError.
 */
export type CapturePlanner = (capture: FoundCapture) => Promise<readonly RawObject[]>;

export interface ImportContext extends Pick<CaptureFolder, 'captures' | 'raw'> {
  readonly plan: CapturePlanner;
  /** ETags of shared files that were looked at before, by path and version. */
  readonly etags: Map<string, string>;
}

/** `known`: it was imported before. */
export interface Imported {
  readonly granuleKey: string;
  readonly outcome: 'captured' | 'known';
}

const windowBytes = 1 << 20;

/**
 * Copies a capture into the raw store, once: a granule that is there never changes again.
 *
 * @throws FormatError when another capture has its name, or a reference has changed under its name (quarantine);
 *   TemporaryError for a full disk, or for files that change meanwhile; what the planner throws.
 */
export async function importCapture(found: FoundCapture, context: ImportContext): Promise<Imported> {
  const { raw, captures } = context;
  const objects = await planned(found, context);
  const isOwn = ({ key }: RawObject): boolean => parseRawKey(key)?.prefix === 'raw_cubes';
  const own = objects.filter(isOwn);
  const key = own[0] === undefined ? null : parseRawKey(own[0].key);
  invariant(key !== null, 'Expected a raw cube in the plan of a capture', { name: found.name });
  const granuleKey = granuleKeyOf(key);
  if (captures.get(granuleKey) !== null) {
    for (const object of own) await requireSame(raw, object, found, granuleKey);
    return { granuleKey, outcome: 'known' };
  }
  for (const object of objects) if (!isOwn(object)) await importShared(object, context);
  let rawBytes = 0;
  for (const object of own) rawBytes += await write(raw, object);
  if (versionOf(found.paths) !== found.version) {
    throw new TemporaryError(`Expected a capture that is whole, got files that still change (${found.name}).`, {
      name: found.name,
    });
  }
  captures.add(granuleKey, rawBytes);
  return { granuleKey, outcome: 'captured' };
}

/** What a person must put right about one capture holds none of the others up. */
async function planned(found: FoundCapture, { plan }: ImportContext): Promise<readonly RawObject[]> {
  try {
    return await plan(found);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new FormatError(error.message, error.fields, error);
  }
}

/** Takes the files of an imported capture away from where they were written. */
export async function consumeCapture({ paths }: FoundCapture): Promise<void> {
  for (const path of paths) {
    await rm(path, { force: true }).catch((error: unknown) => {
      throw diskError(error, path);
    });
  }
}

/** A freed raw file is compared with nothing; bytes are compared only where the files have changed under the program's eyes. */
async function requireSame(
  raw: ObjectStore,
  object: RawObject,
  { isRewritten, name }: FoundCapture,
  granuleKey: string,
): Promise<void> {
  const facts = await raw.head(object.key);
  // What the program would say of it now depends on its options.
  if (facts === null || 'text' in object) return;
  const { size } = await stat(object.path);
  if (facts.sizeBytes === size && (!isRewritten || facts.etag === (await etagOf(object.path)))) return;
  throw new FormatError(
    `Expected a capture of a new name, got other bytes for ${granuleKey}, which is captured already (${name}). Rename the new files.`,
    { granuleKey, name },
  );
}

async function importShared(object: RawObject, { raw, etags }: ImportContext): Promise<void> {
  const facts = await raw.head(object.key);
  if (facts === null) {
    await write(raw, object);
    return;
  }
  invariant('path' in object, 'Expected a file as a reference', { key: object.key });
  const version = `${object.path} ${versionOf([object.path])}`;
  const etag = etags.get(version) ?? (await etagOf(object.path));
  etags.set(version, etag);
  if (etag === facts.etag) return;
  throw new FormatError(
    `Expected the same reference or plots as before under one name, got other bytes (${object.path}, imported as ${object.key}). Give the new file a new name.`,
    { path: object.path, key: object.key },
  );
}

/** @returns Bytes of the object. */
async function write(raw: ObjectStore, object: RawObject): Promise<number> {
  if ('text' in object) return (await raw.put(object.key, Buffer.from(object.text))).sizeBytes;
  const writer = await raw.write(object.key);
  try {
    for await (const bytes of bytesOf(object.path)) await writer.append(bytes);
    return (await writer.commit()).sizeBytes;
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** @throws FormatError for a file that may not be read; TemporaryError when its disk fails. */
async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const bytes of createReadStream(path, { highWaterMark: windowBytes })) yield bytes as Buffer;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM' && code !== 'ENOENT') throw diskError(error, path);
    throw new FormatError(
      `Expected a file that may be read, got ${code} (${path}). Change its rights.`,
      { path },
      error,
    );
  }
}

/** As the file store makes it. */
async function etagOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of bytesOf(path)) hash.update(bytes);
  return hash.digest('hex').slice(0, 32);
}
