import type { z } from 'zod';
import {
  cellFactsSchema,
  type PartAttributes,
  partAttributesSchema,
  partFactsKey,
  partTypes,
  plotFactsSchema,
} from '#schemas/edge-messages.ts';
import { parseRawKey, type RawKey } from '#schemas/object-keys.ts';
import { CubelakeError, FormatError } from '../../errors.ts';
import { type DecodedColumn, decodeColumn } from '../../formats/parquet/decode-column.ts';
import { type FooterColumn, type ParquetFooter, readFooter } from '../../formats/parquet/read-footer.ts';
import { partMessageBytesMax, partRowCountMax, partValueCountMax } from '../../limits.ts';
import type { ByteSource } from '../../ports/byte-source.ts';
import type { LogRecord } from '../../ports/part-log.ts';
import { sha256Of } from '../../sha256.ts';

/** A part that is what it says: its bytes are those of its id, its rows are there. */
export interface ReadPart {
  readonly attributes: PartAttributes;
  /** Of the granule. */
  readonly key: RawKey;
  readonly facts: z.infer<typeof cellFactsSchema> | z.infer<typeof plotFactsSchema>;
  readonly rowCount: number;
  readonly columns: readonly FooterColumn[];
  /** One for each of `columns`. */
  readonly values: readonly DecodedColumn[];
}

/**
 * Reads a part from the log, trusting nothing in it: sizes are bounded before anything is allocated for them.
 * @throws FormatError for whatever is not a part. Disposition: quarantine.
 */
export async function readPart({ headers, value, partition, offset }: LogRecord): Promise<ReadPart> {
  const where = `partition ${partition}, offset ${offset}`;
  try {
    const attributes = attributesOf(headers);
    if (value.length > partMessageBytesMax)
      throw new FormatError(`Expected a part of at most ${partMessageBytesMax} bytes, got ${value.length}.`);
    const actual = sha256Of(value);
    if (actual !== attributes.id) throw new FormatError(`Expected bytes of SHA-256 ${attributes.id}, got ${actual}.`);
    const footer = await readFooter(sourceOf(attributes.id, value));
    if (footer === null) throw new FormatError('Expected a Parquet file of a field machine, got another one.');
    const key = parseRawKey(`${attributes.subject}.x`);
    if (key === null) throw new FormatError(`Expected the key of a granule, got "${attributes.subject}".`);
    return { attributes, key, facts: factsOf(footer, attributes), ...rowsOf(footer, value) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof CubelakeError && error.disposition !== 'quarantine') throw error;
    // Also for RangeError and the like: whatever broken bytes make a decoder do.
    throw new FormatError(`${reason} (${where})`, { partition }, error);
  }
}

function attributesOf(headers: LogRecord['headers']): PartAttributes {
  const named = Object.entries(headers).flatMap(([name, text]) =>
    name.startsWith('ce_') ? [[name.slice(3), text]] : [],
  );
  const parsed = partAttributesSchema.safeParse({
    ...Object.fromEntries(named),
    datacontenttype: headers['content-type'],
  });
  if (parsed.success) return parsed.data;
  throw new FormatError(`Expected the headers of a part, got another ${parsed.error.issues[0]?.path.join('.')}.`);
}

function factsOf({ keyValues }: ParquetFooter, { type, subject, source }: PartAttributes): ReadPart['facts'] {
  const schema = type === partTypes.cells ? cellFactsSchema : plotFactsSchema;
  const parsed = schema.safeParse(JSON.parse(keyValues[partFactsKey] ?? 'null'));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new FormatError(`Expected the facts of a part, got another ${issue?.path.join('.') || 'text'}.`);
  }
  const { granule_key, device } = parsed.data;
  if (granule_key !== subject || device !== source)
    throw new FormatError(`Expected a part of ${subject} by ${source}, got one of ${granule_key} by ${device}.`);
  return parsed.data;
}

function rowsOf(
  { columns, rowGroups }: ParquetFooter,
  bytes: Uint8Array,
): Pick<ReadPart, 'rowCount' | 'columns' | 'values'> {
  const [group] = rowGroups;
  if (group === undefined || rowGroups.length > 1)
    throw new FormatError(`Expected one row group, got ${rowGroups.length}.`);
  const { rowCount } = group;
  const rowCountMax = Math.min(partRowCountMax, Math.floor(partValueCountMax / columns.length));
  if (!Number.isInteger(rowCount) || rowCount < 1 || rowCount > rowCountMax)
    throw new FormatError(`Expected 1 to ${rowCountMax} rows of ${columns.length} columns, got ${rowCount}.`);
  if (
    new Set(columns.map(({ id }) => id)).size < columns.length ||
    new Set(columns.map(({ name }) => name)).size < columns.length
  )
    throw new FormatError('Expected each column once, got one twice.');
  const own = bytes.subarray(group.startBytes, group.startBytes + group.sizeBytes);
  const values = columns.map((column, at) => decodeColumn({ bytes: own, chunk: group.columns[at]!, column, rowCount }));
  return { rowCount, columns, values };
}

function sourceOf(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    sizeBytes: bytes.length,
    async readInto(offsetBytes, target) {
      const part = bytes.subarray(Math.max(0, offsetBytes), Math.max(0, offsetBytes) + target.byteLength);
      if (part.length < target.byteLength)
        throw new FormatError(`Expected a whole part, got one that is cut (${name}).`);
      target.set(part);
    },
    localPath: () =>
      Promise.reject(new FormatError(`Expected a part in memory, got a question for its file (${name}).`)),
    async close() {},
  };
}
