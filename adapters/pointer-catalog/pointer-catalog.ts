import { randomUUID } from 'node:crypto';
import { CommitConflictError, ConfigurationError, NotFoundError, PreconditionFailedError } from '#core/errors.ts';
import { applyUpdates } from '#core/formats/iceberg/apply-updates.ts';
import { newTableMetadata } from '#core/formats/iceberg/create-table.ts';
import { tableLocation } from '#core/formats/iceberg/table-location.ts';
import type { CreateTableRequest, TableCommit, TableMetadata } from '#core/formats/iceberg/table-metadata.ts';
import type { Catalog, LoadedTable, TableIdentifier } from '#core/ports/catalog.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { nameIn, namespaceKey, namespacePrefix, tableMarkerKey, tableMarkerPrefix } from './pointer-keys.ts';
import { type TableVersion, TableVersions } from './table-versions.ts';

export interface PointerCatalogOptions {
  readonly nowMs?: () => number;
  readonly newUuid?: () => string;
}

/**
 * A catalog that needs nothing but the warehouse: the newest `v<N>.metadata.json` of a table is the table, and creating
 * the next one conditionally is a commit. Tables always lie at `tables/<namespace>/<name>`.
 *
 * Dropping a table is one more version, a tombstone: it races with commits like any other, and the table's files stay
 * for maintenance to remove. A table of the same name continues the numbers.
 */
export function pointerCatalog(warehouse: ObjectStore, options: PointerCatalogOptions = {}): Catalog {
  return new PointerCatalog(warehouse, options.nowMs ?? Date.now, options.newUuid ?? randomUUID);
}

class PointerCatalog implements Catalog {
  readonly #warehouse: ObjectStore;
  readonly #versions: TableVersions;
  readonly #nowMs: () => number;
  readonly #newUuid: () => string;

  constructor(warehouse: ObjectStore, nowMs: () => number, newUuid: () => string) {
    this.#warehouse = warehouse;
    this.#versions = new TableVersions(warehouse);
    this.#nowMs = nowMs;
    this.#newUuid = newUuid;
  }

  async listNamespaces(): Promise<string[]> {
    return this.#namesUnder(namespacePrefix);
  }

  async createNamespace(namespace: string): Promise<void> {
    await this.#mark(namespaceKey(namespace));
  }

  async listTables(namespace: string): Promise<TableIdentifier[]> {
    const names = await this.#namesUnder(tableMarkerPrefix(namespace));
    const tables = names.map((name) => ({ namespace, name }));
    const newest = await Promise.all(tables.map((table) => this.#versions.newest(table)));
    return tables.filter((_, index) => (newest[index]?.metadata ?? null) !== null);
  }

  async loadTable(identifier: TableIdentifier): Promise<LoadedTable | null> {
    const newest = await this.#versions.newest(identifier);
    return newest === null ? null : loaded(identifier, newest);
  }

  async createTable(identifier: TableIdentifier, request: CreateTableRequest): Promise<LoadedTable> {
    await this.#needNamespace(identifier.namespace);
    const previous = await this.#versions.newest(identifier);
    if (previous !== null && previous.metadata !== null)
      throw new CommitConflictError(`Expected no table ${nameOf(identifier)}, got one.`, { table: nameOf(identifier) });
    const location = tableLocation(this.#warehouse, identifier);
    const birth = { uuid: this.#newUuid(), location, nowMs: this.#nowMs() };
    this.#checkLocation(identifier, request.location ?? location);
    return this.#publish(identifier, previous, newTableMetadata(request, birth));
  }

  async commitTable(identifier: TableIdentifier, commit: TableCommit): Promise<LoadedTable> {
    const previous = await this.#versions.newest(identifier);
    const base = previous?.metadata ?? null;
    const isCreation = commit.requirements.some((requirement) => requirement.type === 'assert-create');
    if (base === null && !isCreation) throw noTable(identifier);
    if (base === null) await this.#needNamespace(identifier.namespace);
    const current = base === null ? null : { metadata: base, metadataLocation: previous!.location };
    const metadata = applyUpdates(current, commit, nameOf(identifier), this.#nowMs());
    this.#checkLocation(identifier, metadata.location);
    const identified = metadata['table-uuid'] === '' ? { ...metadata, 'table-uuid': this.#newUuid() } : metadata;
    return this.#publish(identifier, previous, identified);
  }

  async dropTable(identifier: TableIdentifier): Promise<void> {
    const previous = await this.#versions.newest(identifier);
    if (previous === null || previous.metadata === null) throw noTable(identifier);
    await this.#versions.publish(identifier, previous, null);
  }

  /** The marker first: a table without one would be missing from listings, a marker without a table is skipped. */
  async #publish(
    identifier: TableIdentifier,
    previous: TableVersion | null,
    metadata: TableMetadata,
  ): Promise<LoadedTable> {
    if (previous === null) await this.#mark(tableMarkerKey(identifier));
    const published = await this.#versions.publish(identifier, previous, metadata);
    return { identifier, metadata, metadataLocation: published.location };
  }

  async #needNamespace(namespace: string): Promise<void> {
    if ((await this.#warehouse.head(namespaceKey(namespace))) !== null) return;
    throw new NotFoundError(`Expected a namespace ${namespace}, got none. Create it first.`, { namespace });
  }

  /** Trailing slashes are one place to engines that send them. */
  #checkLocation(identifier: TableIdentifier, location: string): void {
    const own = tableLocation(this.#warehouse, identifier);
    if (location.replace(/\/+$/, '') === own) return;
    throw new ConfigurationError(
      `Expected location ${own}, got ${location} (table ${nameOf(identifier)}). Leave the location out.`,
      { table: nameOf(identifier) },
    );
  }

  async #mark(key: string): Promise<void> {
    try {
      await this.#warehouse.put(key, Buffer.from('{}'), { ifNoneMatch: '*' });
    } catch (error) {
      if (!(error instanceof PreconditionFailedError)) throw error;
    }
  }

  async #namesUnder(prefix: string): Promise<string[]> {
    const facts = await Array.fromAsync(this.#warehouse.list(prefix));
    return facts.map(({ key }) => nameIn(key, prefix));
  }
}

function loaded(identifier: TableIdentifier, { metadata, location }: TableVersion): LoadedTable | null {
  return metadata === null ? null : { identifier, metadata, metadataLocation: location };
}

function noTable(identifier: TableIdentifier): NotFoundError {
  const table = nameOf(identifier);
  return new NotFoundError(`Expected a table ${table}, got none.`, { table });
}

function nameOf({ namespace, name }: TableIdentifier): string {
  return `${namespace}.${name}`;
}
