import { FormatError, InvariantError } from '../errors.ts';
import type { ColumnValues } from '../formats/parquet/column-values.ts';
import { encodeRowGroup, rowGroupScratch } from '../formats/parquet/encode-row-group.ts';
import type { ParquetColumn } from '../formats/parquet/parquet-column.ts';
import { ParquetFileFacts, parquetMagic } from '../formats/parquet/parquet-file.ts';
import { sha256Of } from '../sha256.ts';
import type { QuantizedColumn } from './cell-means.ts';

/** A Parquet file small enough for one message, which needs no other part to be understood. */
export interface EdgePart {
  readonly bytes: Uint8Array;
  readonly rowCount: number;
  /** SHA-256 of the bytes, hex: the id of the message. */
  readonly contentId: string;
}

/** `split`: numbers that differ from row to row. `repeated`: few different ones. `plot`: position in the plot set, -1 for none. */
export type PartColumnKind = 'split' | 'repeated' | 'plot';

export interface PartColumn {
  readonly column: ParquetColumn;
  readonly kind: PartColumnKind;
}

/** Rows of the part, one entry for each of its columns. */
export interface PartRows {
  readonly rowCount: number;
  readonly values: readonly QuantizedColumn[];
}

export interface PartWriting {
  readonly columns: readonly PartColumn[];
  /** Plot ids in the order of the plot set. */
  readonly plotIds: readonly string[];
  /** What every part says of itself: the cube, the precision, the bands. */
  readonly keyValues: Readonly<Record<string, string>>;
  /** No part is larger. */
  readonly partBytesMax: number;
}

/** What a row is taken to need of a column before the first part is there. */
const guessedBytesPerValue = 1.3;
/** Room for rows that compress worse than those before. */
const fillFraction = 0.94;

/** Cuts rows into parts as they come; holds the rows of one part and a tile. */
export class PartWriter {
  readonly #writing: PartWriting;
  readonly #onPart: (part: EdgePart) => void;
  #pending: PartRows[] = [];
  #rowTarget: number;

  constructor(writing: PartWriting, onPart: (part: EdgePart) => void) {
    this.#writing = writing;
    this.#onPart = onPart;
    const footerBytes = encodePart(writing, null).length;
    if (footerBytes * 2 > writing.partBytesMax)
      throw new FormatError(
        `Expected parts of at least ${footerBytes * 2} bytes for a cube of ${writing.columns.length} columns, got ${writing.partBytesMax}. Give a --part-kib of at least ${Math.ceil((footerBytes * 2) / 1024)}.`,
        { footerBytes, partBytesMax: writing.partBytesMax },
      );
    const rowBytes = writing.columns.length * guessedBytesPerValue;
    this.#rowTarget = Math.max(1, Math.floor((writing.partBytesMax - footerBytes) / rowBytes));
  }

  add(rows: PartRows): void {
    if (rows.rowCount > 0) this.#pending.push(rows);
    while (this.#pending.reduce((sum, { rowCount }) => sum + rowCount, 0) >= this.#rowTarget) {
      const all = joined(this.#pending);
      const count = this.#rowTarget;
      this.#pending = all.rowCount === count ? [] : [sliced(all, count, all.rowCount)];
      this.#write(sliced(all, 0, count));
    }
  }

  finish(): void {
    if (this.#pending.length > 0) this.#write(joined(this.#pending));
    this.#pending = [];
  }

  /** Rows that turn out too large for one part become two. */
  #write(rows: PartRows): void {
    const { partBytesMax } = this.#writing;
    const bytes = encodePart(this.#writing, rows);
    if (bytes.length > partBytesMax) {
      if (rows.rowCount === 1)
        throw new InvariantError('Expected a row that fits one part', { sizeBytes: bytes.length, partBytesMax });
      const half = rows.rowCount >> 1;
      this.#write(sliced(rows, 0, half));
      this.#write(sliced(rows, half, rows.rowCount));
      return;
    }
    this.#rowTarget = Math.max(1, Math.floor((rows.rowCount * partBytesMax * fillFraction) / bytes.length));
    const contentId = sha256Of(bytes);
    this.#onPart({ bytes, rowCount: rows.rowCount, contentId });
  }
}

function encodePart({ columns, plotIds, keyValues }: PartWriting, rows: PartRows | null): Uint8Array {
  const definitions = columns.map(({ column }) => column);
  const facts = new ParquetFileFacts(definitions);
  if (rows === null) return Buffer.concat([parquetMagic, facts.footer(keyValues)]);
  const values = columns.map(({ kind }, at) => columnValues(kind, rows.values[at]!, plotIds));
  const group = encodeRowGroup(definitions, values, rows.rowCount, rowGroupScratch());
  facts.add(group);
  return Buffer.concat([parquetMagic, group.bytes, facts.footer(keyValues)]);
}

function columnValues(
  kind: PartColumnKind,
  { values, validMask }: QuantizedColumn,
  plotIds: readonly string[],
): ColumnValues {
  if (kind === 'plot') return plotColumn(values, plotIds);
  const mask = validMask.includes(0) ? validMask : null;
  return { kind: kind === 'split' ? 'splitInt32' : 'int32', values, validMask: mask };
}

/** Only plots that occur are in the dictionary: a part does not carry the whole trial. */
function plotColumn(plots: Int32Array, plotIds: readonly string[]): ColumnValues {
  const codeOf = new Map<number, number>();
  const codes = plots.map((plot) => {
    if (plot < 0) return -1;
    const code = codeOf.get(plot) ?? codeOf.size;
    codeOf.set(plot, code);
    return code;
  });
  return { kind: 'codes', dictionary: [...codeOf.keys()].map((plot) => plotIds[plot]!), codes };
}

function joined(blocks: readonly PartRows[]): PartRows {
  if (blocks.length === 1) return blocks[0]!;
  const rowCount = blocks.reduce((sum, block) => sum + block.rowCount, 0);
  const values = blocks[0]!.values.map((_, column) => {
    const out: QuantizedColumn = { values: new Int32Array(rowCount), validMask: new Uint8Array(rowCount) };
    let row = 0;
    for (const block of blocks) {
      out.values.set(block.values[column]!.values, row);
      out.validMask.set(block.values[column]!.validMask, row);
      row += block.rowCount;
    }
    return out;
  });
  return { rowCount, values };
}

function sliced(rows: PartRows, from: number, to: number): PartRows {
  const values = rows.values.map(({ values: all, validMask }) => ({
    values: all.slice(from, to),
    validMask: validMask.slice(from, to),
  }));
  return { rowCount: to - from, values };
}
