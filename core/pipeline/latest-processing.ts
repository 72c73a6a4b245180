import { silverReflectance } from '#schemas/tables.ts';
import type { PlannedFile } from '../formats/iceberg/scan.ts';

/** Columns of silver.reflectance that are the same for all processings of a granule. */
export const granuleColumns: ReadonlySet<string> = new Set(['farm_id', 'acquisition_date', 'cube_id']);

/** One processing of one granule. */
export interface GranuleProcessing {
  readonly farmId: string;
  /** Days since 1970. */
  readonly day: number;
  readonly cubeId: string;
  readonly processingId: string;
}

export interface LatestFiles {
  /** Files without those that hold superseded rows only. */
  readonly files: readonly PlannedFile[];
  /** Processings that count where a file of several cubes or processings holds rows of the same granule too. */
  readonly contested: readonly GranuleProcessing[];
}

/**
 * The files of silver.reflectance that hold the newest settled processing of each granule. A file has one cube and one
 * processing by its bounds, so that no row is read to tell; a processing is newer than another when its file was committed
 * later. Settling replaces the rows of a granule, so usually nothing is left out: what is, was settled by hand, from an
 * edge device beside the cloud, or by a writer that is not ours.
 *
 * @param files All files of the granules in question: the newest processing cannot be told from some.
 */
export function latestFiles(files: readonly PlannedFile[]): LatestFiles {
  const newest = new Map<string, { readonly processing: GranuleProcessing; readonly sequenceNumber: bigint }>();
  const known = files.map((file) => ({ file, processing: processingOf(file) }));
  for (const { file, processing } of known) {
    if (processing === null) continue;
    const key = granuleKey(processing);
    const before = newest.get(key);
    const isNewer =
      before === undefined ||
      file.sequenceNumber > before.sequenceNumber ||
      (file.sequenceNumber === before.sequenceNumber && processing.processingId > before.processing.processingId);
    if (isNewer) newest.set(key, { processing, sequenceNumber: file.sequenceNumber });
  }
  const isLatest = (processing: GranuleProcessing | null) =>
    processing === null || newest.get(granuleKey(processing))!.processing.processingId === processing.processingId;
  const mixed = known.filter(({ processing }) => processing === null).map(({ file }) => file);
  const mayMeet = ({ processing }: { readonly processing: GranuleProcessing }) =>
    mixed.some((file) => isWithin(file, processing));
  return {
    files: known.filter(({ processing }) => isLatest(processing)).map(({ file }) => file),
    contested: [...newest.values()].filter(mayMeet).map(({ processing }) => processing),
  };
}

function granuleKey({ farmId, day, cubeId }: GranuleProcessing): string {
  return JSON.stringify([farmId, day, cubeId]);
}

const idOf = (name: string) => silverReflectance.columns.find((column) => column.name === name)!.id;
const cubeColumn = idOf('cube_id');
const processingColumn = idOf('processing_id');

/** Columns whose bounds `latestFiles` needs. */
export const processingColumnIds: ReadonlySet<number> = new Set([cubeColumn, processingColumn]);

/** null for a file of several cubes or processings, or one whose writer kept no bounds. */
function processingOf(file: PlannedFile): GranuleProcessing | null {
  const cubeId = onlyValue(file, cubeColumn);
  const processingId = onlyValue(file, processingColumn);
  const farmId = file.partition['farm_id'];
  const day = file.partition['acquisition_date_day'];
  if (cubeId === null || processingId === null || typeof farmId !== 'string' || typeof day !== 'number') return null;
  return { farmId, day, cubeId, processingId };
}

/** Shortened bounds lie apart, so that equal ones are the value itself. */
function onlyValue(file: PlannedFile, columnId: number): string | null {
  const lower = file.lowerBounds[columnId];
  return lower !== undefined && lower === file.upperBounds[columnId] ? textOf(lower) : null;
}

function isWithin(file: PlannedFile, { farmId, day, cubeId }: GranuleProcessing): boolean {
  if (file.partition['farm_id'] !== farmId || file.partition['acquisition_date_day'] !== day) return false;
  const cube = Buffer.from(cubeId);
  const lower = file.lowerBounds[cubeColumn];
  const upper = file.upperBounds[cubeColumn];
  const isAbove = lower === undefined || Buffer.compare(Buffer.from(lower, 'base64'), cube) <= 0;
  return isAbove && (upper === undefined || Buffer.compare(cube, Buffer.from(upper, 'base64')) <= 0);
}

function textOf(bound: string): string {
  return Buffer.from(bound, 'base64').toString('utf8');
}
