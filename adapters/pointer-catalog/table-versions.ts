import { CommitConflictError, CommitStateUnknownError, NotFoundError, PreconditionFailedError } from '#core/errors.ts';
import { parseJson } from '#core/formats/iceberg/json-int64.ts';
import { formatTableMetadata, toTableMetadata } from '#core/formats/iceberg/parse-metadata.ts';
import { uriOf } from '#core/formats/iceberg/table-location.ts';
import type { TableMetadata } from '#core/formats/iceberg/table-metadata.ts';
import type { TableIdentifier } from '#core/ports/catalog.ts';
import type { ObjectFacts, ObjectStore } from '#core/ports/object-store.ts';
import { hintKey, metadataKey, metadataPrefix, versionIn } from './pointer-keys.ts';

/** The newest state of a table's name: its metadata, or null after it was dropped. */
export interface TableVersion {
  readonly version: number;
  readonly metadata: TableMetadata | null;
  readonly location: string;
}

interface Found {
  readonly version: number;
  readonly facts: ObjectFacts;
}

const droppedKey = 'cubelake-dropped';

/**
 * The chain of metadata files `v1, v2, ...` of one table. Creating the next one where nothing is yet is the commit point;
 * a file never changes and no number is ever used twice, a dropped table's last file being a tombstone.
 * `version-hint.text` saves requests and may be old, wrong or gone.
 */
export class TableVersions {
  readonly #warehouse: ObjectStore;
  /** The last version of each table as it was read or written; the ETag says that the file is still that one. */
  readonly #known = new Map<string, { readonly etag: string; readonly version: TableVersion }>();

  constructor(warehouse: ObjectStore) {
    this.#warehouse = warehouse;
  }

  /** @returns null where no table ever was. */
  async newest(table: TableIdentifier): Promise<TableVersion | null> {
    const found = (await this.#fromHint(table)) ?? (await this.#fromListing(table));
    if (found === null) return null;
    const { version, facts } = found;
    const known = this.#known.get(metadataPrefix(table));
    if (known !== undefined && known.etag === facts.etag && known.version.version === version) return known.version;
    const { bytes, etag } = await this.#warehouse.get(facts.key);
    const value = parseJson(Buffer.from(bytes).toString('utf8'), facts.key);
    const isDropped = typeof value === 'object' && value !== null && droppedKey in value;
    const metadata = isDropped ? null : toTableMetadata(value, facts.key);
    return this.#remember(table, etag, { version, metadata, location: uriOf(this.#warehouse, facts.key) });
  }

  /**
   * Publishes the version after `previous`.
   * @throws CommitConflictError another writer has it; CommitStateUnknownError nobody knows who has.
   */
  async publish(
    table: TableIdentifier,
    previous: TableVersion | null,
    metadata: TableMetadata | null,
  ): Promise<TableVersion> {
    const version = (previous?.version ?? 0) + 1;
    const key = metadataKey(table, version);
    const text = metadata === null ? JSON.stringify({ [droppedKey]: true }) : formatTableMetadata(metadata);
    const bytes = Buffer.from(text, 'utf8');
    let etag: string;
    try {
      etag = (await this.#warehouse.put(key, bytes, { ifNoneMatch: '*' })).etag;
    } catch (error) {
      if (!(error instanceof PreconditionFailedError)) throw unknownState(key, error);
      etag = await this.#ownEtag(key, bytes);
    }
    await this.#writeHint(table, metadata === null ? null : version);
    return this.#remember(table, etag, { version, metadata, location: uriOf(this.#warehouse, key) });
  }

  #remember(table: TableIdentifier, etag: string, version: TableVersion): TableVersion {
    this.#known.set(metadataPrefix(table), { etag, version });
    return version;
  }

  /**
   * A refused creation may be our own: the first request took effect, its answer was lost, and the repeated one met it.
   * The file never changes, so its bytes decide. Bytes equal to ours are ours, or those of a twin that made the same
   * commit, which is the same thing to every reader.
   */
  async #ownEtag(key: string, bytes: Uint8Array): Promise<string> {
    const found = await this.#warehouse.get(key).catch((error: unknown) => {
      throw unknownState(key, error);
    });
    if (Buffer.compare(found.bytes, bytes) === 0) return found.etag;
    throw new CommitConflictError(`Expected no file ${key}, got one. Another writer committed first.`, { key });
  }

  /** The hint, then upwards: a writer may have died between its commit and its hint. */
  async #fromHint(table: TableIdentifier): Promise<Found | null> {
    const text = await this.#warehouse.get(hintKey(table), { sizeBytesMax: 1024 }).then(
      (object) => Buffer.from(object.bytes).toString('latin1').trim(),
      (error: unknown) => {
        if (error instanceof NotFoundError) return '';
        throw error;
      },
    );
    if (!/^[1-9]\d{0,14}$/.test(text)) return null;
    let newest: Found | null = null;
    for (let version = Number(text); ; version++) {
      const facts = await this.#warehouse.head(metadataKey(table, version));
      if (facts === null) return newest;
      newest = { version, facts };
    }
  }

  async #fromListing(table: TableIdentifier): Promise<Found | null> {
    let newest: Found | null = null;
    for await (const facts of this.#warehouse.list(`${metadataPrefix(table)}v`)) {
      const version = versionIn(facts.key);
      if (version !== null && version > (newest?.version ?? 0)) newest = { version, facts };
    }
    return newest;
  }

  /** Failing here loses nothing: the commit has happened, and readers find it without the hint. */
  async #writeHint(table: TableIdentifier, version: number | null): Promise<void> {
    const written =
      version === null
        ? this.#warehouse.delete(hintKey(table))
        : this.#warehouse.put(hintKey(table), Buffer.from(String(version)));
    await written.catch(() => undefined);
  }
}

function unknownState(key: string, cause: unknown): CommitStateUnknownError {
  return new CommitStateUnknownError(
    `Expected an answer to writing ${key}, got none. The commit may have happened: read the table back.`,
    { key },
    cause,
  );
}
