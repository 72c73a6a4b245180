import { z } from 'zod';
import { CommitConflictError, ConfigurationError, FormatError, NotFoundError } from '#core/errors.ts';
import { firstProblem, propertiesShape } from '#core/formats/iceberg/metadata-shapes.ts';
import { keyOf, tableLocation } from '#core/formats/iceberg/table-location.ts';
import type { CreateTableRequest, TableCommit } from '#core/formats/iceberg/table-metadata.ts';
import { catalogKnownTableCountMax, catalogPageCountMax } from '#core/limits.ts';
import type {
  Catalog,
  LoadedTable,
  NamespaceChange,
  NamespaceProperties,
  TableIdentifier,
} from '#core/ports/catalog.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import type { Random } from '#core/ports/random.ts';
import { idPattern, idRule } from '#schemas/object-keys.ts';
import { unknownOutcome } from './answer-errors.ts';
import type { Authorization } from './authorization.ts';
import { type RestAnswer, type RestRequest, RestSession } from './rest-session.ts';
import { loadedTableIn } from './table-answers.ts';
import type { Transport } from './transport.ts';

export interface RestCatalogOptions {
  /** Without `/v1`, as `http://127.0.0.1:8181` or `https://glue.eu-central-1.amazonaws.com/iceberg`. */
  readonly uri: string;
  /** Which of the catalog's warehouses: a name, or with AWS an account id or the ARN of a table bucket. */
  readonly warehouse?: string;
  /** Where the catalog's own configuration does not say one. */
  readonly prefix?: string;
  readonly authorization: Authorization;
  /** The store that holds the tables: one whose location is elsewhere is refused. */
  readonly store: Pick<ObjectStore, 'rootUri'>;
  /** Who chooses where a new table lies: the catalog, or this client (`tables/<namespace>/<name>` of the store). */
  readonly locations: 'catalog' | 'store';
  readonly clock: Clock;
  readonly random: Random;
  readonly transport?: Transport;
  readonly timeoutMs?: number;
}

/**
 * A catalog that speaks Iceberg's REST protocol: ours, the reference implementation, Nessie, AWS Glue, S3 Tables and others.
 *
 * Reads are repeated after failures that may pass. What changes something is sent once: without a sure answer it throws
 * CommitStateUnknownError and the table must be read back.
 *
 * @throws ConfigurationError for an address that is none. Disposition: stop.
 */
export function restCatalog(options: RestCatalogOptions): Catalog {
  return new RestCatalog(options);
}

const namespacesShape = z.looseObject({
  namespaces: z.array(z.array(z.string()).min(1)),
  'next-page-token': z.string().nullish(),
});
const tablesShape = z.looseObject({
  identifiers: z.array(z.looseObject({ namespace: z.array(z.string()), name: z.string() })),
  'next-page-token': z.string().nullish(),
});
const namespaceShape = z.looseObject({ properties: propertiesShape.nullish() });

class RestCatalog implements Catalog {
  readonly #session: RestSession;
  readonly #options: RestCatalogOptions;
  /** Last answers with their ETags, oldest first. */
  readonly #known = new Map<string, { readonly etag: string; readonly table: LoadedTable }>();

  constructor(options: RestCatalogOptions) {
    this.#options = options;
    this.#session = new RestSession(options);
  }

  async listNamespaces(): Promise<string[]> {
    const pages = await this.#pages(['namespaces'], namespacesShape);
    return pages.flatMap((page) => page?.namespaces.map((levels) => levels.join('.')) ?? []);
  }

  async createNamespace(namespace: string, properties: NamespaceProperties = {}): Promise<void> {
    const levels = namespace.split('.');
    for (const level of levels)
      if (!idPattern.test(level))
        throw new FormatError(`Expected a namespace of ${idRule}, got ${JSON.stringify(namespace.slice(0, 80))}.`);
    try {
      found(
        await this.#session.send({ method: 'POST', path: ['namespaces'], body: { namespace: levels, properties } }),
        'a catalog',
      );
    } catch (error) {
      if (!(error instanceof CommitConflictError)) throw error;
    }
  }

  async loadNamespace(namespace: string): Promise<NamespaceProperties | null> {
    const answer = await this.#session.send({ method: 'GET', path: await this.#namespacePath(namespace) });
    if (answer.status === 404) return null;
    return checked(namespaceShape, answer).properties ?? {};
  }

  async updateNamespace(namespace: string, { updates, removals }: NamespaceChange): Promise<void> {
    const path = [...(await this.#namespacePath(namespace)), 'properties'];
    found(await this.#session.send({ method: 'POST', path, body: { updates, removals } }), `namespace ${namespace}`);
  }

  async dropNamespace(namespace: string): Promise<void> {
    const answer = await this.#session.send({ method: 'DELETE', path: await this.#namespacePath(namespace) });
    found(answer, `namespace ${namespace}`);
  }

  async listTables(namespace: string): Promise<TableIdentifier[]> {
    const pages = await this.#pages([...(await this.#namespacePath(namespace)), 'tables'], tablesShape);
    return pages.flatMap((page) => page?.identifiers.map(({ name }) => ({ namespace, name })) ?? []);
  }

  async loadTable(identifier: TableIdentifier): Promise<LoadedTable | null> {
    const known = this.#known.get(nameOf(identifier));
    const headers = known === undefined ? {} : { 'if-none-match': known.etag };
    const path = await this.#tablePath(identifier);
    const answer = await this.#session.send({ method: 'GET', path, query: { snapshots: 'all' }, headers });
    if (answer.status === 304 && known !== undefined) return known.table;
    this.#known.delete(nameOf(identifier));
    if (answer.status === 404) return null;
    const table = this.#inStore(loadedTableIn(answer.value, identifier));
    const etag = answer.headers.get('etag');
    if (etag !== undefined) this.#remember(identifier, etag, table);
    return table;
  }

  async createTable(identifier: TableIdentifier, request: CreateTableRequest): Promise<LoadedTable> {
    const path = [...(await this.#namespacePath(identifier.namespace)), 'tables'];
    const { locations, store } = this.#options;
    const location = request.location ?? (locations === 'store' ? tableLocation(store, identifier) : undefined);
    const { location: _chosen, ...rest } = request;
    // Nessie wants `stage-create` said.
    const body = {
      'stage-create': false,
      ...rest,
      name: identifier.name,
      ...(location === undefined ? {} : { location }),
    };
    return this.#changed(identifier, { method: 'POST', path, body }, `namespace ${identifier.namespace}`);
  }

  async commitTable(identifier: TableIdentifier, { requirements, updates }: TableCommit): Promise<LoadedTable> {
    const path = await this.#tablePath(identifier);
    const body = { identifier: this.#identifierBody(identifier), requirements, updates };
    return this.#changed(identifier, { method: 'POST', path, body }, `table ${nameOf(identifier)}`);
  }

  async dropTable(identifier: TableIdentifier): Promise<void> {
    const path = await this.#tablePath(identifier);
    const query = { purgeRequested: 'false' };
    found(await this.#session.send({ method: 'DELETE', path, query }), `table ${nameOf(identifier)}`);
  }

  async renameTable(from: TableIdentifier, to: TableIdentifier): Promise<void> {
    const body = { source: this.#identifierBody(from), destination: this.#identifierBody(to) };
    found(await this.#session.send({ method: 'POST', path: ['tables', 'rename'], body }), `table ${nameOf(from)}`);
  }

  /** An answer that says 200 and holds no table leaves open what happened. */
  async #changed(identifier: TableIdentifier, request: RestRequest, what: string): Promise<LoadedTable> {
    const answer = found(await this.#session.send(request), what);
    let table: LoadedTable;
    try {
      table = loadedTableIn(answer.value, identifier);
    } catch (error) {
      const asked = { method: request.method, path: request.path.join('/'), isMutation: true };
      throw unknownOutcome(asked, 'got one without the table', error);
    }
    return this.#inStore(table);
  }

  /** Files elsewhere could be neither written nor read, or would belong to somebody else. */
  #inStore(table: LoadedTable): LoadedTable {
    const { rootUri } = this.#options.store;
    try {
      keyOf({ rootUri }, `${table.metadata.location.replace(/\/+$/, '')}/metadata`);
      return table;
    } catch (cause) {
      throw new ConfigurationError(
        `Expected tables under ${rootUri}, got ${table.metadata.location} (${nameOf(table.identifier)}). Let the catalog's warehouse and the store be one place.`,
        { table: nameOf(table.identifier) },
        cause,
      );
    }
  }

  #remember(identifier: TableIdentifier, etag: string, table: LoadedTable): void {
    this.#known.set(nameOf(identifier), { etag, table });
    const [oldest] = this.#known.keys();
    if (this.#known.size > catalogKnownTableCountMax) this.#known.delete(oldest!);
  }

  /** All pages of a listing; none where what is listed does not exist. */
  async #pages<T extends z.ZodType<{ 'next-page-token'?: string | null | undefined }>>(
    path: readonly string[],
    shape: T,
  ): Promise<z.infer<T>[]> {
    const pages: z.infer<T>[] = [];
    let token = '';
    for (;;) {
      const query = token === '' ? {} : { pageToken: token };
      const answer = await this.#session.send({ method: 'GET', path, query });
      if (answer.status === 404) return pages;
      const page = checked(shape, answer);
      pages.push(page);
      const next = page['next-page-token'] ?? '';
      if (next === '') return pages;
      if (next === token || pages.length >= catalogPageCountMax)
        throw new FormatError(`Expected an end of the listing, got page token ${pages.length} without one.`);
      token = next;
    }
  }

  async #namespacePath(namespace: string): Promise<string[]> {
    const { levelSeparator } = await this.#session.configuration();
    return ['namespaces', namespace.split('.').join(levelSeparator)];
  }

  async #tablePath({ namespace, name }: TableIdentifier): Promise<string[]> {
    return [...(await this.#namespacePath(namespace)), 'tables', name];
  }

  #identifierBody({ namespace, name }: TableIdentifier): object {
    return { namespace: namespace.split('.'), name };
  }
}

function found(answer: RestAnswer, what: string): RestAnswer {
  if (answer.status === 404)
    throw new NotFoundError(`Expected ${what}, got none.`, { said: String(answer.value ?? '') });
  return answer;
}

function checked<T extends z.ZodType>(shape: T, answer: RestAnswer): z.infer<T> {
  const parsed = shape.safeParse(answer.value);
  if (parsed.success) return parsed.data;
  throw new FormatError(`Expected an answer of the Iceberg REST protocol, got ${firstProblem(parsed.error)}.`);
}

function nameOf({ namespace, name }: TableIdentifier): string {
  return `${namespace}.${name}`;
}
