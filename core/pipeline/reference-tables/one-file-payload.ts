import type { Granule } from '#schemas/manifest.ts';
import { granuleKeyOf, parseRawKey, type RawKey, type RawPrefix } from '#schemas/object-keys.ts';
import type { TableDefinition } from '#schemas/table-definition.ts';
import type { ObjectFacts } from '../../ports/object-store.ts';
import { contentHash } from '../content-hash.ts';
import type { Assembly, GranuleOutput, Payload, ProcessContext } from '../payload.ts';
import { type Row, stagedTable, stageRows } from '../stage-table.ts';

export interface OneFileTable {
  readonly name: string;
  readonly prefix: RawPrefix;
  readonly extension: string;
  /** Partitioned by farm_id alone. */
  readonly table: TableDefinition;
  readonly sizeBytesMax: number;
  /** @throws FormatError, GeometryError. Disposition: quarantine. */
  readonly rows: (text: string, key: RawKey, where: string) => Row[];
}

/** Changes when the rows made from the same file change. */
const algorithmVersion = 'reference-table-1';

/** A payload whose granule is one text file that becomes rows of one small table. */
export function oneFilePayload(definition: OneFileTable): Payload {
  return {
    name: definition.name,
    tables: [definition.table],
    granuleKeyOf(objectKey: string): string | null {
      const key = parseRawKey(objectKey);
      return key !== null && key.prefix === definition.prefix ? granuleKeyOf(key) : null;
    },
    assemble(granuleKey: string, objects: readonly ObjectFacts[]): Assembly {
      const file = objects.find((object) => object.key === `${granuleKey}.${definition.extension}`);
      return file === undefined
        ? { state: 'waiting', missing: `.${definition.extension} file` }
        : { state: 'ready', parts: [file] };
    },
    process: (granule, context) => processFile(definition, granule, context),
  };
}

async function processFile(
  definition: OneFileTable,
  granule: Granule,
  context: ProcessContext,
): Promise<GranuleOutput> {
  const part = granule.parts[0]!;
  const { bytes } = await context.raw.get(part.key, { sizeBytesMax: definition.sizeBytesMax });
  const key = parseRawKey(part.key)!;
  const rows = definition.rows(
    Buffer.from(bytes)
      .toString('utf8')
      .replace(/^\uFEFF/, ''),
    key,
    part.key,
  );
  const processingId = contentHash({ algorithmVersion, table: definition.table.name, parts: [[part.key, part.etag]] });
  context.step('stage');
  const partition = { farm_id: key.farmId };
  const file = await stageRows(context.warehouse, definition.table, partition, `${processingId}.parquet`, rows);
  return { processingId, tables: [stagedTable(definition.table, [file])], report: { row_count: rows.length } };
}
