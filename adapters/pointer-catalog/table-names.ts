import { CommitConflictError, NotFoundError, PreconditionFailedError } from '#core/errors.ts';
import { parseJson } from '#core/formats/iceberg/json-int64.ts';
import type { TableMetadata } from '#core/formats/iceberg/table-metadata.ts';
import type { TableIdentifier } from '#core/ports/catalog.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { nameInKey, tableMarkerKey, tableMarkerPrefix } from './pointer-keys.ts';
import type { TableVersion, TableVersions } from './table-versions.ts';

/** A live table: the folder where its metadata lies (the name that it was created with) and its newest version. */
export interface FoundTable {
  readonly place: TableIdentifier;
  readonly version: TableVersion;
  readonly metadata: TableMetadata;
}

/** Table property of a renamed table: the only name that it answers to. */
const nameProperty = 'cubelake.renamed-to';

interface Marker {
  readonly etag: string;
  /** Where the table of this name lies when that is not its own place. */
  readonly place: TableIdentifier | null;
}

/**
 * Which table a name means. Every name that was ever used has a marker, so that listings read `catalog/` only. A table
 * that was renamed says its name in its metadata, which is written in one step: the marker of the new name only says
 * where to look, and counts for nothing while the metadata there says another name.
 */
export class TableNames {
  readonly #warehouse: ObjectStore;
  readonly #versions: TableVersions;
  readonly #newUuid: () => string;

  constructor(warehouse: ObjectStore, versions: TableVersions, newUuid: () => string) {
    this.#warehouse = warehouse;
    this.#versions = versions;
    this.#newUuid = newUuid;
  }

  /** Names that are or were in use. */
  async list(namespace: string): Promise<TableIdentifier[]> {
    const prefix = tableMarkerPrefix(namespace);
    const facts = await Array.fromAsync(this.#warehouse.list(prefix));
    return facts.map(({ key }) => ({ namespace, name: nameInKey(key, prefix) }));
  }

  async find(table: TableIdentifier): Promise<FoundTable | null> {
    const own = await this.#at(table, table);
    if (own !== null) return own;
    const marker = await this.#marker(table);
    return marker?.place == null ? null : this.#at(marker.place, table);
  }

  /**
   * Takes a name for a new table at its own place.
   * @throws CommitConflictError when a table was or is being renamed to it.
   */
  async claim(table: TableIdentifier): Promise<void> {
    if (await this.#create(table, null)) return;
    const marker = await this.#marker(table);
    if (marker?.place == null) return;
    // A dropped table no longer needs the name; a live one there may be on its way to it.
    const there = await this.#versions.newest(marker.place);
    if (there?.metadata != null) throw taken(table);
    await this.#replace(table, marker, null);
  }

  /**
   * Lets a name point at the place of a table that is about to get it.
   * @throws CommitConflictError when the name is in use, or was: a table may be on its way to be created there.
   */
  async point(table: TableIdentifier, place: TableIdentifier): Promise<void> {
    if ((await this.find(table)) !== null) throw taken(table);
    if (await this.#create(table, place)) return;
    const marker = await this.#marker(table);
    if (marker === null || marker.place === null || nameOf(marker.place) !== nameOf(place)) throw taken(table);
    await this.#replace(table, marker, place);
  }

  async #at(place: TableIdentifier, name: TableIdentifier): Promise<FoundTable | null> {
    const version = await this.#versions.newest(place);
    const metadata = version?.metadata ?? null;
    if (version === null || metadata === null) return null;
    return (nameIn(metadata) ?? nameOf(place)) === nameOf(name) ? { place, version, metadata } : null;
  }

  async #marker(table: TableIdentifier): Promise<Marker | null> {
    const key = tableMarkerKey(table);
    try {
      const { bytes, etag } = await this.#warehouse.get(key, { sizeBytesMax: 4096 });
      const value = parseJson(Buffer.from(bytes).toString('utf8'), key) as { place?: TableIdentifier };
      return { etag, place: value.place ?? null };
    } catch (error) {
      if (error instanceof NotFoundError) return null;
      throw error;
    }
  }

  /** @returns false when there is a marker. */
  async #create(table: TableIdentifier, place: TableIdentifier | null): Promise<boolean> {
    try {
      await this.#warehouse.put(tableMarkerKey(table), this.#bytes(place), { ifNoneMatch: '*' });
      return true;
    } catch (error) {
      if (error instanceof PreconditionFailedError) return false;
      throw error;
    }
  }

  async #replace(table: TableIdentifier, marker: Marker, place: TableIdentifier | null): Promise<void> {
    try {
      await this.#warehouse.put(tableMarkerKey(table), this.#bytes(place), { ifMatch: marker.etag });
    } catch (error) {
      if (!(error instanceof PreconditionFailedError)) throw error;
      throw taken(table);
    }
  }

  /** Each pointer differs from all others, so that one who read an older one cannot replace it. */
  #bytes(place: TableIdentifier | null): Buffer {
    if (place === null) return Buffer.from('{}');
    const { namespace, name } = place;
    return Buffer.from(JSON.stringify({ place: { namespace, name }, id: this.#newUuid() }));
  }
}

export function nameOf({ namespace, name }: TableIdentifier): string {
  return `${namespace}.${name}`;
}

/** The name that a renamed table has; null for one that has its first name. */
export function nameIn(metadata: TableMetadata): string | null {
  return metadata.properties[nameProperty] ?? null;
}

/** Clients may change any property but this one. */
export function withName(metadata: TableMetadata, name: string | null): TableMetadata {
  const { [nameProperty]: _before, ...others } = metadata.properties;
  if (name === nameIn(metadata)) return metadata;
  return { ...metadata, properties: name === null ? others : { ...others, [nameProperty]: name } };
}

function taken(table: TableIdentifier): CommitConflictError {
  const name = nameOf(table);
  return new CommitConflictError(`Expected a free name, got ${name}, which another table has or had.`, { table: name });
}
