import { FormatError } from '#core/errors.ts';
import { tableKey } from '#core/formats/iceberg/table-location.ts';
import type { TableIdentifier } from '#core/ports/catalog.ts';
import { idPattern, idRule } from '#schemas/object-keys.ts';

/** Keys of the catalog in the warehouse. Listings read `catalog/` only, never the folders with data. */
export const namespacePrefix = 'catalog/namespaces/';
export const tablePrefix = 'catalog/tables/';
const suffix = '.json';

export function namespaceKey(namespace: string): string {
  return `${namespacePrefix}${checked(namespace, 'namespace')}${suffix}`;
}

/** Present for every table that was ever created; whether it still is, its newest metadata file says. */
export function tableMarkerKey(table: TableIdentifier): string {
  return `${tableMarkerPrefix(table.namespace)}${checked(table.name, 'table name')}${suffix}`;
}

export function tableMarkerPrefix(namespace: string): string {
  return `${tablePrefix}${checked(namespace, 'namespace')}/`;
}

/** The name in a marker's key. */
export function nameInKey(key: string, prefix: string): string {
  return key.slice(prefix.length, -suffix.length);
}

export function metadataPrefix(table: TableIdentifier): string {
  checked(table.namespace, 'namespace');
  checked(table.name, 'table name');
  return `${tableKey(table)}/metadata/`;
}

export function metadataKey(table: TableIdentifier, version: number): string {
  return `${metadataPrefix(table)}v${version}.metadata.json`;
}

export function hintKey(table: TableIdentifier): string {
  return `${metadataPrefix(table)}version-hint.text`;
}

/** @returns null for another file of the folder. */
export function versionIn(key: string): number | null {
  const found = /\/v([1-9]\d{0,14})\.metadata\.json$/.exec(key);
  return found === null ? null : Number(found[1]);
}

function checked(name: string, what: string): string {
  if (idPattern.test(name)) return name;
  throw new FormatError(`Expected a ${what} of ${idRule}, got ${JSON.stringify(name.slice(0, 80))}.`, { name });
}
