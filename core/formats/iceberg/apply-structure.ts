import { FormatError } from '../../errors.ts';
import { highestFieldId, lastPartitionId } from './parse-metadata.ts';
import type { TableMetadata, TableUpdate } from './table-metadata.ts';

/** A commit half applied, and what its earlier updates added. */
export interface Change {
  readonly metadata: TableMetadata;
  readonly addedSchemaId: number | null;
  readonly addedSpecId: number | null;
  readonly addedOrderId: number | null;
}

export type StructureUpdate = Extract<
  TableUpdate,
  {
    action:
      | 'add-schema'
      | 'set-current-schema'
      | 'add-spec'
      | 'set-default-spec'
      | 'add-sort-order'
      | 'set-default-sort-order';
  }
>;

/** Schemas, specs and orders: adding gives an id, a later -1 means what was added last. Equal ones are not added again. */
export function applyToStructure(change: Change, update: StructureUpdate, table: string): Change {
  const { metadata } = change;
  switch (update.action) {
    case 'add-schema': {
      const same = metadata.schemas.find((schema) => isSame(schema, update.schema, 'schema-id'));
      if (same !== undefined) return { ...change, addedSchemaId: same['schema-id'] };
      const schema = { ...update.schema, 'schema-id': nextId(metadata.schemas, 'schema-id') };
      const lastColumnId = Math.max(
        metadata['last-column-id'],
        highestFieldId([schema]),
        update['last-column-id'] ?? 0,
      );
      const added = { schemas: [...metadata.schemas, schema], 'last-column-id': lastColumnId };
      return { ...change, metadata: { ...metadata, ...added }, addedSchemaId: schema['schema-id'] };
    }
    case 'set-current-schema': {
      const id = resolved(update['schema-id'], change.addedSchemaId, 'schema', table);
      return { ...change, metadata: { ...metadata, 'current-schema-id': id } };
    }
    case 'add-spec': {
      const same = metadata['partition-specs'].find((spec) => isSame(spec, update.spec, 'spec-id'));
      if (same !== undefined) return { ...change, addedSpecId: same['spec-id'] };
      const spec = { ...update.spec, 'spec-id': nextId(metadata['partition-specs'], 'spec-id') };
      const specs = [...metadata['partition-specs'], spec];
      const lastId = Math.max(metadata['last-partition-id'], lastPartitionId([spec]));
      const added = { 'partition-specs': specs, 'last-partition-id': lastId };
      return { ...change, metadata: { ...metadata, ...added }, addedSpecId: spec['spec-id'] };
    }
    case 'set-default-spec': {
      const id = resolved(update['spec-id'], change.addedSpecId, 'spec', table);
      return { ...change, metadata: { ...metadata, 'default-spec-id': id } };
    }
    case 'add-sort-order': {
      const same = metadata['sort-orders'].find((order) => isSame(order, update['sort-order'], 'order-id'));
      if (same !== undefined) return { ...change, addedOrderId: same['order-id'] };
      // Order 0 is by the specification the table without any order.
      const isUnsorted = update['sort-order'].fields.length === 0;
      const orderId = isUnsorted ? 0 : Math.max(1, nextId(metadata['sort-orders'], 'order-id'));
      const orders = [...metadata['sort-orders'], { ...update['sort-order'], 'order-id': orderId }];
      return { ...change, metadata: { ...metadata, 'sort-orders': orders }, addedOrderId: orderId };
    }
    case 'set-default-sort-order': {
      const id = resolved(update['sort-order-id'], change.addedOrderId, 'sort order', table);
      return { ...change, metadata: { ...metadata, 'default-sort-order-id': id } };
    }
  }
}

function resolved(id: number, added: number | null, what: string, table: string): number {
  if (id !== -1) return id;
  if (added === null) refuse(table, `a ${what} that this commit added, got none`);
  return added;
}

function nextId<K extends string>(existing: readonly Readonly<Record<K, number>>[], key: K): number {
  return existing.reduce((next, each) => Math.max(next, each[key] + 1), 0);
}

function isSame<K extends string>(a: Readonly<Record<K, number>>, b: Readonly<Record<K, number>>, key: K): boolean {
  return JSON.stringify({ ...a, [key]: 0 }) === JSON.stringify({ ...b, [key]: 0 });
}

/** @throws FormatError: the specification forbids the update. Disposition: quarantine. */
export function refuse(table: string, expectation: string): never {
  throw new FormatError(`Expected ${expectation} (commit to ${table}).`, { table });
}
