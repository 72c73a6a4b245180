import type { Capture } from '#schemas/capture.ts';
import type { Granule, ObjectVersion } from '#schemas/manifest.ts';
import { parseRawKey, type RawKey } from '#schemas/object-keys.ts';
import type { CubeReader } from '../../cube/cube.ts';
import { FormatError, NotFoundError } from '../../errors.ts';
import { openCube } from '../../formats/open-cube.ts';
import { plotFileBytesMax, textFileBytesMax } from '../../limits.ts';
import { type PlotSet, parsePlotSet } from '../../plots/plot-set.ts';
import type { ByteSource } from '../../ports/byte-source.ts';
import type { Hdf5Opener } from '../../ports/hdf5-file.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { sha256OfSource } from '../../sha256.ts';
import type { ReferenceReaders } from './calibration-plan.ts';
import { overridesOf, parseCapture } from './capture-file.ts';
import { captureExtension } from './cube-granule.ts';

/** The granule's own capture sidecar, or an empty one. */
export async function readCapture(raw: ObjectStore, granule: Granule): Promise<Capture> {
  const part = granule.parts.find((candidate) => candidate.key.endsWith(`.${captureExtension}`));
  if (part === undefined) return {};
  const { bytes } = await raw.get(part.key, { sizeBytesMax: textFileBytesMax });
  return parseCapture(bytes, part.key);
}

export function cubeParts(granule: Granule): readonly ObjectVersion[] {
  return granule.parts.filter((part) => !part.key.endsWith(`.${captureExtension}`));
}

/** Opens every part pinned to its version. */
export async function openParts(
  raw: ObjectStore,
  parts: readonly { key: string; etag: string }[],
): Promise<ByteSource[]> {
  return Promise.all(parts.map((part) => raw.open(part.key, { etag: part.etag })));
}

/** @throws FormatError when a part's SHA-256 is not the one that the capture states. Disposition: quarantine. */
export async function verifyChecksums(capture: Capture, sources: readonly ByteSource[]): Promise<void> {
  for (const source of sources) {
    const expected = capture.sha256?.[source.name.split('/').at(-1)!];
    if (expected === undefined) continue;
    const actual = await sha256OfSource(source);
    if (actual !== expected) {
      throw new FormatError(
        `Expected SHA-256 ${expected}, got ${actual} (${source.name}). Copy the file again from its source.`,
        {
          path: source.name,
        },
      );
    }
  }
}

/** A reference cube or plot set that the capture names, at its present version. */
export interface NamedInput {
  readonly role: 'dark' | 'white' | 'white dark' | 'plots';
  readonly parts: readonly { readonly key: string; readonly etag: string }[];
}

/** Finds the objects that a capture names. @throws NotFoundError, FormatError. Disposition: quarantine. */
export async function resolveInputs(raw: ObjectStore, capture: Capture): Promise<NamedInput[]> {
  const inputs: NamedInput[] = [];
  const named: [NamedInput['role'], string | undefined][] = [
    ['dark', capture.dark?.key],
    ['white', capture.white?.key],
    ['white dark', capture.white?.dark?.key],
  ];
  for (const [role, key] of named) {
    if (key !== undefined) inputs.push({ role, parts: await partsBeside(raw, requireRawKey(key, role), role) });
  }
  if (capture.plots !== undefined) {
    requireRawKey(capture.plots, 'plots');
    const facts = await raw.head(capture.plots);
    if (facts === null) throw missingInput('plots', capture.plots);
    inputs.push({ role: 'plots', parts: [{ key: facts.key, etag: facts.etag }] });
  }
  return inputs;
}

function requireRawKey(key: string, role: string): RawKey {
  const parsed = parseRawKey(key);
  if (parsed !== null) return parsed;
  throw new FormatError(`Expected a raw key as ${role} in the capture sidecar, got "${key}".`, { role });
}

/** All objects of the same stem: an ENVI header brings its data file. */
async function partsBeside(raw: ObjectStore, key: RawKey, role: string): Promise<{ key: string; etag: string }[]> {
  const [year, month, day] = key.date.split('-');
  const stem = `${key.prefix}/${key.region}/${key.farmId}/${year}/${month}/${day}/${key.id}.`;
  const parts: { key: string; etag: string }[] = [];
  for await (const facts of raw.list(stem)) {
    if (!facts.key.endsWith(`.${captureExtension}`)) parts.push({ key: facts.key, etag: facts.etag });
  }
  if (parts.length === 0) throw missingInput(role, stem);
  return parts;
}

function missingInput(role: string, key: string): NotFoundError {
  return new NotFoundError(
    `Expected the ${role} that the capture sidecar names, found nothing at ${key}. Upload it, then send the cube again.`,
    {
      role,
      key,
    },
  );
}

/** Opens the dark and white references; null when the capture names none. */
export async function openReferences(
  raw: ObjectStore,
  capture: Capture,
  inputs: readonly NamedInput[],
  openHdf5: Hdf5Opener,
): Promise<ReferenceReaders | null> {
  const open = async (role: NamedInput['role']): Promise<CubeReader | null> => {
    const input = inputs.find((candidate) => candidate.role === role);
    if (input === undefined) return null;
    const dataset = overridesOf(capture).dataset;
    return openCube(await openParts(raw, input.parts), {
      openHdf5,
      overrides: dataset === undefined ? {} : { dataset },
    });
  };
  const [dark, white, whiteDark] = [await open('dark'), await open('white'), await open('white dark')];
  if (dark === null && white === null) return null;
  if (dark === null || white === null) {
    throw new FormatError(
      `Expected a dark and a white reference, got only the ${dark === null ? 'white' : 'dark'} one.`,
    );
  }
  return { dark, white, whiteDark };
}

export async function readPlotSet(
  raw: ObjectStore,
  inputs: readonly NamedInput[],
): Promise<{ plotSet: PlotSet; key: string } | null> {
  const part = inputs.find((input) => input.role === 'plots')?.parts[0];
  if (part === undefined) return null;
  const { bytes } = await raw.get(part.key, { sizeBytesMax: plotFileBytesMax });
  return { plotSet: parsePlotSet(Buffer.from(bytes).toString('utf8'), part.key), key: part.key };
}
