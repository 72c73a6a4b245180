/**
 * All keys of the raw bucket and of the control prefix, parsed and formatted in one place. schemas imports nothing of
 * ours, so a key that breaks the rules is `null` here and an error where the caller knows what to say.
 */

/** Ids in keys: they become folders, partition values and file names. */
export const idPattern = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** One sentence for error messages. */
export const idRule = 'lower-case letters, digits, "_" and "-", at most 64, beginning with a letter or digit';

export type RawPrefix = 'raw_cubes' | 'reference_cubes' | 'plot_sets' | 'yields';

/** `{prefix}/{region}/{farm_id}/{yyyy}/{mm}/{dd}/{id}.{extension}` */
export interface RawKey {
  readonly prefix: RawPrefix;
  readonly region: string;
  readonly farmId: string;
  /** `yyyy-mm-dd`, UTC. */
  readonly date: string;
  readonly id: string;
  /** Without the leading dot: `hdr`, `bil`, `nc`, `capture.json`. */
  readonly extension: string;
}

const prefixes: readonly RawPrefix[] = ['raw_cubes', 'reference_cubes', 'plot_sets', 'yields'];
const extensionPattern = /^[a-z0-9]{1,12}(\.json)?$/;

export function formatRawKey(key: RawKey): string {
  const [year, month, day] = key.date.split('-');
  return `${key.prefix}/${key.region}/${key.farmId}/${year}/${month}/${day}/${key.id}.${key.extension}`;
}

/** @returns null when the key is not of this form: wrong prefix, bad id, impossible date, `..`, extra segments. */
export function parseRawKey(key: string): RawKey | null {
  const segments = key.split('/');
  if (segments.length !== 7) return null;
  const [prefix, region, farmId, year, month, day, file] = segments as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const dot = file.indexOf('.');
  if (dot < 0) return null;
  const id = file.slice(0, dot);
  const extension = file.slice(dot + 1);
  const date = `${year}-${month}-${day}`;
  if (!prefixes.includes(prefix as RawPrefix) || !idPattern.test(region) || !idPattern.test(farmId)) return null;
  if (!idPattern.test(id) || !extensionPattern.test(extension) || !isCalendarDate(date)) return null;
  return { prefix: prefix as RawPrefix, region, farmId, date, id, extension };
}

/** `yyyy-mm-dd` of a day that exists. */
export function isCalendarDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** Key of a granule: its raw key without the extension. */
export function granuleKeyOf(key: RawKey): string {
  return formatRawKey({ ...key, extension: 'x' }).slice(0, -2);
}

/**
 * Keys of the control prefix in the warehouse: the ledger of what was asked for, planned, done and settled. All are small
 * JSON objects whose shapes are in schemas/manifest.ts and schemas/ledger.ts.
 */
export const controlKeys = {
  /** A request to work on a granule that no manifest has taken yet. Its id is a hash of the event. */
  pending: (requestId: string) => `control/pending/${requestId}.json`,
  pendingPrefix: 'control/pending/',
  /** One claim per granule version: which manifest works on it. */
  claim: (granuleVersionId: string) => `control/claims/${granuleVersionId}.json`,
  manifest: (manifestId: string) => `control/manifests/${manifestId}.json`,
  manifestPrefix: 'control/manifests/',
  outcome: (manifestId: string, index: number) =>
    `control/outcomes/${manifestId}/${String(index).padStart(5, '0')}.json`,
  outcomePrefix: (manifestId: string) => `control/outcomes/${manifestId}/`,
  /** What a job that ends early leaves for the next attempt: facts of a segment, and its values by plot. */
  checkpoint: (processingId: string, segmentIndex: number) => `${checkpointKey(processingId, segmentIndex)}.json`,
  checkpointPlots: (processingId: string, segmentIndex: number) => `${checkpointKey(processingId, segmentIndex)}.plots`,
  checkpointPrefix: 'control/checkpoints/',
  /** Which manifest changes the granule's rows; another may take over once that one is settled. */
  hold: (granuleKey: string) => `control/holds/${granuleKey}.json`,
  /** What a settlement will do, written before it does anything. */
  settlementPlan: (manifestId: string) => `control/settlement-plans/${manifestId}.json`,
  /** Present once a manifest is settled: counts, and the snapshot of each table. */
  settlement: (manifestId: string) => `control/settlements/${manifestId}.json`,
  settlementPrefix: 'control/settlements/',
  /** Why a manifest whose job has ended is not settled. */
  settlementFailure: (manifestId: string) => `control/settlement-failures/${manifestId}.json`,
  /** What the tables hold of a granule now: processing id and data files. */
  granule: (granuleKey: string) => `control/granules/${granuleKey}.json`,
  granulePrefix: 'control/granules/',
  /** Granules that are made again on a branch, to be published at once. */
  replacement: (replacementId: string) => `control/replacements/${replacementId}.json`,
  replacementPrefix: 'control/replacements/',
  /** Old against new rows of a replacement. */
  comparison: (replacementId: string) => `control/comparisons/${replacementId}.json`,
  /** What the field made of a granule against what the cloud made of it. */
  edgeComparison: (granuleKey: string) => `control/edge-comparisons/${granuleKey}.json`,
  /** Those beyond tolerance once more; removed when the granule is processed anew. */
  edgeMismatch: (granuleKey: string) => `control/edge-mismatches/${granuleKey}.json`,
  edgeMismatchPrefix: 'control/edge-mismatches/',
  /** Why the newest version of a granule failed; removed when a version completes. */
  quarantine: (granuleKey: string) => `control/quarantine/${granuleKey}.json`,
  quarantinePrefix: 'control/quarantine/',
} as const;

function checkpointKey(processingId: string, segmentIndex: number): string {
  return `control/checkpoints/${processingId}/${String(segmentIndex).padStart(5, '0')}`;
}

export const bronzePrefix = 'bronze/';

/** Root of a granule's bronze group in the warehouse. */
export function bronzeKey(granuleKey: string, processingId: string): string {
  return `${bronzePrefix}${granuleKey.replace(/^raw_cubes\//, '')}/${processingId}.zarr`;
}
