import { statSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { ConfigurationError, CubelakeError, MissingFactError } from '#core/errors.ts';
import { overridesOf } from '#core/pipeline/cube/capture-file.ts';
import { captureExtension } from '#core/pipeline/cube/cube-granule.ts';
import type { Capture } from '#schemas/capture.ts';
import { formatRawKey, isCalendarDate, type RawKey, type RawPrefix } from '#schemas/object-keys.ts';
import { openCubeFile } from '../open-cube-file.ts';
import { type CubeFiles, filesByRawKey, groupCubeFiles, requireFile } from './cube-files.ts';
import { idFromName, requireId } from './cube-id.ts';

/** What to put into raw, in this order. */
export type Upload = { readonly key: string; readonly path: string } | { readonly key: string; readonly text: string };

export interface IngestRequest {
  readonly paths: readonly string[];
  readonly farmId: string | null;
  readonly region: string;
  /** `yyyy-mm-dd`; null takes the cube's own acquisition time. */
  readonly date: string | null;
  readonly dark: string | null;
  readonly white: string | null;
  readonly whiteDark: string | null;
  readonly whiteTimeMs: number | null;
  readonly darkTimeMs: number | null;
  readonly plots: string | null;
  readonly yields: string | null;
  readonly capture: Capture;
}

/**
 * Decides what goes where before anything is written. Every cube's header is read first, so that a file that can never
 * work is refused at once.
 *
 * @throws ConfigurationError for missing or impossible options; the readers' errors for bad files.
 */
export async function planIngest(request: IngestRequest): Promise<Upload[]> {
  const [first, ...others] = request.paths;
  if (first !== undefined && statSync(first, { throwIfNoEntry: false })?.isDirectory()) {
    if (others.length > 0) throw new ConfigurationError('Expected one folder or cube files, got both.');
    return filesByRawKey(first);
  }
  const cubes = groupCubeFiles(request.paths);
  if (cubes.length === 0 && request.plots === null && request.yields === null) {
    throw new ConfigurationError('Expected cube files, a folder, --plots or --yields. Run "cubelake ingest --help".');
  }
  if (request.farmId === null) throw new ConfigurationError('Expected --farm. Run "cubelake ingest --help".');
  const place = { region: requireId(request.region, 'region'), farmId: requireId(request.farmId, 'farm') };
  const dates = await Promise.all(cubes.map((cube) => dateOf(cube, request, cubes.length > 1)));
  const sharedDate = request.date ?? dates[0] ?? '1970-01-01';
  const uploads: Upload[] = [];
  const put = (prefix: RawPrefix, date: string, id: string, extension: string, path: string): string => {
    const key = formatRawKey({ ...place, prefix, date, id, extension });
    uploads.push({ key, path });
    return key;
  };
  const reference = (path: string | null): string | null => {
    if (path === null) return null;
    const [cube] = groupCubeFiles([path]);
    const keys = cube!.parts.map((part) =>
      put('reference_cubes', sharedDate, idFromName(cube!.stem), part.extension, part.path),
    );
    return keys[0]!;
  };
  const plotsKey = request.plots && putFile(put, 'plot_sets', sharedDate, request.plots, 'geojson');
  if (request.yields !== null) putFile(put, 'yields', sharedDate, request.yields, 'csv');
  const capture = captureOf(request, {
    dark: reference(request.dark),
    white: reference(request.white),
    whiteDark: reference(request.whiteDark),
    plots: plotsKey,
  });
  cubes.forEach((cube, position) => {
    const key: Omit<RawKey, 'extension'> = {
      ...place,
      prefix: 'raw_cubes',
      date: dates[position]!,
      id: idFromName(cube.stem),
    };
    if (Object.keys(capture).length > 0) {
      uploads.push({
        key: formatRawKey({ ...key, extension: captureExtension }),
        text: `${JSON.stringify(capture, null, 1)}\n`,
      });
    }
    for (const part of cube.parts) put('raw_cubes', key.date, key.id, part.extension, part.path);
  });
  return uploads;
}

function putFile(
  put: (prefix: RawPrefix, date: string, id: string, extension: string, path: string) => string,
  prefix: RawPrefix,
  date: string,
  path: string,
  extension: string,
): string {
  requireFile(path);
  return put(prefix, date, idFromName(basename(path, extname(path))), extension, path);
}

/**
 * Opens the cube: a header that cannot work is refused here, before anything is uploaded. A bad cube among others whose
 * date is known holds none of them up: it goes along, fails by itself and stays visible until it is put right.
 */
async function dateOf(cube: CubeFiles, request: IngestRequest, hasOthers: boolean): Promise<string> {
  const path = cube.parts[0]!.path;
  const acquiredAt = await acquisitionTimeOf(path, request).catch((error: unknown) => {
    const isBadData = error instanceof CubelakeError && error.disposition === 'quarantine';
    if (isBadData && hasOthers && request.date !== null) return null;
    throw error;
  });
  const date = request.date ?? acquiredAt?.slice(0, 10);
  if (date === undefined) {
    throw new MissingFactError(`Expected an acquisition date, got none (${path}). Give --date yyyy-mm-dd.`, { path });
  }
  if (!isCalendarDate(date)) throw new ConfigurationError(`Expected a date like 2026-07-01 as --date, got "${date}".`);
  return date;
}

async function acquisitionTimeOf(path: string, request: IngestRequest): Promise<string | null> {
  const reader = await openCubeFile(path, overridesOf(request.capture));
  await reader.close();
  return reader.header.acquiredAt;
}

function captureOf(
  request: IngestRequest,
  keys: { dark: string | null; white: string | null; whiteDark: string | null; plots: string | null },
): Capture {
  const { white: given, ...capture } = request.capture;
  if (keys.white === null && given !== undefined && given.key === '')
    throw new ConfigurationError('Expected --white beside --panel.');
  const white = keys.white === null ? given : { ...given, key: keys.white };
  const whiteTime = request.whiteTimeMs !== null && { integration_time_ms: request.whiteTimeMs };
  const darkTime = request.darkTimeMs !== null && { integration_time_ms: request.darkTimeMs };
  return {
    ...capture,
    ...(keys.dark !== null && { dark: { key: keys.dark, ...darkTime } }),
    ...(white !== undefined && {
      white: {
        ...white,
        ...whiteTime,
        ...(keys.whiteDark !== null && { dark: { key: keys.whiteDark, ...whiteTime } }),
      },
    }),
    ...(keys.plots !== null && { plots: keys.plots }),
  };
}
