import type { RawKey } from '#schemas/object-keys.ts';
import { refYields } from '#schemas/tables.ts';
import { FormatError } from '../../errors.ts';
import { textFileBytesMax } from '../../limits.ts';
import type { Payload } from '../payload.ts';
import type { Row } from '../stage-table.ts';
import { parseCsv } from './csv.ts';
import { oneFilePayload } from './one-file-payload.ts';

/** Measured traits: one CSV file with the columns plot_id, trait, value and optionally season becomes rows of ref.yields. */
export const yieldsPayload: Payload = oneFilePayload({
  name: 'yields',
  prefix: 'yields',
  extension: 'csv',
  table: refYields,
  sizeBytesMax: textFileBytesMax,
  rows: yieldRows,
});

const missingTexts = new Set(['', 'na', 'nan', 'null', '.']);

function yieldRows(text: string, key: RawKey, where: string): Row[] {
  const [header, ...records] = parseCsv(text, where);
  const names = (header ?? []).map((name) => name.trim().toLowerCase());
  for (const name of ['plot_id', 'trait', 'value']) {
    if (!names.includes(name)) {
      throw new FormatError(
        `Expected the columns plot_id, trait and value, got ${names.join(', ') || 'none'} (${where}).`,
        { where },
      );
    }
  }
  const cell = (record: readonly string[], name: string): string => record[names.indexOf(name)]?.trim() ?? '';
  if (records.length === 0)
    throw new FormatError(`Expected at least one value, got only the header (${where}).`, { where });
  return records.map((record, index) => {
    const text = cell(record, 'value');
    const value = missingTexts.has(text.toLowerCase()) ? null : Number(text);
    const plotId = cell(record, 'plot_id');
    if (plotId === '' || cell(record, 'trait') === '' || (value !== null && !Number.isFinite(value))) {
      throw new FormatError(
        `Expected a plot, a trait and a number, got "${record.join(',')}" (${where}, row ${index + 2}).`,
        { where },
      );
    }
    const season = names.includes('season') ? cell(record, 'season') : '';
    return {
      farm_id: key.farmId,
      source_id: key.id,
      plot_id: plotId,
      season: season === '' ? null : season,
      trait: cell(record, 'trait'),
      value,
    };
  });
}
