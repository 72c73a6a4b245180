import { randomUUID } from 'node:crypto';
import { CommitConflictError, ConfigurationError, NotFoundError } from '#core/errors.ts';
import { applyUpdates } from '#core/formats/iceberg/apply-updates.ts';
import { newTableMetadata } from '#core/formats/iceberg/create-table.ts';
import { tableLocation } from '#core/formats/iceberg/table-location.ts';
import type { CreateTableRequest, TableCommit, TableMetadata } from '#core/formats/iceberg/table-metadata.ts';
import type {
  Catalog,
  LoadedTable,
  NamespaceChange,
  NamespaceProperties,
  TableIdentifier,
} from '#core/ports/catalog.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { NamespaceMarkers } from './namespace-markers.ts';
import { nameIn, nameOf, TableNames, withName } from './table-names.ts';
import { type TableVersion, TableVersions } from './table-versions.ts';

export interface PointerCatalogOptions {
  readonly nowMs?: () => number;
  readonly newUuid?: () => string;
}

/**
 * A catalog that needs nothing but the warehouse: the newest `v<N>.metadata.json` of a table is the table, and creating
 * the next one conditionally is a commit. A table lies at `tables/<namespace>/<name>` of the name that it was created with.
 *
 * Dropping a table is one more version, a tombstone: it races with commits like any other, and the table's files stay
 * for maintenance to remove. A table of the same name continues the numbers. Renaming is one more version too: the
 * files stay in the folder of the first name.
 */
export function pointerCatalog(warehouse: ObjectStore, options: PointerCatalogOptions = {}): Catalog {
  return new PointerCatalog(warehouse, options.nowMs ?? Date.now, options.newUuid ?? randomUUID);
}

class PointerCatalog implements Catalog {
  readonly #warehouse: ObjectStore;
  readonly #versions: TableVersions;
  readonly #names: TableNames;
  readonly #namespaces: NamespaceMarkers;
  readonly #nowMs: () => number;
  readonly #newUuid: () => string;

  constructor(warehouse: ObjectStore, nowMs: () => number, newUuid: () => string) {
    this.#warehouse = warehouse;
    this.#versions = new TableVersions(warehouse);
    this.#names = new TableNames(warehouse, this.#versions, newUuid);
    this.#namespaces = new NamespaceMarkers(warehouse);
    this.#nowMs = nowMs;
    this.#newUuid = newUuid;
  }

  listNamespaces(): Promise<string[]> {
    return this.#namespaces.list();
  }

  createNamespace(namespace: string, properties: NamespaceProperties = {}): Promise<void> {
    return this.#namespaces.create(namespace, properties);
  }

  loadNamespace(namespace: string): Promise<NamespaceProperties | null> {
    return this.#namespaces.load(namespace);
  }

  updateNamespace(namespace: string, change: NamespaceChange): Promise<void> {
    return this.#namespaces.update(namespace, change);
  }

  async dropNamespace(namespace: string): Promise<void> {
    await this.#needNamespace(namespace);
    const [table] = await this.listTables(namespace);
    if (table !== undefined)
      throw new CommitConflictError(
        `Expected a namespace without tables, got ${nameOf(table)}. Drop its tables first.`,
        { namespace },
      );
    await this.#namespaces.drop(namespace);
  }

  async listTables(namespace: string): Promise<TableIdentifier[]> {
    const tables = await this.#names.list(namespace);
    const found = await Promise.all(tables.map((table) => this.#names.find(table)));
    return tables.filter((_, index) => found[index] !== null);
  }

  async loadTable(identifier: TableIdentifier): Promise<LoadedTable | null> {
    const found = await this.#names.find(identifier);
    return found === null ? null : { identifier, metadata: found.metadata, metadataLocation: found.version.location };
  }

  async createTable(identifier: TableIdentifier, request: CreateTableRequest): Promise<LoadedTable> {
    await this.#needNamespace(identifier.namespace);
    const previous = await this.#freePlace(identifier);
    const location = (request.location ?? tableLocation(this.#warehouse, identifier)).replace(/\/+$/, '');
    this.#checkLocation(identifier, identifier, location);
    const birth = { uuid: this.#newUuid(), location, nowMs: this.#nowMs() };
    return this.#publishNew(identifier, previous, withName(newTableMetadata(request, birth), null));
  }

  async commitTable(identifier: TableIdentifier, commit: TableCommit): Promise<LoadedTable> {
    const found = await this.#names.find(identifier);
    const isCreation = commit.requirements.some((requirement) => requirement.type === 'assert-create');
    if (found === null && !isCreation) throw noTable(identifier);
    if (found === null) await this.#needNamespace(identifier.namespace);
    const current = found === null ? null : { metadata: found.metadata, metadataLocation: found.version.location };
    const metadata = applyUpdates(current, commit, nameOf(identifier), this.#nowMs());
    this.#checkLocation(identifier, found?.place ?? identifier, metadata.location);
    if (found !== null) {
      const named = withName(metadata, nameIn(found.metadata));
      const { location } = await this.#versions.publish(found.place, found.version, named);
      return { identifier, metadata: named, metadataLocation: location };
    }
    const previous = await this.#freePlace(identifier);
    const identified = metadata['table-uuid'] === '' ? { ...metadata, 'table-uuid': this.#newUuid() } : metadata;
    return this.#publishNew(identifier, previous, withName(identified, null));
  }

  async dropTable(identifier: TableIdentifier): Promise<void> {
    const found = await this.#names.find(identifier);
    if (found === null) throw noTable(identifier);
    await this.#versions.publish(found.place, found.version, null);
  }

  async renameTable(from: TableIdentifier, to: TableIdentifier): Promise<void> {
    await this.#needNamespace(to.namespace);
    const found = await this.#names.find(from);
    if (found === null) throw noTable(from);
    const isHome = nameOf(found.place) === nameOf(to);
    if (!isHome) await this.#names.point(to, found.place);
    const name = isHome ? null : nameOf(to);
    const current = { metadata: found.metadata, metadataLocation: found.version.location };
    const metadata = applyUpdates(current, { requirements: [], updates: [] }, nameOf(from), this.#nowMs());
    await this.#versions.publish(found.place, found.version, withName(metadata, name));
  }

  /** What was at the table's own place before: null or a dropped table. */
  async #freePlace(identifier: TableIdentifier): Promise<TableVersion | null> {
    if ((await this.#names.find(identifier)) !== null)
      throw new CommitConflictError(`Expected no table ${nameOf(identifier)}, got one.`, { table: nameOf(identifier) });
    const previous = await this.#versions.newest(identifier);
    const stranger = previous?.metadata ?? null;
    if (stranger === null) return previous;
    const strangerName = nameIn(stranger);
    // A table at its own place: another writer made it after we had looked for the name.
    if (strangerName === null)
      throw new CommitConflictError(`Expected no table ${nameOf(identifier)}, got one.`, { table: nameOf(identifier) });
    throw new ConfigurationError(
      `Expected an empty place for ${nameOf(identifier)}, got the files of ${strangerName}, which was renamed. Rename it back, drop it or take another name.`,
      { table: nameOf(identifier) },
    );
  }

  /** The marker first: a table without one would be missing from listings, a marker without a table is skipped. */
  async #publishNew(
    identifier: TableIdentifier,
    previous: TableVersion | null,
    metadata: TableMetadata,
  ): Promise<LoadedTable> {
    await this.#names.claim(identifier);
    const published = await this.#versions.publish(identifier, previous, metadata);
    return { identifier, metadata, metadataLocation: published.location };
  }

  async #needNamespace(namespace: string): Promise<void> {
    if ((await this.#namespaces.load(namespace)) !== null) return;
    throw new NotFoundError(`Expected a namespace ${namespace}, got none. Create it first.`, { namespace });
  }

  /**
   * A folder of the table alone, so that maintenance of one table never meets files of another: the folder of its name,
   * or with 32 hexadecimal digits behind it, as Trino makes names unique. Trailing slashes are one place to engines that
   * send them.
   */
  #checkLocation(identifier: TableIdentifier, place: TableIdentifier, location: string): void {
    const own = tableLocation(this.#warehouse, place);
    const given = location.replace(/\/+$/, '');
    if (given === own || (given.startsWith(own) && /^-[0-9a-f]{32}$/.test(given.slice(own.length)))) return;
    throw new ConfigurationError(
      `Expected location ${own}, got ${location} (table ${nameOf(identifier)}). Leave the location out.`,
      { table: nameOf(identifier) },
    );
  }
}

function noTable(identifier: TableIdentifier): NotFoundError {
  const table = nameOf(identifier);
  return new NotFoundError(`Expected a table ${table}, got none.`, { table });
}
