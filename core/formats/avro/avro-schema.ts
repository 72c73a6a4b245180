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
  /** Its value stays bytes until somebody looks. */
  readonly isRaw: boolean;
}

const primitives = ['null', 'boolean', 'int', 'long', 'float', 'double', 'string', 'bytes'] as const;

/** Deeper schemas than this are not manifests: theirs nest five levels. */
const depthMax = 32;

/**
 * @param json Value of `avro.schema`, parsed.
 * @param rawKeys Keys of fields whose values stay bytes until somebody looks: see AvroRaw.
 * @throws FormatError for types that no manifest has (map, enum, recursion) and for malformed ones. Disposition: quarantine.
 * @source Apache Avro 1.12 specification, "Schema Declaration"
 */
export function parseAvroSchema(json: unknown, rawKeys: ReadonlySet<string> = noKeys): AvroType {
  return parseType(json, { named: new Map(), rawKeys }, 0);
}

const noKeys: ReadonlySet<string> = new Set();

interface ParseContext {
  readonly named: Map<string, AvroType>;
  readonly rawKeys: ReadonlySet<string>;
}

function parseType(json: unknown, context: ParseContext, depth: number): AvroType {
  const { named } = context;
  if (depth > depthMax) throw new FormatError(`Expected at most ${depthMax} levels of Avro types, got more.`);
  if (Array.isArray(json)) return { kind: 'union', branches: json.map((each) => parseType(each, context, depth + 1)) };
  if (typeof json === 'string') {
    const primitive = primitives.find((each) => each === json);
    if (primitive !== undefined) return { kind: primitive };
    const known = named.get(json);
    if (known !== undefined) return known;
    throw new FormatError(`Expected an Avro type, got "${json}".`);
  }
  if (typeof json !== 'object' || json === null) throw new FormatError('Expected an Avro type, got a bare value.');
  const { type, name, size, items, fields } = json as Record<string, unknown>;
  if (type === 'array') return { kind: 'array', items: parseType(items, context, depth + 1) };
  if (type === 'fixed') {
    if (!Number.isSafeInteger(size) || (size as number) < 0)
      throw new FormatError(`Expected a fixed Avro type with a size, got ${String(size)}.`);
    return remember(named, name, { kind: 'fixed', sizeBytes: size as number });
  }
  if (type === 'record') {
    if (!Array.isArray(fields)) throw new FormatError(`Expected fields in Avro record ${String(name)}.`);
    const parsed = fields.map((field) => parseField(field, context, depth + 1));
    return remember(named, name, { kind: 'record', name: String(name), fields: parsed });
  }
  return parseType(type, context, depth + 1);
}

function parseField(json: unknown, context: ParseContext, depth: number): AvroField {
  if (typeof json !== 'object' || json === null) throw new FormatError('Expected an Avro field, got a bare value.');
  const { name, type, 'field-id': fieldId } = json as Record<string, unknown>;
  const key = Number.isSafeInteger(fieldId) ? fieldKey(fieldId as number) : nameKey(String(name));
  return { key, type: parseType(type, context, depth), isRaw: context.rawKeys.has(key) };
}

function remember(named: Map<string, AvroType>, name: unknown, type: AvroType): AvroType {
  named.set(String(name), type);
  return type;
}

/** Whether values of both have the same bytes and meaning, whatever their names are. */
export function isSameEncoding(a: AvroType, b: AvroType): boolean {
  if (a === b) return true;
  if (a.kind === 'array') return b.kind === 'array' && isSameEncoding(a.items, b.items);
  if (a.kind === 'fixed') return b.kind === 'fixed' && a.sizeBytes === b.sizeBytes;
  if (a.kind === 'union')
    return (
      b.kind === 'union' &&
      a.branches.length === b.branches.length &&
      a.branches.every((branch, position) => isSameEncoding(branch, b.branches[position]!))
    );
  if (a.kind !== 'record') return a.kind === b.kind;
  return (
    b.kind === 'record' &&
    a.fields.length === b.fields.length &&
    a.fields.every(({ key, type }, position) => {
      const other = b.fields[position]!;
      return key === other.key && isSameEncoding(type, other.type);
    })
  );
}
