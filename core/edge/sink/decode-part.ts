import { partTypes } from '#schemas/edge-messages.ts';
import { CubelakeError, FormatError } from '../../errors.ts';
import type { LogRecord } from '../../ports/part-log.ts';
import { silverCells } from './cell-values.ts';
import { plotRows } from './plot-rows.ts';
import { readPart } from './read-part.ts';
import type { DecodedPart } from './stage-parts.ts';

/**
 * A message of the log as rows for its table.
 * @throws FormatError and the like for whatever is not a part. Disposition: quarantine.
 */
export async function decodePart(record: LogRecord): Promise<DecodedPart> {
  const part = await readPart(record);
  const place = { part, sizeBytes: record.value.length, partition: record.partition, offset: record.offset };
  try {
    return part.attributes.type === partTypes.cells
      ? { kind: 'cells', ...place, cells: silverCells(part) }
      : { kind: 'plots', ...place, rows: plotRows(part) };
  } catch (error) {
    if (error instanceof CubelakeError) throw error;
    throw new FormatError(`Expected rows of a part, got others (${part.attributes.id}).`, {}, error);
  }
}
