import { ConfigurationError } from '#core/errors.ts';
import { snapshotAt } from '#core/formats/iceberg/snapshots.ts';
import { currentSchema, snapshotById } from '#core/formats/iceberg/table-metadata.ts';
import type { Catalog, LoadedTable, TableIdentifier } from '#core/ports/catalog.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import type { ScanColumn } from './scan-view.ts';
import type { SnapshotChoice } from './table-references.ts';

export interface LakeContext {
  readonly catalog: Catalog;
  readonly warehouse: ObjectStore;
}

export async function listTables(catalog: Catalog): Promise<TableIdentifier[]> {
  const namespaces = await catalog.listNamespaces();
  const tables = await Promise.all(namespaces.map((namespace) => catalog.listTables(namespace)));
  return tables.flat();
}

/** @throws ConfigurationError that lists the tables there are. Disposition: stop. */
export async function loadNamedTable(catalog: Catalog, schema: string, name: string): Promise<LoadedTable> {
  const identifier = { namespace: schema.toLowerCase(), name: name.toLowerCase() };
  const table = await catalog.loadTable(identifier);
  if (table !== null) return table;
  const known = (await listTables(catalog)).map((each) => `${each.namespace}.${each.name}`).sort();
  const tables = known.length === 0 ? 'none yet: ingest a cube first' : [...known, 'lake.snapshots'].join(', ');
  throw new ConfigurationError(`Expected a table of the lake, got ${schema}.${name}. Tables: ${tables}.`, {
    table: `${schema}.${name}`,
  });
}

/**
 * The snapshot that AT asks for: by id, by the name of a tag or branch, or the one that readers saw at a time.
 * @throws ConfigurationError that names what there is. Disposition: stop.
 */
export function chooseSnapshot(table: LoadedTable, choice: SnapshotChoice): bigint {
  const { metadata } = table;
  const name = `${table.identifier.namespace}.${table.identifier.name}`;
  if ('reference' in choice) return referencedSnapshot(metadata, name, choice);
  const found =
    'snapshotId' in choice
      ? snapshotById(metadata, choice.snapshotId)?.['snapshot-id']
      : snapshotAt(metadata, choice.timeMs)?.['snapshot-id'];
  if (found !== undefined) return found;
  const wanted = 'snapshotId' in choice ? String(choice.snapshotId) : `one at ${new Date(choice.timeMs).toISOString()}`;
  throw new ConfigurationError(
    `Expected a snapshot of ${name}, got ${wanted}. ${span(metadata)} List them with: SELECT * FROM lake.snapshots WHERE table_name = '${name}'`,
    { table: name },
  );
}

function referencedSnapshot(
  metadata: LoadedTable['metadata'],
  table: string,
  { reference, kind }: { readonly reference: string; readonly kind: 'tag' | 'branch' | null },
): bigint {
  const ref = Object.hasOwn(metadata.refs, reference) ? metadata.refs[reference] : undefined;
  if (ref !== undefined && (kind === null || ref.type === kind)) return ref['snapshot-id'];
  const known = Object.entries(metadata.refs).map(([name, { type }]) => `${type} ${name}`);
  throw new ConfigurationError(
    `Expected a ${kind ?? 'tag or branch'} of ${table}, got "${reference}". There are: ${known.sort().join(', ') || 'none yet'}.`,
    { table },
  );
}

function span({ snapshots }: LoadedTable['metadata']): string {
  const times = snapshots.map((snapshot) => snapshot['timestamp-ms']);
  if (times.length === 0) return 'It has none yet.';
  const [first, last] = [Math.min(...times), Math.max(...times)].map((timeMs) => new Date(timeMs).toISOString());
  return `It has ${times.length}, from ${first} to ${last}.`;
}

/** Columns of the table now, or as they were at a snapshot. */
export function columnsAt(table: LoadedTable, snapshotId: bigint | null): ScanColumn[] {
  const { metadata } = table;
  const schemaId = snapshotId === null ? null : snapshotById(metadata, snapshotId)?.['schema-id'];
  const schema = metadata.schemas.find((each) => each['schema-id'] === schemaId) ?? currentSchema(metadata);
  return schema.fields.map(({ id, name, type }) => ({ id, name, type: typeof type === 'string' ? type : type.type }));
}
