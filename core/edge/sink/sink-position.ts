import { tableName } from '#schemas/table-definition.ts';
import { ConfigurationError } from '../../errors.ts';
import type { Catalog } from '../../ports/catalog.ts';
import type { LogTopic } from '../../ports/part-log.ts';
import type { Progress } from '../../ports/progress.ts';
import { commitParts, type PartsCommit, type SinkTables, tableOfKind } from './commit-parts.ts';
import {
  aheadOf,
  formatOffsets,
  mergeOffsets,
  offsetsProperty,
  parseOffsets,
  type StartChoices,
  startOf,
} from './ingest-offsets.ts';
import type { DecodedPart } from './stage-parts.ts';

export interface SinkPositionOptions extends StartChoices {
  readonly tables: SinkTables & { readonly catalog: Catalog };
  readonly topic: string;
  readonly group: string;
  readonly progress: Progress;
}

type TableOffsets = Record<DecodedPart['kind'], string | null>;

/**
 * How far the log is read: by silver, which says where a sink begins, and by gold, which is committed first and may be ahead.
 */
export class SinkPosition {
  readonly #options: SinkPositionOptions;
  /** Text of the property of each table, as last read or written. */
  readonly #offsets: TableOffsets;
  #topicId = '';
  /** Partition -> the first offset that is not in silver. */
  next: ReadonlyMap<number, bigint> = new Map();

  private constructor(options: SinkPositionOptions, offsets: TableOffsets) {
    this.#options = options;
    this.#offsets = offsets;
  }

  /** What the tables say of it. */
  static async load(options: SinkPositionOptions): Promise<SinkPosition> {
    const offsetsOf = async (kind: DecodedPart['kind']): Promise<string | null> => {
      const loaded = await options.tables.catalog.loadTable(tableOfKind[kind]);
      return loaded?.metadata.properties[offsetsProperty(options.group)] ?? null;
    };
    return new SinkPosition(options, { cells: await offsetsOf('cells'), plots: await offsetsOf('plots') });
  }

  /**
   * Says where to begin. First offsets are written at once: from here on a lost message is noticed, and a settlement finds
   * tables that its snapshot can stand in. So are those that a person has chosen: the choice is made once, and the tables keep
   * what it has cost.
   *
   * @param found The topic now; `load` was before.
   * @throws ConfigurationError where messages are gone or the topic is another; FencedError when another sink is further.
   */
  async begin(found: LogTopic): Promise<void> {
    const { topic, progress } = this.#options;
    this.#topicId = found.topicId;
    const { cells } = this.#offsets;
    const start = startOf(cells === null ? null : parseOffsets(cells), topic, found, this.#options);
    const lost = { lostCount: start.lostCount };
    this.next = start.from;
    if (this.#offsets.plots === null || start.isLeap)
      await this.#commit('plots', [], aheadOf(start, this.#goldNext(), found), lost);
    if (cells === null || start.isLeap) await this.#commit('cells', [], start.from, lost);
    progress.report('Sink:Start:Done', {
      topic,
      from: formatOffsets({ topic, topicId: found.topicId, next: start.from }),
      lost: String(start.lostCount),
    });
  }

  /**
   * A topic that was made again while it is read has other messages at the same offsets.
   * @throws ConfigurationError
   */
  requireSameTopic(found: LogTopic | null): void {
    if (found?.topicId === this.#topicId) return;
    const { topic } = this.#options;
    throw new ConfigurationError(
      `Expected topic ${topic} with id ${this.#topicId}, got ${found?.topicId ?? 'none'}: it was made again while it was read. Start anew with --new-epoch to read the new one from its beginning.`,
      { topic },
    );
  }

  /** Whether the log holds nothing more. */
  isAtEndOf(found: LogTopic): boolean {
    return [...found.partitions].every(([partition, { next }]) => next <= (this.next.get(partition) ?? 0n));
  }

  /** The parts that gold does not have: it may be ahead where a crash came between the tables. */
  newInGold(plots: readonly DecodedPart[]): DecodedPart[] {
    const inGold = this.#goldNext();
    return plots.filter(({ partition, offset }) => offset >= (inGold.get(partition) ?? 0n));
  }

  /** @param next Where the log is read to with these parts. @throws as `commitParts` */
  async commitGold(plots: readonly DecodedPart[], next: ReadonlyMap<number, bigint>): Promise<void> {
    await this.#commit('plots', plots, mergeOffsets(mergeOffsets(this.next, next), this.#goldNext()));
  }

  /** The sink is there then. @param next Where the log is read to with these parts. @throws as `commitParts` */
  async commitSilver(cells: readonly DecodedPart[], next: ReadonlyMap<number, bigint>): Promise<void> {
    const merged = mergeOffsets(this.next, next);
    await this.#commit('cells', cells, merged);
    this.next = merged;
  }

  async #commit(
    kind: DecodedPart['kind'],
    parts: readonly DecodedPart[],
    next: ReadonlyMap<number, bigint>,
    lost: Pick<PartsCommit, 'lostCount'> = {},
  ): Promise<void> {
    const { tables, topic, group, progress } = this.#options;
    const table = tableOfKind[kind];
    const after = { topic, topicId: this.#topicId, next };
    const commit = { group, before: this.#offsets[kind], after, parts, ...lost };
    const { addedCount, repeatedCount, lateCount, offsets } = await commitParts(tables, table, commit);
    this.#offsets[kind] = offsets;
    const counts = { added: addedCount, repeated: repeatedCount, late: lateCount };
    progress.report('Parts:Commit:Done', { table: tableName(table), ...counts });
  }

  #goldNext(): ReadonlyMap<number, bigint> {
    const offsets = this.#offsets.plots === null ? null : parseOffsets(this.#offsets.plots);
    return offsets?.topicId === this.#topicId ? offsets.next : new Map();
  }
}
