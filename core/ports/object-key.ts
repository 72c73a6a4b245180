import { Buffer } from 'node:buffer';
import { FormatError } from '../errors.ts';
import { objectKeyBytesMax } from '../limits.ts';

/** First segment that stores keep for themselves: its objects are invisible and refused. */
export const reservedSegment = '.store';

/**
 * A key that every store can keep: no empty, `.` or `..` segment, no control character, no lone surrogate, at most 1024
 * bytes of UTF-8, nothing under `.store`.
 * @throws FormatError that names the rule. Disposition: quarantine.
 */
export function checkObjectKey(key: string): void {
  const broken = brokenKeyRule(key);
  if (broken === null) return;
  const shown = JSON.stringify(key.slice(0, 100));
  throw new FormatError(`Expected an object key ${broken}, got ${shown} (object key). Rename the object.`, { key });
}

export function isObjectKey(key: string): boolean {
  return brokenKeyRule(key) === null;
}

function brokenKeyRule(key: string): string | null {
  if (key.length > objectKeyBytesMax || Buffer.byteLength(key) > objectKeyBytesMax) {
    return `of at most ${objectKeyBytesMax} bytes`;
  }
  if (!key.isWellFormed()) return 'of whole Unicode characters';
  if (hasControlCharacter(key)) return 'without control characters';
  const segments = key.split('/');
  if (segments.some((segment) => segment === '')) return 'without empty segments';
  if (segments.some((segment) => segment === '.' || segment === '..')) return 'without "." and ".." segments';
  if (segments[0] === reservedSegment) return `outside "${reservedSegment}"`;
  return null;
}

function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  }
  return false;
}

/** Order of UTF-8 bytes, which is the order of every listing. JavaScript's own order differs above U+FFFF. */
export function compareKeys(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
