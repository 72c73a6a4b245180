import { type GranuleMaking, remakeParts } from '#core/edge/make-granule.ts';
import type { SpoolEntry } from '#core/ports/spool-index.ts';
import { endsStep, reasonOf } from './fault.ts';

/**
 * Parts whose payload the disk has damaged. While their raw cube is only here, they are made again from it, once in the life of
 * the agent. Once it is in the cloud they are given up: the cloud makes better rows of it.
 */
export class PartRepair {
  /** Granule -> content ids of its damaged payloads. */
  readonly #damaged = new Map<string, Set<string>>();
  /** What was made again, with or without success: a disk that damages it once more has the last word. */
  readonly #tried = new Set<string>();
  /** Granule -> why its damaged parts were not mended; they stay in the spool. */
  readonly failures = new Map<string, string>();

  /** A payload cannot be read. */
  note({ granuleKey, contentId }: Pick<SpoolEntry, 'granuleKey' | 'contentId'>): void {
    const contentIds = this.#damaged.get(granuleKey) ?? new Set();
    this.#damaged.set(granuleKey, contentIds.add(contentId));
  }

  get isDone(): boolean {
    return this.#damaged.size === 0;
  }

  /** The granule that is mended next. */
  get next(): string | null {
    return this.#damaged.keys().next().value ?? null;
  }

  /**
   * Mends the parts of one granule. What cannot be mended stays in the spool, and is looked at again when it is noted again.
   * @returns Content ids of what is whole again or given up; null when nothing was damaged.
   * @throws TemporaryError, ConfigurationError for the disk, and what `betweenTiles` throws: it goes on with the next step.
   */
  async step(making: GranuleMaking): Promise<ReadonlySet<string> | null> {
    const granuleKey = this.next;
    if (granuleKey === null) return null;
    const contentIds = this.#damaged.get(granuleKey)!;
    const isInCloud = (making.captures.get(granuleKey)?.rawState ?? 'local') !== 'local';
    const { mended, reason } = isInCloud
      ? await giveUp(granuleKey, contentIds, making)
      : await this.#remake(granuleKey, contentIds, making);
    if (reason === null) this.failures.delete(granuleKey);
    else if (reason !== this.failures.get(granuleKey)) {
      this.failures.set(granuleKey, reason);
      making.progress.report('Part:Repair:Failed', { granule: granuleKey, damaged: contentIds.size, reason });
    }
    this.#damaged.delete(granuleKey);
    return mended;
  }

  async #remake(granuleKey: string, contentIds: ReadonlySet<string>, making: GranuleMaking): Promise<Mending> {
    if (contentIds.isSubsetOf(this.#tried)) {
      return { mended: none, reason: this.failures.get(granuleKey) ?? 'The disk has damaged them twice.' };
    }
    const remade = await remakeParts(granuleKey, making).catch((error: unknown) => {
      if (endsStep(error)) throw error;
      return reasonOf(error);
    });
    for (const contentId of contentIds) this.#tried.add(contentId);
    if (typeof remade === 'string') return { mended: none, reason: remade };
    const mended = remade.intersection(contentIds);
    if (mended.size < contentIds.size) return { mended, reason: otherBytes };
    making.progress.report('Part:Repair:Done', { granule: granuleKey, damaged: contentIds.size });
    return { mended, reason: null };
  }
}

interface Mending {
  readonly mended: ReadonlySet<string>;
  /** Why others are not; null when all are. */
  readonly reason: string | null;
}

const none: ReadonlySet<string> = new Set();
const otherBytes =
  'Other settings or another version of cubelake make other parts of it. Backhaul brings its raw cube to the cloud.';

async function giveUp(granuleKey: string, contentIds: ReadonlySet<string>, making: GranuleMaking): Promise<Mending> {
  for (const contentId of contentIds) await making.spool.acknowledge(contentId);
  const reason = 'Its raw cube is in the cloud.';
  making.progress.report('Part:Drop:Done', { granule: granuleKey, damaged: contentIds.size, reason });
  return { mended: contentIds, reason: null };
}
