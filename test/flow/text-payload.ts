import { dayOfDate } from '#core/day.ts';
import { FormatError, TemporaryError } from '#core/errors.ts';
import { shortHash } from '#core/pipeline/granule-version.ts';
import type { Payload } from '#core/pipeline/payload.ts';
import { stagedTable, stageRows } from '#core/pipeline/stage-table.ts';
import { parseRawKey } from '#schemas/object-keys.ts';
import type { TableDefinition } from '#schemas/table-definition.ts';

/** Lines of text files: the smallest payload that uses everything which a payload may use. */
export const textLines: TableDefinition = {
  namespace: 'silver',
  name: 'text_lines',
  doc: 'Lines of text',
  columns: [
    { id: 1, name: 'farm_id', type: 'string', required: true, doc: 'Farm', metrics: 'full' },
    { id: 2, name: 'acquisition_date', type: 'date', required: true, doc: 'Date', metrics: 'full' },
    { id: 3, name: 'granule', type: 'string', required: true, doc: 'Granule', metrics: 'full' },
    { id: 4, name: 'line', type: 'int', required: true, doc: 'From 0', metrics: 'full' },
    { id: 5, name: 'text', type: 'string', required: true, doc: 'Text', metrics: 'full' },
  ],
  partition: [
    { id: 1000, name: 'farm_id', sourceColumn: 'farm_id', transform: 'identity' },
    { id: 1001, name: 'acquisition_date_day', sourceColumn: 'acquisition_date', transform: 'day' },
  ],
};

/**
 * A granule is a `.txt` and the `.sum` that belongs to it. A text with the word `poison` never succeeds, one with
 * `flaky` fails for now.
 */
export const textPayload: Payload = {
  name: 'text',
  tables: [textLines],
  granuleKeyOf(objectKey) {
    const key = parseRawKey(objectKey);
    if (key === null || !['txt', 'sum'].includes(key.extension)) return null;
    return objectKey.slice(0, -4);
  },
  assemble(granuleKey, objects) {
    const lacking = ['.txt', '.sum'].find((extension) => !objects.some(({ key }) => key === granuleKey + extension));
    return lacking === undefined ? { state: 'ready', parts: objects } : { state: 'waiting', missing: lacking };
  },
  async process(granule, { raw, warehouse, step }) {
    const { farmId, date } = parseRawKey(`${granule.granule_key}.x`)!;
    step('read');
    const text = Buffer.from((await raw.get(`${granule.granule_key}.txt`)).bytes).toString();
    if (text.includes('poison')) throw new FormatError(`Expected text, got poison (${granule.granule_key}).`);
    if (text.includes('flaky')) throw new TemporaryError('Expected an answer, got none. Try again.');
    const day = dayOfDate(date);
    const rows = text.split('\n').map((line, position) => ({
      farm_id: farmId,
      acquisition_date: day,
      granule: granule.granule_key,
      line: position,
      text: line,
    }));
    step('stage');
    const processingId = shortHash(JSON.stringify([granule.granule_version_id, text]));
    const partition = { farm_id: farmId, acquisition_date_day: day };
    const file = await stageRows(warehouse, textLines, partition, `${processingId}.parquet`, rows);
    step('staged');
    return { processingId, tables: [stagedTable(textLines, [file])], report: { rowCount: rows.length } };
  },
};

export function textKey(name: string, extension: 'txt' | 'sum'): string {
  return `raw_cubes/iowa/farm_1/2026/06/01/${name}.${extension}`;
}
