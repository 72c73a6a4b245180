import { stringBoundCharacterCountMax } from '../../limits.ts';
import type { DataFile } from './data-file.ts';
import { truncatedLowerBound, truncatedUpperBound } from './single-value.ts';
import type { Schema } from './table-metadata.ts';

/** The file with long text bounds shortened, outwards, so that no polygon or reason text fills the manifests. */
export function withShortBounds(file: DataFile, schema: Schema): DataFile {
  const lower = { ...file.lowerBounds };
  const upper = { ...file.upperBounds };
  for (const { id, type } of schema.fields) {
    const [from, to] = [lower[id], upper[id]];
    if (type !== 'string') continue;
    if (from !== undefined) lower[id] = encode(truncatedLowerBound(decode(from), stringBoundCharacterCountMax));
    if (to === undefined) continue;
    const shortened = truncatedUpperBound(decode(to), stringBoundCharacterCountMax);
    if (shortened === null) delete upper[id];
    else upper[id] = encode(shortened);
  }
  return { ...file, lowerBounds: lower, upperBounds: upper };
}

function decode(bound: string): string {
  return Buffer.from(bound, 'base64').toString('utf8');
}

function encode(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
