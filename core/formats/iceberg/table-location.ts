import { FormatError } from '../../errors.ts';
import type { TableIdentifier } from '../../ports/catalog.ts';
import type { ObjectStore } from '../../ports/object-store.ts';

/** Everything of one table lies under this prefix of the warehouse. */
export function tableKey(table: TableIdentifier): string {
  return `tables/${table.namespace}/${table.name}`;
}

export function tableLocation(warehouse: Pick<ObjectStore, 'rootUri'>, table: TableIdentifier): string {
  return uriOf(warehouse, tableKey(table));
}

/** Iceberg locations are plain concatenations: no engine decodes percent signs in them. */
export function uriOf(warehouse: Pick<ObjectStore, 'rootUri'>, key: string): string {
  return `${warehouse.rootUri}/${key}`;
}

/**
 * The key of an absolute URI. Metadata may name any file of the machine; only the warehouse's own are opened.
 * @throws FormatError for a URI outside the warehouse. Disposition: quarantine.
 */
export function keyOf(warehouse: Pick<ObjectStore, 'rootUri'>, uri: string): string {
  // One file has three spellings: file:/x, file:///x and, from some engines, file://localhost/x.
  const plain = (text: string) => text.replace(/^file:(\/\/localhost)?\/+/, 'file:///').replace(/^s3[an]:/, 's3:');
  const root = `${plain(warehouse.rootUri)}/`;
  const wanted = plain(uri);
  const key = wanted.slice(root.length);
  const isInside =
    wanted.startsWith(root) && key !== '' && key.split('/').every((part) => !['', '.', '..'].includes(part));
  if (!isInside)
    throw new FormatError(
      `Expected a file under ${warehouse.rootUri}, got ${uri}. Only files of the warehouse are read.`,
      {
        uri,
      },
    );
  return key;
}
