/** `long` is always bigint, `int` always number; a union gives the value of its branch. */
export type AvroValue = null | boolean | number | bigint | string | Uint8Array | readonly AvroValue[] | AvroRecord;

/** Field id as text -> value (the name, where the schema gives no id). */
export interface AvroRecord {
  readonly [fieldKey: string]: AvroValue;
}
