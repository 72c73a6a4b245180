import type { AvroRaw } from './avro-raw.ts';
import type { AvroValue } from './avro-value.ts';
import { AvroDecoder } from './decode-avro.ts';

/** @throws TruncatedInputError, FormatError. Disposition: quarantine. */
export function valueOfRaw({ bytes, type, name }: AvroRaw): AvroValue {
  return new AvroDecoder(bytes, name).value(type);
}

/**
 * Of a list of records: the value of `valueField` in the first record whose `keyField`, an int, is `key`; null without one.
 * Nothing else is made of the bytes.
 */
export function lookUpInRaw(
  { bytes, type, name }: AvroRaw,
  keyField: string,
  key: number,
  valueField: string,
): AvroValue {
  if (type.kind !== 'array' || type.items.kind !== 'record') return null;
  const { fields } = type.items;
  const valueType = fields.find((field) => field.key === valueField)?.type;
  if (valueType === undefined) return null;
  const input = new AvroDecoder(bytes, name);
  for (let count = input.blockCount(); count > 0; count = input.blockCount())
    for (let item = 0; item < count; item++) {
      let isFound = false;
      let valueStart = -1;
      for (const field of fields) {
        if (field.key === keyField && field.type.kind === 'int') isFound = input.int() === key;
        else {
          if (field.key === valueField) valueStart = input.positionBytes;
          input.skip(field.type);
        }
      }
      if (!isFound) continue;
      input.positionBytes = valueStart;
      return input.value(valueType);
    }
  return null;
}
