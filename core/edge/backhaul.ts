import { CubelakeError, FormatError, PreconditionFailedError } from '../errors.ts';
import { captureExtension } from '../pipeline/cube/cube-granule.ts';
import type { CaptureIndex } from '../ports/capture-index.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { Progress } from '../ports/progress.ts';
import type { RawUploads } from '../ports/raw-uploads.ts';
import type { Stopwatch } from '../ports/stopwatch.ts';
import { sha256OfSource } from '../sha256.ts';

/** When raw files leave the machine: once they are in the cloud, once the disk needs the room, or never. */
export type FreePolicy = 'always' | 'when-needed' | 'never';

export interface BackhaulOptions {
  readonly captures: CaptureIndex;
  /** Of the machine, laid out by raw keys. */
  readonly raw: ObjectStore;
  readonly uploads: RawUploads;
  readonly stopwatch: Stopwatch;
  readonly progress: Progress;
  readonly bytesPerSecondMax: number | null;
  readonly freePolicy: FreePolicy;
  /** With `when-needed`: so much of the disk should be free. */
  readonly keepFreeBytes: number;
  readonly freeBytes: () => number;
}

/** What one pass came to. */
export interface BackhaulReport {
  readonly uploadedCount: number;
  readonly freedCount: number;
  /** Granule or key -> why it cannot be uploaded: somebody has to look. */
  readonly conflicts: ReadonlyMap<string, string>;
}

/** References and plot sets: what cubes need before they can be processed. */
const sharedPrefixes = ['reference_cubes/', 'plot_sets/'];

/**
 * Brings the raw files of a field machine to the raw bucket, under the same keys, the oldest capture first, and frees the disk of
 * those that are there. A capture counts as uploaded when the bucket says of each of its files the size and hash that the file
 * here has; only such files are ever deleted.
 */
export class Backhaul {
  readonly #options: BackhaulOptions;
  /** Shared files of which the bucket is known to hold these very bytes. */
  readonly #shared = new Set<string>();
  readonly #conflicts = new Map<string, string>();
  /** Key and ETag -> SHA-256 of what needs no upload or cannot have one: it is not read again in every pass. */
  readonly #hashes = new Map<string, string>();
  #freeAtMs = 0;

  constructor(options: BackhaulOptions) {
    this.#options = options;
  }

  /** Uploads everything that is here and frees what may go. @throws TemporaryError for a lost link; ConfigurationError without rights. */
  async pass(signal: AbortSignal): Promise<BackhaulReport> {
    const { captures } = this.#options;
    let [uploadedCount, freedCount] = [0, 0];
    for (const prefix of sharedPrefixes) await this.#uploadShared(prefix, signal);
    for (const { granuleKey } of captures.withRaw('local')) {
      if (signal.aborted) break;
      if (await this.#uploadCapture(granuleKey, signal)) uploadedCount++;
      freedCount += await this.#free();
    }
    freedCount += await this.#free();
    return { uploadedCount, freedCount, conflicts: this.#conflicts };
  }

  async #uploadShared(prefix: string, signal: AbortSignal): Promise<void> {
    for await (const { key, etag } of this.#options.raw.list(prefix)) {
      const version = `${key} ${etag}`;
      if (signal.aborted || this.#shared.has(version)) continue;
      if (await this.#trying(key, () => this.#uploadObject(key, etag))) this.#shared.add(version);
    }
  }

  /** @returns Whether the bucket has all of it now. */
  async #uploadCapture(granuleKey: string, signal: AbortSignal): Promise<boolean> {
    const { raw, captures, progress } = this.#options;
    const objects = await Array.fromAsync(raw.list(`${granuleKey}.`));
    if (objects.length === 0 || signal.aborted) return false;
    const isThere = await this.#trying(granuleKey, async () => {
      for (const { key, etag } of objects.toSorted((left, right) => lastIsData(left.key, right.key)))
        await this.#uploadObject(key, etag);
    });
    if (!isThere) return false;
    for (const { key, etag } of objects) this.#hashes.delete(`${key} ${etag}`);
    captures.markRaw(granuleKey, 'uploaded');
    progress.report('Capture:Upload:Done', { granuleKey });
    return true;
  }

  /** @returns False for a conflict, which is kept and does not hold up the others. */
  async #trying(name: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      this.#conflicts.delete(name);
      return true;
    } catch (error) {
      const isConflict = error instanceof CubelakeError && error.disposition === 'quarantine';
      if (!isConflict) throw error;
      if (!this.#conflicts.has(name))
        this.#options.progress.report('Capture:Upload:Conflict', { name, reason: error.message });
      this.#conflicts.set(name, error.message);
      return false;
    }
  }

  /** @throws FormatError when the bucket has other bytes there. Disposition: quarantine. */
  async #uploadObject(key: string, etag: string): Promise<void> {
    const { raw, uploads, progress } = this.#options;
    const source = await raw.open(key);
    try {
      const version = `${key} ${etag}`;
      const sha256 = this.#hashes.get(version) ?? (await sha256OfSource(source));
      this.#hashes.set(version, sha256);
      if (await this.#isThere(key, source.sizeBytes, sha256)) return;
      // The next attempt vouches for the bytes that the disk gives then.
      this.#hashes.delete(version);
      try {
        let sentBytes = 0;
        await uploads.upload(key, source, sha256, async (doneBytes) => {
          progress.report('Object:Upload:Progress', { key, done: doneBytes, total: source.sizeBytes });
          await this.#keepToRate(doneBytes - sentBytes);
          sentBytes = doneBytes;
        });
      } catch (error) {
        // An answer that was lost, or another process: what lies there now says which.
        if (!(error instanceof PreconditionFailedError)) throw error;
      }
      if (!(await this.#isThere(key, source.sizeBytes, sha256)))
        throw new FormatError(`Expected ${key} in the bucket after its upload, got nothing. Run backhaul again.`, {
          key,
        });
    } finally {
      await source.close();
    }
  }

  async #isThere(key: string, sizeBytes: number, sha256: string): Promise<boolean> {
    const found = await this.#options.uploads.find(key);
    if (found === null) return false;
    if (found.sizeBytes === sizeBytes && found.sha256 === sha256) return true;
    throw new FormatError(
      `Expected ${sizeBytes} bytes of SHA-256 ${sha256} at ${key}, got ${found.sizeBytes} of ${found.sha256 ?? 'an unknown hash'}: another object has its name. Nothing was overwritten or freed; capture under another name.`,
      { key },
    );
  }

  async #keepToRate(sentBytes: number): Promise<void> {
    const { bytesPerSecondMax, stopwatch } = this.#options;
    if (bytesPerSecondMax === null) return;
    const nowMs = stopwatch.elapsedMs();
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs) + (1000 * sentBytes) / bytesPerSecondMax;
    if (this.#freeAtMs > nowMs) await stopwatch.sleepMs(this.#freeAtMs - nowMs);
  }

  /** The oldest first. Deleting twice does no harm, so that a cut in between is made good by the next pass. */
  async #free(): Promise<number> {
    const { captures, raw, freePolicy, keepFreeBytes, freeBytes, progress } = this.#options;
    if (freePolicy === 'never') return 0;
    let count = 0;
    for (const { granuleKey, state } of captures.withRaw('uploaded')) {
      if (freePolicy === 'when-needed' && freeBytes() >= keepFreeBytes) break;
      // What is not made yet is needed here.
      if (state === 'captured') continue;
      for (const { key } of await Array.fromAsync(raw.list(`${granuleKey}.`))) await raw.delete(key);
      captures.markRaw(granuleKey, 'freed');
      progress.report('Capture:Free:Done', { granuleKey });
      count++;
    }
    return count;
  }
}

/** Sidecar, then header, then data: the cloud begins when a cube is whole, and a sidecar that came later would make it begin again. */
function lastIsData(left: string, right: string): number {
  return rankOf(left) - rankOf(right) || (left < right ? -1 : 1);
}

function rankOf(key: string): number {
  if (key.endsWith(`.${captureExtension}`)) return 0;
  return key.endsWith('.hdr') ? 1 : 2;
}
