import type { z } from 'zod';
import { FormatError } from '../../errors.ts';
import { formatJson, parseJson } from './json-int64.ts';
import { firstProblem, metadataShape } from './metadata-shapes.ts';
import { mainBranch, type PartitionSpec, type Schema, type TableMetadata } from './table-metadata.ts';

/** Partition field ids begin here. @source Apache Iceberg table specification, "Partition Evolution" */
const partitionIdBase = 1000;

/**
 * A metadata file of version 1 or 2, checked: ids point at things that exist.
 *
 * @param name For messages: key or URI.
 * @throws FormatError for other text, for version 3 and for metadata that contradicts itself. Disposition: quarantine.
 */
export function parseTableMetadata(text: string, name: string): TableMetadata {
  return toTableMetadata(parseJson(text, name), name);
}

/** As parseTableMetadata, from a value that parseJson made (a catalog's answer holds metadata inside). */
export function toTableMetadata(value: unknown, name: string): TableMetadata {
  const parsed = metadataShape.safeParse(value);
  if (!parsed.success) throw new FormatError(`Expected Iceberg metadata, got ${firstProblem(parsed.error)} (${name}).`);
  const raw = parsed.data;
  const version = raw['format-version'];
  if (version !== 1 && version !== 2)
    throw new FormatError(`Expected Iceberg format version 1 or 2, got ${version} (${name}).`, { version });
  const { schema, 'partition-spec': topSpec, ...rest } = raw;
  const specs = numberedSpecs(raw, topSpec);
  const currentId = raw['current-snapshot-id'] ?? null;
  const current = currentId === null || currentId < 0n ? null : currentId;
  const hasMain = raw.refs[mainBranch] !== undefined || current === null;
  const metadata = {
    ...rest,
    schemas: raw.schemas ?? (schema === undefined ? [] : [schema]),
    'partition-specs': specs,
    'last-partition-id': raw['last-partition-id'] ?? lastPartitionId(specs),
    'current-snapshot-id': current,
    refs: hasMain ? raw.refs : { ...raw.refs, [mainBranch]: { 'snapshot-id': current, type: 'branch' } },
  } as unknown as TableMetadata;
  const problem = contradictionIn(metadata);
  if (problem !== null) throw new FormatError(`Expected ${problem} (${name}).`, { path: name });
  return metadata;
}

/** The text of a metadata file. */
export function formatTableMetadata(metadata: TableMetadata): string {
  const { 'current-snapshot-id': current, ...rest } = metadata;
  return formatJson(current === null ? rest : metadata);
}

type RawMetadata = z.infer<typeof metadataShape>;

/** Version 1 may leave partition field ids out: they count from 1000 in order. */
function numberedSpecs(raw: RawMetadata, topSpec: RawMetadata['partition-spec']): PartitionSpec[] {
  const specs = raw['partition-specs'] ?? [{ 'spec-id': 0, fields: topSpec ?? [] }];
  return specs.map((spec) => ({
    ...spec,
    fields: spec.fields.map((field, index) => ({ ...field, 'field-id': field['field-id'] ?? partitionIdBase + index })),
  }));
}

/** The highest partition field id of any spec; 999 where no table field is a partition. */
export function lastPartitionId(specs: readonly PartitionSpec[]): number {
  return Math.max(partitionIdBase - 1, ...specs.flatMap((spec) => spec.fields.map((field) => field['field-id'])));
}

/** What the metadata claims and does not hold, as "X, got Y"; null when it is sound. */
export function contradictionIn(metadata: TableMetadata): string | null {
  const { schemas, snapshots } = metadata;
  const schemaIds = new Set(schemas.map((schema) => schema['schema-id']));
  if (!schemaIds.has(metadata['current-schema-id']))
    return `a current schema among the schemas, got id ${metadata['current-schema-id']}`;
  if (!metadata['partition-specs'].some((spec) => spec['spec-id'] === metadata['default-spec-id']))
    return `a default spec among the specs, got id ${metadata['default-spec-id']}`;
  if (!metadata['sort-orders'].some((order) => order['order-id'] === metadata['default-sort-order-id']))
    return `a default sort order among the orders, got id ${metadata['default-sort-order-id']}`;
  const snapshotIds = new Set(snapshots.map((snapshot) => snapshot['snapshot-id']));
  if (snapshotIds.size !== snapshots.length) return 'each snapshot id once, got one twice';
  const current = metadata['current-snapshot-id'];
  if (current !== null && !snapshotIds.has(current)) return `the current snapshot among the snapshots, got ${current}`;
  for (const [name, ref] of Object.entries(metadata.refs))
    if (!snapshotIds.has(ref['snapshot-id'])) return `a snapshot for ref ${name}, got ${ref['snapshot-id']}`;
  if (current !== null && metadata.refs[mainBranch]?.['snapshot-id'] !== current)
    return `branch ${mainBranch} at the current snapshot, got ${metadata.refs[mainBranch]?.['snapshot-id']}`;
  const highest = highestFieldId(schemas);
  if (highest > metadata['last-column-id'])
    return `last-column-id of at least ${highest}, got ${metadata['last-column-id']}`;
  for (const schema of schemas) {
    const repeated = repeatedFieldIn(schema);
    if (repeated !== null) return `each column once in schema ${schema['schema-id']}, got ${repeated} twice`;
  }
  return null;
}

/** The highest field id in any of the schemas, nested fields included. */
export function highestFieldId(schemas: readonly Schema[]): number {
  return schemas.reduce((highest, schema) => Math.max(highest, ...fieldIdsOf(schema)), 0);
}

/** Ids of all fields, elements, keys and values, outer first. */
export function fieldIdsOf(schema: Pick<Schema, 'fields'>): number[] {
  return schema.fields.flatMap((field) => [field.id, ...idsInType(field.type)]);
}

function idsInType(type: Schema['fields'][number]['type']): number[] {
  if (typeof type === 'string') return [];
  if (type.type === 'struct') return fieldIdsOf(type);
  if (type.type === 'list') return [type['element-id'], ...idsInType(type.element)];
  return [type['key-id'], type['value-id'], ...idsInType(type.key), ...idsInType(type.value)];
}

function repeatedFieldIn(schema: Schema): string | null {
  const ids = fieldIdsOf(schema);
  const names = schema.fields.map((field) => field.name);
  const repeatedId = ids.find((id, index) => ids.indexOf(id) !== index);
  if (repeatedId !== undefined) return `id ${repeatedId}`;
  return names.find((name, index) => names.indexOf(name) !== index) ?? null;
}
