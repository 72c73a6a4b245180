import { chooseSnapshot, loadNamedTable } from '#adapters/duckdb/lake-tables.ts';
import { utcTimeMs } from '#adapters/duckdb/table-references.ts';
import { ConfigurationError } from '#core/errors.ts';
import type { Catalog, LoadedTable } from '#core/ports/catalog.ts';

/** @throws ConfigurationError that lists the tables there are. */
export function tableArgument(catalog: Catalog, text: string | undefined, command: string): Promise<LoadedTable> {
  const [schema, name, ...rest] = (text ?? '').split('.');
  if (!schema || !name || rest.length > 0)
    throw new ConfigurationError(
      `Expected a table as namespace.name, got "${text ?? ''}". Run "cubelake ${command} --help".`,
    );
  return loadNamedTable(catalog, schema, name);
}

/**
 * A snapshot as people name it: its id, a time (UTC where it has no offset), a tag or a branch.
 * @throws ConfigurationError that names what there is.
 */
export function snapshotArgument(table: LoadedTable, text: string): bigint {
  if (/^\d+$/.test(text)) return chooseSnapshot(table, { snapshotId: BigInt(text) });
  const timeMs = /^\d{4}-\d{2}-\d{2}/.test(text) ? utcTimeMs(text) : Number.NaN;
  return chooseSnapshot(table, Number.isNaN(timeMs) ? { reference: text, kind: null } : { timeMs });
}
