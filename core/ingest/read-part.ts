import { createHash } from 'node:crypto';
import { type FileMetaData, parquetMetadataAsync } from 'hyparquet';
import { type CellFacts, cellFactsSchema, partFactsKey, partTypes, plotFactsSchema } from '#schemas/edge-messages.ts';
import { parseRawKey, type RawKey } from '#schemas/object-keys.ts';
import { CubelakeError, FormatError } from '../errors.ts';
import { type ReadColumn, readColumns } from '../formats/parquet/read-columns.ts';
import { asyncBuffer, boundedZstd } from '../formats/parquet/read-rows.ts';
import { partMessageBytesMax, partValueCountMax } from '../limits.ts';
import { parseJson } from '../pipeline/ledger.ts';
import type { ByteSource } from '../ports/byte-source.ts';

/** Whole numbers of one part, column by column, as its file has them. */
export interface PartTable {
  readonly rowCount: number;
  /** Name -> field id, in file order. */
  readonly fieldIds: ReadonlyMap<string, number>;
  readonly columns: ReadonlyMap<string, ReadColumn>;
}

interface PartIdentity {
  /** SHA-256 of the bytes, hex. */
  readonly partId: string;
  readonly granuleKey: string;
  readonly place: RawKey;
  readonly table: PartTable;
}

export type ReadPart =
  | (PartIdentity & { readonly kind: 'cells'; readonly facts: CellFacts })
  | (PartIdentity & { readonly kind: 'plots' });

/**
 * Reads one part, whoever has sent it: its bytes are those that its id names, its file can be read, and says of itself what
 * parts say. Claims are checked before anything is made for them.
 *
 * @param attributes Of the CloudEvent: `id`, `type`, `subject`.
 * @throws FormatError for anything else. Disposition: quarantine.
 */
export async function readPart(
  source: ByteSource,
  bytes: Uint8Array,
  attributes: {
    readonly id: string | undefined;
    readonly type: string | undefined;
    readonly subject: string | undefined;
  },
): Promise<ReadPart> {
  const partId = createHash('sha256').update(bytes).digest('hex');
  if (attributes.id !== partId) throw refusal(source, `bytes of SHA-256 ${attributes.id?.slice(0, 80)}, got ${partId}`);
  if (bytes.length > partMessageBytesMax)
    throw refusal(source, `at most ${partMessageBytesMax} bytes, got ${bytes.length}`);
  try {
    return await readFile(source, partId, attributes);
  } catch (error) {
    if (error instanceof CubelakeError) throw error;
    throw new FormatError(`Expected a part, got a file that cannot be read (${source.name}).`, { partId }, error);
  }
}

async function readFile(
  source: ByteSource,
  partId: string,
  { type, subject }: { readonly type: string | undefined; readonly subject: string | undefined },
): Promise<ReadPart> {
  const file = asyncBuffer(source);
  const metadata = await parquetMetadataAsync(file);
  const text = metadata.key_value_metadata?.find(({ key }) => key === partFactsKey)?.value;
  const said = parseJson(text ?? '');
  const isCells = type === partTypes.cells;
  if (!isCells && type !== partTypes.plots)
    throw refusal(source, `type ${Object.values(partTypes).join(' or ')}, got ${type}`);
  const facts = (isCells ? cellFactsSchema : plotFactsSchema).safeParse(said);
  if (!facts.success) {
    const [issue] = facts.error.issues;
    throw refusal(source, `facts of a part under ${partFactsKey}, got another ${issue?.path.join('.') || 'value'}`);
  }
  const granuleKey = facts.data.granule_key;
  const place = parseRawKey(`${granuleKey}.x`);
  if (place === null || place.prefix !== 'raw_cubes')
    throw refusal(source, `the key of a raw cube, got "${granuleKey.slice(0, 200)}"`);
  if (granuleKey !== subject) throw refusal(source, `a part of ${subject}, got one of ${granuleKey}`);
  const identity = { partId, granuleKey, place, table: await readTable(source, metadata) };
  return facts.data.mode === 'cells'
    ? { kind: 'cells', facts: facts.data, ...identity }
    : { kind: 'plots', ...identity };
}

async function readTable(source: ByteSource, metadata: FileMetaData): Promise<PartTable> {
  const [, ...elements] = metadata.schema;
  const rowCount = Number(metadata.num_rows);
  const groupRows = metadata.row_groups.reduce((sum, group) => sum + Number(group.num_rows), 0);
  if (!(rowCount >= 1) || rowCount !== groupRows || rowCount * elements.length > partValueCountMax)
    throw refusal(
      source,
      `1 row or more and at most ${partValueCountMax} values, got ${rowCount} rows of ${elements.length} columns`,
    );
  const fieldIds = new Map<string, number>();
  for (const { name, field_id: fieldId, num_children: childCount, repetition_type: repetition } of elements) {
    if (fieldId === undefined || (childCount ?? 0) > 0 || repetition === 'REPEATED' || fieldIds.has(name))
      throw refusal(source, `plain columns with field ids, got another (${name.slice(0, 80)})`);
    fieldIds.set(name, fieldId);
  }
  const names = [...fieldIds.keys()];
  const range = {
    file: asyncBuffer(source),
    metadata,
    compressors: boundedZstd(source),
    rowStart: 0,
    rowEnd: rowCount,
  };
  const columns = await readColumns(range, names);
  const short = columns.findIndex((column) => column.length !== rowCount);
  if (short >= 0) throw refusal(source, `${rowCount} values of ${names[short]}, got ${columns[short]!.length}`);
  return { rowCount, fieldIds, columns: new Map(names.map((name, at) => [name, columns[at]!])) };
}

function refusal(source: ByteSource, expectation: string): FormatError {
  return new FormatError(`Expected a part with ${expectation} (${source.name}).`, { part: source.name });
}
