import { FormatError } from '../../errors.ts';

/** JSON members whose values are 64-bit ids and numbers that become bigint whatever their size. */
const int64Keys: ReadonlySet<string> = new Set([
  'snapshot-id',
  'parent-snapshot-id',
  'current-snapshot-id',
  'sequence-number',
  'last-sequence-number',
]);

/** These two are parts of ECMAScript that the compiler's library does not declare yet. */
interface Json {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): object;
}
const json = JSON as unknown as Json;

/**
 * JSON whose 64-bit integers keep every digit: they are read from the source text, because 9007199254740993 is already
 * another number once it is a double. Lists of ids (`snapshot-ids`) too.
 *
 * @param name For messages: key, URI or request.
 * @throws FormatError. Disposition: quarantine.
 */
export function parseJson(text: string, name: string): unknown {
  try {
    return json.parse(text, (key, value, context) => {
      if (key === 'snapshot-ids' && Array.isArray(value)) return value.map((id) => toBigInt(id));
      if (typeof value !== 'number' || context.source === undefined || !/^-?\d+$/.test(context.source)) return value;
      return int64Keys.has(key) || !Number.isSafeInteger(value) ? BigInt(context.source) : value;
    });
  } catch (cause) {
    throw new FormatError(`Expected JSON, got other text (${name}).`, { path: name }, cause);
  }
}

/** JSON text with every bigint as a number of all its digits. */
export function formatJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'bigint' ? json.rawJSON(each.toString()) : each,
  );
}

function toBigInt(id: unknown): unknown {
  return typeof id === 'number' && Number.isSafeInteger(id) ? BigInt(id) : id;
}
