import { type AvroBlock, type AvroHeader, blocksIn, framedBytesOf } from '../avro/avro-blocks.ts';
import type { FieldSummary } from './manifest-list.ts';
import { compareSingleValues, decodeSingleValue } from './single-value.ts';

/** Header entry of our manifests that says which partitions each block holds; other programs do not know it and lose nothing. */
export const blockIndexKey = 'cubelake.blocks';

/** A run of entries of a manifest, and what its partition values can be: null when nobody says. */
export interface DescribedBlock {
  readonly block: AvroBlock;
  readonly partitions: readonly FieldSummary[] | null;
}

/** Where a block stands in its manifest. */
export interface BlockPlace {
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  readonly partitions: readonly FieldSummary[] | null;
}

type StoredSummary = readonly [
  containsNull: boolean,
  containsNan: boolean | null,
  lower: string | null,
  upper: string | null,
];

/** The value of `blockIndexKey`: for each block its size and the summaries of its partition fields, bounds in hexadecimal. */
export function formatBlockIndex(blocks: readonly DescribedBlock[]): string {
  return JSON.stringify(
    blocks.map(({ block, partitions }) => [
      framedBytesOf(block),
      partitions?.map(
        ({ containsNull, containsNan, lowerBound, upperBound }): StoredSummary => [
          containsNull,
          containsNan,
          hexOf(lowerBound),
          hexOf(upperBound),
        ],
      ) ?? null,
    ]),
  );
}

/**
 * Where the blocks of a manifest are by its own index.
 * @param sizeBytes Of the whole file: an index that does not lead exactly to its end belongs to other bytes.
 * @returns null without an index that fits; then the blocks themselves must be walked.
 */
export function readBlockIndex(header: AvroHeader, sizeBytes: number): BlockPlace[] | null {
  const text = header.metadata.get(blockIndexKey);
  if (text === undefined) return null;
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(stored)) return null;
  const places: BlockPlace[] = [];
  let offsetBytes = header.lengthBytes;
  for (const each of stored) {
    const place = placeOf(each, offsetBytes);
    if (place === null) return null;
    places.push(place);
    offsetBytes += place.sizeBytes;
  }
  return offsetBytes === sizeBytes ? places : null;
}

function placeOf(stored: unknown, offsetBytes: number): BlockPlace | null {
  if (!Array.isArray(stored)) return null;
  const [sizeBytes, summaries] = stored as unknown[];
  if (!Number.isSafeInteger(sizeBytes) || (sizeBytes as number) <= 0) return null;
  if (summaries === null) return { offsetBytes, sizeBytes: sizeBytes as number, partitions: null };
  if (!Array.isArray(summaries)) return null;
  const partitions = summaries.map(summaryOf);
  return partitions.every((each) => each !== null) ? { offsetBytes, sizeBytes: sizeBytes as number, partitions } : null;
}

function summaryOf(stored: unknown): FieldSummary | null {
  if (!Array.isArray(stored) || stored.length !== 4) return null;
  const [containsNull, containsNan, lower, upper] = stored as unknown[];
  const isBound = (bound: unknown) => bound === null || (typeof bound === 'string' && /^([0-9a-f]{2})*$/.test(bound));
  if (!isBound(lower) || !isBound(upper)) return null;
  return {
    containsNull: containsNull !== false,
    containsNan: typeof containsNan === 'boolean' ? containsNan : null,
    lowerBound: lower === null ? null : Buffer.from(lower as string, 'hex'),
    upperBound: upper === null ? null : Buffer.from(upper as string, 'hex'),
  };
}

/** Places of the blocks of a manifest without an index. */
export function walkBlocks(bytes: Uint8Array, header: AvroHeader, name: string): BlockPlace[] {
  let offsetBytes = header.lengthBytes;
  return blocksIn(bytes.subarray(header.lengthBytes), header, name).map((block) => {
    const place = { offsetBytes, sizeBytes: framedBytesOf(block), partitions: null };
    offsetBytes += place.sizeBytes;
    return place;
  });
}

/** By the lowest partition, so that neighbours in time stand together. @param types Of the partition fields. */
export function sortedByPartition(blocks: readonly DescribedBlock[], types: readonly string[]): DescribedBlock[] {
  return blocks.toSorted((a, b) => {
    for (const [position, type] of types.entries()) {
      const [left, right] = [a, b].map(({ partitions }) => {
        const bound = partitions?.[position]?.lowerBound ?? null;
        return bound === null ? null : decodeSingleValue(type, bound);
      });
      if (left === right) continue;
      if (left === null || left === undefined) return -1;
      if (right === null || right === undefined) return 1;
      const order = compareSingleValues(left, right);
      if (order !== 0) return order;
    }
    return 0;
  });
}

/** What the partition values of several runs of entries can be. */
export function joinedSummaries(
  parts: readonly (readonly FieldSummary[] | null)[],
  types: readonly string[],
): FieldSummary[] | null {
  if (parts.some((part) => part === null)) return null;
  return types.map((type, position) => {
    const summaries = parts.map((part) => part![position]!);
    return {
      containsNull: summaries.some((each) => each.containsNull),
      containsNan: summaries.some((each) => each.containsNan !== false),
      lowerBound: outermost(
        summaries.map((each) => each.lowerBound),
        type,
        -1,
      ),
      upperBound: outermost(
        summaries.map((each) => each.upperBound),
        type,
        1,
      ),
    };
  });
}

function outermost(bounds: readonly (Uint8Array | null)[], type: string, sign: number): Uint8Array | null {
  let found: Uint8Array | null = null;
  for (const bound of bounds) {
    if (bound === null) continue;
    const isFurther =
      found === null ||
      compareSingleValues(decodeSingleValue(type, bound)!, decodeSingleValue(type, found)!) * sign > 0;
    if (isFurther) found = bound;
  }
  return found;
}

function hexOf(bound: Uint8Array | null): string | null {
  return bound === null ? null : Buffer.from(bound).toString('hex');
}
