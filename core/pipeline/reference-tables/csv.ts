import { FormatError } from '../../errors.ts';

/**
 * Records of a CSV text: comma, semicolon or tab (whichever the first line has most), double quotes, CRLF or LF; empty
 * lines are skipped.
 *
 * @throws FormatError for a quote that never closes or a record with another number of cells than the first. Disposition: quarantine.
 * @source RFC 4180
 */
export function parseCsv(text: string, where: string): string[][] {
  const delimiter = delimiterOf(text.slice(0, text.search(/\r?\n|$/)));
  const records: string[][] = [];
  let record: string[] = [];
  let cell = '';
  let isQuoted = false;
  const endRecord = (): void => {
    record.push(cell);
    cell = '';
    if (record.length > 1 || record[0] !== '') records.push(record);
    record = [];
  };
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (isQuoted) {
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') cell += text[++at];
      else isQuoted = false;
    } else if (character === '"' && cell === '') isQuoted = true;
    else if (character === delimiter) {
      record.push(cell);
      cell = '';
    } else if (character === '\n') endRecord();
    else if (character !== '\r') cell += character;
  }
  if (isQuoted) throw new FormatError(`Expected every quote to close, got the end of the file (${where}).`, { where });
  endRecord();
  const width = records[0]?.length ?? 0;
  const odd = records.findIndex((cells) => cells.length !== width);
  if (odd >= 0) {
    throw new FormatError(
      `Expected ${width} cells in every row, got ${records[odd]!.length} (${where}, row ${odd + 1}).`,
      { where },
    );
  }
  return records;
}

function delimiterOf(line: string): string {
  return [',', ';', '\t'].reduce((best, candidate) =>
    line.split(candidate).length > line.split(best).length ? candidate : best,
  );
}
