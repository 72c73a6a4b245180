import { FormatError } from '../../errors.ts';
import { fieldKey, nameKey } from './avro-value.ts';

/** The part of Avro that Iceberg's manifests use, names resolved. Attributes of a type stay with it as written. */
export type AvroType =
  | { readonly kind: 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'string' | 'bytes' }
  | { readonly kind: 'fixed'; readonly sizeBytes: number }
  | { readonly kind: 'array'; readonly items: AvroType }
  | { readonly kind: 'union'; readonly branches: readonly AvroType[] }
  | { readonly kind: 'record'; readonly name: string; readonly fields: readonly AvroField[] };

export interface AvroField {
  /** By field id where the writer gave one, by name elsewhere: writers agree in ids, not in names. */
  readonly key: string;
  readonly type: AvroType;
}

const primitives = ['null', 'boolean', 'int', 'long', 'float', 'double', 'string', 'bytes'] as const;

/** Deeper schemas than this are not manifests: theirs nest five levels. */
const depthMax = 32;

/**
 * @param json Value of `avro.schema`, parsed.
 * @throws FormatError for types that no manifest has (map, enum, recursion) and for malformed ones. Disposition: quarantine.
 * @source Apache Avro 1.12 specification, "Schema Declaration"
 */
export function parseAvroSchema(json: unknown): AvroType {
  return parseType(json, new Map(), 0);
}

function parseType(json: unknown, named: Map<string, AvroType>, depth: number): AvroType {
  if (depth > depthMax) throw new FormatError(`Expected at most ${depthMax} levels of Avro types, got more.`);
  if (Array.isArray(json)) return { kind: 'union', branches: json.map((each) => parseType(each, named, depth + 1)) };
  if (typeof json === 'string') {
    const primitive = primitives.find((each) => each === json);
    if (primitive !== undefined) return { kind: primitive };
    const known = named.get(json);
    if (known !== undefined) return known;
    throw new FormatError(`Expected an Avro type, got "${json}".`);
  }
  if (typeof json !== 'object' || json === null) throw new FormatError('Expected an Avro type, got a bare value.');
  const { type, name, size, items, fields } = json as Record<string, unknown>;
  if (type === 'array') return { kind: 'array', items: parseType(items, named, depth + 1) };
  if (type === 'fixed') {
    if (!Number.isSafeInteger(size) || (size as number) < 0)
      throw new FormatError(`Expected a fixed Avro type with a size, got ${String(size)}.`);
    return remember(named, name, { kind: 'fixed', sizeBytes: size as number });
  }
  if (type === 'record') {
    if (!Array.isArray(fields)) throw new FormatError(`Expected fields in Avro record ${String(name)}.`);
    const parsed = fields.map((field) => parseField(field, named, depth + 1));
    return remember(named, name, { kind: 'record', name: String(name), fields: parsed });
  }
  return parseType(type, named, depth + 1);
}

function parseField(json: unknown, named: Map<string, AvroType>, depth: number): AvroField {
  if (typeof json !== 'object' || json === null) throw new FormatError('Expected an Avro field, got a bare value.');
  const { name, type, 'field-id': fieldId } = json as Record<string, unknown>;
  const key = Number.isSafeInteger(fieldId) ? fieldKey(fieldId as number) : nameKey(String(name));
  return { key, type: parseType(type, named, depth) };
}

function remember(named: Map<string, AvroType>, name: unknown, type: AvroType): AvroType {
  named.set(String(name), type);
  return type;
}
