/**
 * Thrift compact protocol, the writing side, as far as Parquet's page headers and footer need it.
 * @source Apache Thrift, "Thrift Compact protocol encoding"
 */
export const thriftType = {
  boolTrue: 1,
  boolFalse: 2,
  i16: 4,
  i32: 5,
  i64: 6,
  binary: 8,
  list: 9,
  struct: 12,
} as const;

export class ThriftWriter {
  #bytes = new Uint8Array(256);
  #lengthBytes = 0;
  #fieldId = 0;
  readonly #outerFieldIds: number[] = [];

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#lengthBytes);
  }

  i32(fieldId: number, value: number): void {
    this.#field(fieldId, thriftType.i32);
    this.#zigzag(BigInt(value));
  }

  i64(fieldId: number, value: number): void {
    this.#field(fieldId, thriftType.i64);
    this.#zigzag(BigInt(value));
  }

  bool(fieldId: number, value: boolean): void {
    this.#field(fieldId, value ? thriftType.boolTrue : thriftType.boolFalse);
  }

  text(fieldId: number, value: string): void {
    this.binary(fieldId, Buffer.from(value, 'utf8'));
  }

  binary(fieldId: number, value: Uint8Array): void {
    this.#field(fieldId, thriftType.binary);
    this.#lengthPrefixed(value);
  }

  struct(fieldId: number, writeFields: () => void): void {
    this.#field(fieldId, thriftType.struct);
    this.#structBody(writeFields);
  }

  /** The outermost struct, which no field introduces. */
  root(writeFields: () => void): void {
    this.#structBody(writeFields);
  }

  structList<T>(fieldId: number, items: readonly T[], writeFields: (item: T) => void): void {
    this.#listHeader(fieldId, thriftType.struct, items.length);
    for (const item of items) this.#structBody(() => writeFields(item));
  }

  i32List(fieldId: number, items: readonly number[]): void {
    this.#listHeader(fieldId, thriftType.i32, items.length);
    for (const item of items) this.#zigzag(BigInt(item));
  }

  textList(fieldId: number, items: readonly string[]): void {
    this.#listHeader(fieldId, thriftType.binary, items.length);
    for (const item of items) this.#lengthPrefixed(Buffer.from(item, 'utf8'));
  }

  #listHeader(fieldId: number, elementType: number, count: number): void {
    this.#field(fieldId, thriftType.list);
    if (count < 15) {
      this.#byte((count << 4) | elementType);
    } else {
      this.#byte(0xf0 | elementType);
      this.#varint(BigInt(count));
    }
  }

  #structBody(writeFields: () => void): void {
    this.#outerFieldIds.push(this.#fieldId);
    this.#fieldId = 0;
    writeFields();
    this.#byte(0);
    this.#fieldId = this.#outerFieldIds.pop()!;
  }

  #field(fieldId: number, type: number): void {
    const delta = fieldId - this.#fieldId;
    if (delta > 0 && delta <= 15) {
      this.#byte((delta << 4) | type);
    } else {
      this.#byte(type);
      this.#zigzag(BigInt(fieldId));
    }
    this.#fieldId = fieldId;
  }

  #zigzag(value: bigint): void {
    this.#varint(value >= 0n ? value << 1n : (-value << 1n) - 1n);
  }

  #varint(value: bigint): void {
    while (value >= 0x80n) {
      this.#byte(Number(value & 0x7fn) | 0x80);
      value >>= 7n;
    }
    this.#byte(Number(value));
  }

  #lengthPrefixed(value: Uint8Array): void {
    this.#varint(BigInt(value.length));
    this.#reserve(value.length);
    this.#bytes.set(value, this.#lengthBytes);
    this.#lengthBytes += value.length;
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#lengthBytes++] = value;
  }

  #reserve(countBytes: number): void {
    if (this.#lengthBytes + countBytes <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#lengthBytes + countBytes));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}
