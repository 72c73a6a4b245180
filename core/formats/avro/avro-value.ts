import type { AvroRaw } from './avro-raw.ts';

/** `long` is always bigint, `int` always number; a union gives the value of its branch. */
export type AvroValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly AvroValue[]
  | AvroRecord
  | AvroRaw;

/** `fieldKey` of the field id -> value; `:name` where the schema gives no id. */
export interface AvroRecord {
  readonly [key: string]: AvroValue;
}

/** Not the bare number: objects with such keys become sparse arrays, which cost kilobytes each. */
export function fieldKey(fieldId: number): string {
  return `f${fieldId}`;
}

/** No field can be called `__proto__` this way. */
export function nameKey(name: string): string {
  return `:${name}`;
}
