import { type GranuleMaking, makeGranule } from '#core/edge/make-granule.ts';
import { CubelakeError } from '#core/errors.ts';
import type { Progress } from '#core/ports/progress.ts';
import type { SpoolFolder } from '../spool-folder.ts';
import type { CaptureWatcher, FoundCapture } from './capture-watcher.ts';
import { endsStep, isOfDisk, reasonOf, Stopping } from './fault.ts';
import { type CapturePlanner, consumeCapture, importCapture } from './import-capture.ts';
import { PartRepair } from './part-repair.ts';

export interface FieldAgentOptions {
  readonly folder: SpoolFolder;
  readonly watcher: CaptureWatcher;
  readonly plan: CapturePlanner;
  readonly making: Pick<GranuleMaking, 'openHdf5' | 'deviceId' | 'settings'>;
  /** Removes the files of a capture once it is imported. */
  readonly isConsuming: boolean;
  readonly progress: Progress;
  /** Lets the link have a turn between two tiles. */
  readonly yieldTurn: () => Promise<void>;
  readonly stop: AbortSignal;
  /** Parts may be sent. */
  readonly onReleased: () => void;
  /** These parts were damaged, and are whole again or given up. */
  readonly onRepaired: (contentIds: ReadonlySet<string>) => void;
}

/** Imports captures and makes their products, one after the other. */
export class FieldAgent {
  readonly #options: FieldAgentOptions;
  readonly #etags = new Map<string, string>();
  /** Captures that could not be imported, with the reason; they are looked at again when their files change. */
  readonly refused = new Map<string, string>();
  readonly repair = new PartRepair();
  making: string | null = null;
  isStopped = false;
  failedCount = 0;
  #growingCount = 0;
  #waitsFor: string | null = null;

  constructor(options: FieldAgentOptions) {
    this.#options = options;
  }

  /** Nothing is left to import or to make. */
  isDone(): boolean {
    return (
      this.#growingCount === 0 &&
      this.#waitsFor === null &&
      this.repair.isDone &&
      this.#options.folder.captures.inState('captured').length === 0
    );
  }

  /** Why nothing goes on; null when something does, or nothing is to be done. */
  get waitsFor(): string | null {
    return this.isStopped ? 'The spool is full. Give --broker, or more --spool-gib.' : this.#waitsFor;
  }

  /** Mends damaged parts, imports what is whole and makes the oldest capture that is not made. @returns False when there was nothing to do. */
  async step(): Promise<boolean> {
    const { folder, stop } = this.#options;
    try {
      // It needs no room, so that a full spool does not stay full because of it.
      if (await this.#repairNext()) return true;
      if (this.#mustStop()) return false;
      let hasWorked = await this.#importAll();
      const next = folder.captures.inState('captured')[0];
      if (next !== undefined && !stop.aborted && !folder.spool.mustStopAcquisition()) {
        await this.#make(next.granuleKey);
        hasWorked = true;
      }
      this.#waitsFor = null;
      return hasWorked;
    } catch (error) {
      if (error instanceof Stopping) return false;
      if (!(error instanceof CubelakeError) || error.disposition !== 'retry') throw error;
      if (this.#waitsFor !== error.message) this.#report('Agent:Work:Waiting', { reason: error.message });
      this.#waitsFor = error.message;
      return false;
    }
  }

  #mustStop(): boolean {
    const isStopped = this.#options.folder.spool.mustStopAcquisition();
    if (isStopped !== this.isStopped) this.#report(isStopped ? 'Spool:Fill:Stopped' : 'Spool:Fill:Resumed', {});
    this.isStopped = isStopped;
    return isStopped;
  }

  async #importAll(): Promise<boolean> {
    const { watcher, stop } = this.#options;
    const { whole, growingCount } = watcher.scan();
    this.#growingCount = growingCount;
    for (const found of whole) {
      if (stop.aborted) break;
      await this.#import(found);
    }
    return whole.length > 0;
  }

  async #import(found: FoundCapture): Promise<void> {
    const { folder, plan, watcher, isConsuming } = this.#options;
    try {
      const { granuleKey, outcome } = await importCapture(found, { ...folder, plan, etags: this.#etags });
      if (isConsuming) await consumeCapture(found);
      if (outcome === 'captured') this.#report('Capture:Import:Done', { name: found.name, granule: granuleKey });
      this.refused.delete(found.name);
    } catch (error) {
      if (endsStep(error)) throw error;
      const reason = reasonOf(error);
      this.#report('Capture:Import:Refused', { name: found.name, reason });
      this.refused.set(found.name, reason);
      this.failedCount++;
    }
    watcher.settle(found);
  }

  async #repairNext(): Promise<boolean> {
    const { folder, making, progress, onRepaired } = this.#options;
    this.making = this.repair.next;
    try {
      const betweenTiles = () => this.#betweenTiles();
      const contentIds = await this.repair.step({ ...folder, ...making, progress, betweenTiles });
      if (contentIds !== null) onRepaired(contentIds);
      return contentIds !== null;
    } finally {
      this.making = null;
    }
  }

  async #make(granuleKey: string): Promise<void> {
    const { folder, making, progress, onReleased } = this.#options;
    this.making = granuleKey;
    try {
      const betweenTiles = () => this.#betweenTiles();
      const report = await makeGranule(granuleKey, { ...folder, ...making, progress, betweenTiles });
      onReleased();
      this.#report('Granule:Make:Done', {
        granule: granuleKey,
        parts: report.part_count,
        bytes: report.size_bytes,
        ratio: Math.round(report.compression_ratio * 10) / 10,
      });
    } catch (error) {
      await folder.spool.discardUnreleased(granuleKey);
      if (endsStep(error) && !this.#isTooLarge(error)) throw error;
      const reason = reasonOf(error);
      folder.captures.markFailed(granuleKey, reason);
      this.failedCount++;
      this.#report('Granule:Make:Failed', { granule: granuleKey, reason });
    } finally {
      this.making = null;
    }
  }

  /** The spool had no room for it although nothing else was in it. */
  #isTooLarge(error: unknown): boolean {
    if (!isOfDisk(error)) return false;
    return error.fields['budgetBytes'] !== undefined && this.#options.folder.spool.totals().partCount === 0;
  }

  async #betweenTiles(): Promise<void> {
    await this.#options.yieldTurn();
    if (this.#options.stop.aborted) throw new Stopping();
  }

  #report(event: string, fields: Readonly<Record<string, string | number | null>>): void {
    this.#options.progress.report(event, fields);
  }
}
