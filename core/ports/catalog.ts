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

/**
 * Names tables and swaps their metadata atomically. One conformance suite (test/conformance/catalog.ts) runs on every adapter.
 */
export interface Catalog {
  listNamespaces(): Promise<string[]>;
  /** Creating one that exists does nothing. */
  createNamespace(namespace: string): Promise<void>;
  listTables(namespace: string): Promise<TableIdentifier[]>;
  /** null when there is no such table. */
  loadTable(identifier: TableIdentifier): Promise<LoadedTable | null>;
  /** @throws CommitConflictError when the table exists. */
  createTable(identifier: TableIdentifier, request: CreateTableRequest): Promise<LoadedTable>;
  /**
   * Applies the updates if every requirement holds on the current metadata.
   * @throws CommitConflictError nothing happened; refresh and rebase.
   * @throws CommitStateUnknownError it may have happened; read back by commit id.
   */
  commitTable(identifier: TableIdentifier, commit: TableCommit): Promise<LoadedTable>;
  dropTable(identifier: TableIdentifier): Promise<void>;
}
