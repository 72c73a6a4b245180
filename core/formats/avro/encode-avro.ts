import { InvariantError, invariant } from '../../errors.ts';
import { AvroRaw } from './avro-raw.ts';
import { type AvroType, isSameEncoding } from './avro-schema.ts';
import type { AvroRecord, AvroValue } from './avro-value.ts';
import { valueOfRaw } from './look-into-raw.ts';

/** Writes Avro's binary encoding. @source Apache Avro 1.12 specification, "Binary Encoding" */
export class AvroEncoder {
  #buffer = Buffer.alloc(4096);
  #lengthBytes = 0;

  finish(): Buffer {
    return this.#buffer.subarray(0, this.#lengthBytes);
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#lengthBytes);
    this.#lengthBytes += bytes.length;
  }

  /** Zigzag, then seven bits to a byte; the same for int and long. Most are small: those do without bigint. */
  long(value: bigint): void {
    if (value >= -0x3fffffffn && value <= 0x3fffffffn) {
      this.int(Number(value));
      return;
    }
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
    this.#reserve(10);
    while (rest >= 0x80n) {
      this.#buffer[this.#lengthBytes++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#buffer[this.#lengthBytes++] = Number(rest);
  }

  /** @param value Of at most 31 bits. */
  int(value: number): void {
    this.#reserve(5);
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    while (rest >= 0x80) {
      this.#buffer[this.#lengthBytes++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#buffer[this.#lengthBytes++] = rest;
  }

  bytes(value: Uint8Array): void {
    this.int(value.length);
    this.raw(value);
  }

  string(value: string): void {
    this.bytes(Buffer.from(value, 'utf8'));
  }

  value(type: AvroType, value: AvroValue | undefined): void {
    if (value instanceof AvroRaw) this.#rawValue(type, value);
    else if (type.kind === 'boolean') this.raw(Uint8Array.of(value === true ? 1 : 0));
    else if (type.kind === 'int' || type.kind === 'long') this.long(integerOf(value));
    else if (type.kind === 'float' || type.kind === 'double') this.#floating(type.kind, Number(value));
    else if (type.kind === 'string') this.string(textOf(value));
    else if (type.kind === 'bytes') this.bytes(bytesOf(value));
    else if (type.kind === 'fixed') this.raw(bytesOf(value));
    else if (type.kind === 'array') this.#array(type.items, value);
    else if (type.kind === 'union') this.#optional(type.branches, value);
    else if (type.kind === 'record')
      for (const field of type.fields) this.value(field.type, (value as AvroRecord)[field.key]);
  }

  /** Bytes of another file go over as they are where its schema says the same. */
  #rawValue(type: AvroType, value: AvroRaw): void {
    if (type.kind === 'union') this.#optional(type.branches, value);
    else if (isSameEncoding(type, value.type)) this.raw(value.bytes);
    else this.value(type, valueOfRaw(value));
  }

  #floating(kind: 'float' | 'double', value: number): void {
    const out = Buffer.alloc(kind === 'float' ? 4 : 8);
    if (kind === 'float') out.writeFloatLE(value);
    else out.writeDoubleLE(value);
    this.raw(out);
  }

  #array(items: AvroType, value: AvroValue | undefined): void {
    invariant(Array.isArray(value), 'Expected a list for an Avro array');
    if (value.length > 0) {
      this.int(value.length);
      for (const item of value) this.value(items, item as AvroValue);
    }
    this.int(0);
  }

  /** The only union that manifests have: null or one type. */
  #optional(branches: readonly AvroType[], value: AvroValue | undefined): void {
    invariant(branches.length === 2 && branches[0]!.kind === 'null', 'Expected an optional type for an Avro union');
    const isNull = value === null || value === undefined;
    this.int(isNull ? 0 : 1);
    if (!isNull) this.value(branches[1]!, value);
  }

  #reserve(extraBytes: number): void {
    const needed = this.#lengthBytes + extraBytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.alloc(Math.max(needed, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.#lengthBytes));
    this.#buffer = larger;
  }
}

function integerOf(value: AvroValue | undefined): bigint {
  if (typeof value === 'bigint') return value;
  invariant(Number.isSafeInteger(value), 'Expected an integer for an Avro int or long', { value: String(value) });
  return BigInt(value as number);
}

function textOf(value: AvroValue | undefined): string {
  if (typeof value === 'string') return value;
  throw new InvariantError('Expected text for an Avro string', { value: String(value) });
}

function bytesOf(value: AvroValue | undefined): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new InvariantError('Expected bytes for Avro bytes', { value: String(value) });
}
