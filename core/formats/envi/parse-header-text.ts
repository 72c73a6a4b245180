import { FormatError } from '../../errors.ts';

/** Keys in lower case with single blanks, values as written: braces off, lines joined by blanks. */
export interface EnviFields {
  readonly values: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}

/** True when bytes begin like an ENVI header. */
export function startsLikeEnvi(start: Uint8Array): boolean {
  return /^\s*ENVI\s*(\r|\n|$)/.test(decode(start.subarray(0, 64)));
}

function decode(bytes: Uint8Array): string {
  // TextDecoder takes a byte order mark off, and gives U+FFFD for bytes of another encoding: only names suffer.
  return new TextDecoder('utf-8').decode(bytes);
}

/**
 * Reads `key = value` lines; a value in braces may run over lines, and a line that begins with `;` is a comment, inside
 * braces too. What has no `=` is skipped with a warning, and of a repeated key the last one counts.
 *
 * @throws FormatError when the first line is not ENVI, or braces stay open. Disposition: quarantine.
 * @source L3Harris, ENVI Header Files.
 */
export function parseEnviHeader(bytes: Uint8Array, where: string): EnviFields {
  const lines = decode(bytes).split(/\r\n|\n|\r/);
  const first = lines.findIndex((line) => line.trim() !== '');
  if (first < 0 || lines[first]!.trim() !== 'ENVI') {
    const got = first < 0 ? 'no text' : `"${lines[first]!.trim().slice(0, 40)}"`;
    throw new FormatError(`Expected "ENVI" as the first line of a header, got ${got} (${where}).`, { where });
  }
  const values = new Map<string, string>();
  const warnings: string[] = [];
  for (let index = first + 1; index < lines.length; index++) {
    const line = lines[index]!.trim();
    if (line === '' || line.startsWith(';')) continue;
    const equals = line.indexOf('=');
    const key = line.slice(0, Math.max(0, equals)).trim().toLowerCase().replace(/\s+/g, ' ');
    if (key === '') {
      warnings.push(`Header line ${index + 1} is no "key = value" and is skipped: "${line.slice(0, 40)}".`);
      continue;
    }
    let value = line.slice(equals + 1).trim();
    if (value.startsWith('{')) {
      const end = closingLine(lines, index, value);
      if (end === null) {
        throw new FormatError(
          `Expected a closing brace for "${key}", got the end of the header (${where}, line ${index + 1}). Correct the header.`,
          { where, key, line: index + 1 },
        );
      }
      value = joinBraced(value, lines, index, end);
      index = end;
    }
    if (values.has(key)) warnings.push(`The header gives "${key}" more than once; the last one counts.`);
    values.set(key, value);
  }
  return { values, warnings };
}

const closes = /\}\s*(;.*)?$/;

/** The line at whose end the braces close. A brace inside a line is part of the text. */
function closingLine(lines: readonly string[], start: number, value: string): number | null {
  if (closes.test(value)) return start;
  for (let index = start + 1; index < lines.length; index++) {
    const line = lines[index]!;
    if (!line.trimStart().startsWith(';') && closes.test(line)) return index;
  }
  return null;
}

function joinBraced(value: string, lines: readonly string[], start: number, end: number): string {
  const inner = lines.slice(start + 1, end + 1).filter((line) => !line.trimStart().startsWith(';'));
  return [value, ...inner.map((line) => line.trim())].join(' ').replace(closes, '').slice(1).trim();
}

/** Items of a list; blank ones at the end (a trailing comma) are no items. */
export function listItems(value: string): string[] {
  const items = value.split(',').map((item) => item.trim());
  while (items.length > 0 && items.at(-1) === '') items.pop();
  return items;
}

/** Numbers of a list; NaN where an item is no number. Blank items are left out. */
export function listNumbers(value: string): Float64Array {
  const items = listItems(value).filter((item) => item !== '');
  return Float64Array.from(items, (item) => (/^[-+.\d]/.test(item) ? Number(item) : Number.NaN));
}
