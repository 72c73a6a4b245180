import type { CreateTableRequest, TableCommit, TableMetadata } from '../formats/iceberg/table-metadata.ts';

export interface TableIdentifier {
  readonly namespace: string;
  readonly name: string;
}

export interface LoadedTable {
  readonly identifier: TableIdentifier;
  readonly metadata: TableMetadata;
  readonly metadataLocation: string;
}

export type NamespaceProperties = Readonly<Record<string, string>>;

export interface NamespaceChange {
  readonly updates: NamespaceProperties;
  readonly removals: readonly string[];
}

/**
 * Names tables and swaps their metadata atomically. One conformance suite (test/conformance/catalog.ts) runs on every adapter.
 */
export interface Catalog {
  listNamespaces(): Promise<string[]>;
  /** Creating one that exists does nothing: its properties stay as they are. */
  createNamespace(namespace: string, properties?: NamespaceProperties): Promise<void>;
  /** null when there is no such namespace. */
  loadNamespace(namespace: string): Promise<NamespaceProperties | null>;
  /** @throws NotFoundError when there is no such namespace; CommitConflictError when another writer changed it just now. */
  updateNamespace(namespace: string, change: NamespaceChange): Promise<void>;
  /** @throws NotFoundError when there is none; CommitConflictError while it holds tables. */
  dropNamespace(namespace: string): Promise<void>;
  listTables(namespace: string): Promise<TableIdentifier[]>;
  /** null when there is no such table. */
  loadTable(identifier: TableIdentifier): Promise<LoadedTable | null>;
  /** @throws CommitConflictError when the table exists; NotFoundError when its namespace does not. */
  createTable(identifier: TableIdentifier, request: CreateTableRequest): Promise<LoadedTable>;
  /**
   * Applies the updates if every requirement holds on the current metadata.
   * @throws CommitConflictError nothing happened; refresh and rebase.
   * @throws CommitStateUnknownError it may have happened; read back by commit id.
   */
  commitTable(identifier: TableIdentifier, commit: TableCommit): Promise<LoadedTable>;
  /** The name goes; files stay for maintenance to remove. */
  dropTable(identifier: TableIdentifier): Promise<void>;
  /**
   * The table answers to the new name from one moment to the next; its files stay where they are.
   * @throws NotFoundError without such a table or namespace; CommitConflictError when the new name is taken.
   */
  renameTable(from: TableIdentifier, to: TableIdentifier): Promise<void>;
}
