import { z } from 'zod';
import { FormatError } from '#core/errors.ts';
import { parseJson } from '#core/formats/iceberg/json-int64.ts';
import {
  firstProblem,
  propertiesShape,
  refShape,
  schemaShape,
  snapshotShape,
  sortOrderShape,
  specShape,
  statisticsShape,
} from '#core/formats/iceberg/metadata-shapes.ts';
import type { CreateTableRequest, TableCommit } from '#core/formats/iceberg/table-metadata.ts';
import type { NamespaceChange, NamespaceProperties, TableIdentifier } from '#core/ports/catalog.ts';

/** Request bodies of the protocol. @source Apache Iceberg REST catalog OpenAPI */
const number = z.number().int();

const createTableShape = z.object({
  name: z.string(),
  location: z.string().nullish(),
  schema: schemaShape,
  'partition-spec': specShape.nullish(),
  'write-order': sortOrderShape.nullish(),
  'stage-create': z.boolean().nullish(),
  properties: propertiesShape.nullish(),
});

const requirementShape = z.discriminatedUnion('type', [
  z.object({ type: z.literal('assert-create') }),
  z.object({ type: z.literal('assert-table-uuid'), uuid: z.string() }),
  z.object({
    type: z.literal('assert-ref-snapshot-id'),
    ref: z.string(),
    'snapshot-id': z
      .bigint()
      .nullish()
      .transform((id) => id ?? null),
  }),
  z.object({ type: z.literal('assert-last-assigned-field-id'), 'last-assigned-field-id': number }),
  z.object({ type: z.literal('assert-current-schema-id'), 'current-schema-id': number }),
  z.object({ type: z.literal('assert-last-assigned-partition-id'), 'last-assigned-partition-id': number }),
  z.object({ type: z.literal('assert-default-spec-id'), 'default-spec-id': number }),
  z.object({ type: z.literal('assert-default-sort-order-id'), 'default-sort-order-id': number }),
]);

const updateShape = z.discriminatedUnion('action', [
  z.object({ action: z.literal('assign-uuid'), uuid: z.string() }),
  z.object({ action: z.literal('upgrade-format-version'), 'format-version': number }),
  z.object({ action: z.literal('add-schema'), schema: schemaShape, 'last-column-id': number.nullish() }),
  z.object({ action: z.literal('set-current-schema'), 'schema-id': number }),
  z.object({ action: z.literal('add-spec'), spec: specShape }),
  z.object({ action: z.literal('set-default-spec'), 'spec-id': number }),
  z.object({ action: z.literal('add-sort-order'), 'sort-order': sortOrderShape }),
  z.object({ action: z.literal('set-default-sort-order'), 'sort-order-id': number }),
  z.object({ action: z.literal('add-snapshot'), snapshot: snapshotShape }),
  z.object({ action: z.literal('set-snapshot-ref'), 'ref-name': z.string(), ...refShape.shape }),
  z.object({ action: z.literal('remove-snapshots'), 'snapshot-ids': z.array(z.bigint()) }),
  z.object({ action: z.literal('remove-snapshot-ref'), 'ref-name': z.string() }),
  z.object({ action: z.literal('set-location'), location: z.string() }),
  z.object({ action: z.literal('set-properties'), updates: propertiesShape }),
  z.object({ action: z.literal('remove-properties'), removals: z.array(z.string()) }),
  z.object({ action: z.literal('set-statistics'), statistics: statisticsShape }),
  z.object({ action: z.literal('remove-statistics'), 'snapshot-id': z.bigint() }),
  z.object({ action: z.literal('set-partition-statistics'), 'partition-statistics': statisticsShape }),
  z.object({ action: z.literal('remove-partition-statistics'), 'snapshot-id': z.bigint() }),
]);

const commitShape = z.object({
  requirements: z.array(requirementShape).default([]),
  updates: z.array(updateShape),
});

const namespaceShape = z.object({ namespace: z.array(z.string()).min(1), properties: propertiesShape.default({}) });

export function parseCreateTable(body: string): CreateTableRequest {
  return parsed(createTableShape, body) as unknown as CreateTableRequest;
}

export function parseCommit(body: string): TableCommit {
  return parsed(commitShape, body) as unknown as TableCommit;
}

export function parseCreateNamespace(body: string): {
  readonly namespace: readonly string[];
  readonly properties: NamespaceProperties;
} {
  return parsed(namespaceShape, body);
}

const namespaceChangeShape = z.object({
  removals: z.array(z.string()).nullish(),
  updates: propertiesShape.nullish(),
});

export function parseUpdateNamespace(body: string): NamespaceChange {
  const { removals, updates } = parsed(namespaceChangeShape, body);
  return { removals: [...new Set(removals ?? [])], updates: updates ?? {} };
}

/** Namespaces of several levels are joined by a dot, which no name of ours holds. */
const identifierShape = z
  .object({ namespace: z.array(z.string()).min(1), name: z.string() })
  .transform(({ namespace, name }): TableIdentifier => ({ namespace: namespace.join('.'), name }));

const renameShape = z.object({ source: identifierShape, destination: identifierShape });

export function parseRename(body: string): { readonly source: TableIdentifier; readonly destination: TableIdentifier } {
  return parsed(renameShape, body);
}

const transactionShape = z.object({ 'table-changes': z.array(commitShape.extend({ identifier: identifierShape })) });

export function parseTransaction(
  body: string,
): { readonly identifier: TableIdentifier; readonly commit: TableCommit }[] {
  const { 'table-changes': changes } = parsed(transactionShape, body);
  return changes.map(({ identifier, ...commit }) => ({ identifier, commit: commit as unknown as TableCommit }));
}

/** @throws FormatError for other JSON, naming the first member that is not as the protocol has it. */
function parsed<T extends z.ZodType>(shape: T, body: string): z.infer<T> {
  const result = shape.safeParse(parseJson(body, 'request body'));
  if (result.success) return result.data;
  throw new FormatError(`Expected a request of the Iceberg REST protocol, got ${firstProblem(result.error)}.`);
}
