import { z } from 'zod';

/**
 * Shapes of what comes from outside: metadata files that another writer made, answers of a catalog, requests to our own.
 * Unknown members are kept, so that a newer writer's facts survive a rewrite by this one.
 */
const id = z.number().int().min(-1).max(2_147_483_647);
const int64 = z.bigint();
const timeMs = z.number().int();

const maxNesting = 64;

/** A primitive type by name, or a nested type; nesting is bounded so that no hostile schema exhausts the stack. */
function isType(value: unknown, depth = 0): boolean {
  if (typeof value === 'string') return /^[a-z]+([([][0-9, ]+[)\]])?$/.test(value);
  if (typeof value !== 'object' || value === null || depth > maxNesting) return false;
  const { type, fields, element, key, value: mapValue } = value as Record<string, unknown>;
  if (type === 'struct') return Array.isArray(fields) && fields.every((field) => isField(field, depth + 1));
  if (type === 'list') return isType(element, depth + 1);
  return type === 'map' && isType(key, depth + 1) && isType(mapValue, depth + 1);
}

function isField(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { id: fieldId, name, required, type } = value as Record<string, unknown>;
  const isNamed = Number.isSafeInteger(fieldId) && typeof name === 'string' && typeof required === 'boolean';
  return isNamed && isType(type, depth);
}

const fieldShape = z.looseObject({
  id,
  name: z.string().min(1),
  required: z.boolean(),
  type: z.custom((value) => isType(value), 'Expected an Iceberg type'),
  doc: z.string().optional(),
});

/** `schema-id` is missing in requests of some clients and in version 1. */
export const schemaShape = z.looseObject({
  type: z.literal('struct'),
  'schema-id': id.default(0),
  fields: z.array(fieldShape),
  'identifier-field-ids': z.array(id).optional(),
});

const partitionFieldShape = z.looseObject({
  'source-id': id,
  'field-id': id.optional(),
  name: z.string().min(1),
  transform: z.string(),
});
export const specShape = z.looseObject({ 'spec-id': id.default(0), fields: z.array(partitionFieldShape) });

export const sortOrderShape = z.looseObject({
  'order-id': id.default(0),
  fields: z.array(
    z.looseObject({
      transform: z.string(),
      'source-id': id,
      direction: z.enum(['asc', 'desc']),
      'null-order': z.enum(['nulls-first', 'nulls-last']),
    }),
  ),
});

export const snapshotShape = z.looseObject({
  'snapshot-id': int64,
  'parent-snapshot-id': int64.nullish(),
  'sequence-number': int64.default(0n),
  'timestamp-ms': timeMs,
  'manifest-list': z.string(),
  summary: z.record(z.string(), z.string()).default({}),
  'schema-id': id.nullish(),
});

export const refShape = z.looseObject({
  'snapshot-id': int64,
  type: z.enum(['branch', 'tag']),
  'min-snapshots-to-keep': z.number().int().nullish(),
  'max-snapshot-age-ms': z.number().int().nullish(),
  'max-ref-age-ms': z.number().int().nullish(),
});

export const statisticsShape = z.looseObject({ 'snapshot-id': int64, 'statistics-path': z.string() });

export const propertiesShape = z.record(z.string(), z.string());

/** Version 1 has one schema and one spec at the top, and no sequence numbers. */
export const metadataShape = z.looseObject({
  'format-version': z.number().int(),
  'table-uuid': z.string().min(1),
  location: z.string().min(1),
  'last-sequence-number': int64.default(0n),
  'last-updated-ms': timeMs,
  'last-column-id': id,
  schemas: z.array(schemaShape).optional(),
  schema: schemaShape.optional(),
  'current-schema-id': id.default(0),
  'partition-specs': z.array(specShape).optional(),
  'partition-spec': z.array(partitionFieldShape).optional(),
  'default-spec-id': id.default(0),
  'last-partition-id': id.optional(),
  'sort-orders': z.array(sortOrderShape).default([{ 'order-id': 0, fields: [] }]),
  'default-sort-order-id': id.default(0),
  properties: propertiesShape.default({}),
  'current-snapshot-id': int64.nullish(),
  snapshots: z.array(snapshotShape).default([]),
  'snapshot-log': z.array(z.looseObject({ 'snapshot-id': int64, 'timestamp-ms': timeMs })).default([]),
  'metadata-log': z.array(z.looseObject({ 'metadata-file': z.string(), 'timestamp-ms': timeMs })).default([]),
  refs: z.record(z.string(), refShape).default({}),
  statistics: z.array(statisticsShape).optional(),
  'partition-statistics': z.array(statisticsShape).optional(),
});

/** First problem of a failed parse as one clause: where, and what was expected there. */
export function firstProblem(error: z.ZodError): string {
  const issue = error.issues[0]!;
  return `${issue.path.join('.') || 'the whole'}: ${issue.message}`;
}
