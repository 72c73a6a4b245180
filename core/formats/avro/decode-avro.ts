import { FormatError, TruncatedInputError } from '../../errors.ts';
import { AvroRaw } from './avro-raw.ts';
import type { AvroType } from './avro-schema.ts';
import type { AvroRecord, AvroValue } from './avro-value.ts';

const seventhByte = 2 ** 42;

/**
 * Reads Avro's binary encoding from bytes in memory. Every length and count is checked against the bytes that are left
 * before anything is allocated.
 * @source Apache Avro 1.12 specification, "Binary Encoding"
 */
export class AvroDecoder {
  readonly #bytes: Buffer;
  readonly #name: string;
  positionBytes: number;

  constructor(bytes: Uint8Array, name: string, positionBytes = 0) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#name = name;
    this.positionBytes = positionBytes;
  }

  get remainingBytes(): number {
    return this.#bytes.length - this.positionBytes;
  }

  take(lengthBytes: number): Buffer {
    if (lengthBytes > this.remainingBytes)
      throw new TruncatedInputError({
        path: this.#name,
        expectedBytes: this.positionBytes + lengthBytes,
        actualBytes: this.#bytes.length,
      });
    const start = this.positionBytes;
    this.positionBytes += lengthBytes;
    return this.#bytes.subarray(start, this.positionBytes);
  }

  long(): bigint {
    let low = 0;
    for (let scale = 1; scale <= seventhByte; scale *= 128) {
      const byte = this.#byte();
      low += (byte & 0x7f) * scale;
      if (byte < 0x80) return BigInt(low % 2 === 0 ? low / 2 : -(low + 1) / 2);
    }
    let value = BigInt(low);
    for (let shift = 49n; shift <= 63n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (value >> 64n !== 0n) break;
        return value & 1n ? -(value >> 1n) - 1n : value >> 1n;
      }
    }
    throw new FormatError(`Expected an integer of 64 bits, got more (${this.#name}, byte ${this.positionBytes}).`);
  }

  int(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80 && value < 2 ** 32) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      if (byte < 0x80) break;
    }
    throw new FormatError(`Expected an integer of 32 bits, got more (${this.#name}, byte ${this.positionBytes}).`);
  }

  /** A count of things, each of which takes at least one byte. */
  count(): number {
    return this.#bounded(this.#shortLong());
  }

  bytes(): Buffer {
    return this.take(this.count());
  }

  string(): string {
    return this.bytes().toString('utf8');
  }

  /** Number of items of the next block of an array or map; 0 ends it. */
  blockCount(): number {
    const count = this.#shortLong();
    if (count >= 0) return this.#bounded(count);
    this.count(); // A negative count announces the size of the block, for readers that skip it.
    return this.#bounded(-count);
  }

  value(type: AvroType): AvroValue {
    switch (type.kind) {
      case 'null':
        return null;
      case 'boolean':
        return this.#byte() !== 0;
      case 'int':
        return this.int();
      case 'long':
        return this.long();
      case 'float':
        return this.take(4).readFloatLE();
      case 'double':
        return this.take(8).readDoubleLE();
      case 'string':
        return this.string();
      case 'bytes':
        return this.bytes();
      case 'fixed':
        return this.take(type.sizeBytes);
      case 'array':
        return this.#array(type.items);
      case 'union':
        return this.value(this.#branch(type.branches));
      case 'record':
        return this.record(type);
    }
  }

  record(type: Extract<AvroType, { kind: 'record' }>): AvroRecord {
    const out: Record<string, AvroValue> = {};
    for (const field of type.fields) out[field.key] = field.isRaw ? this.#raw(field.type) : this.value(field.type);
    return out;
  }

  /** Moves behind a value, checking its lengths as `value` does. */
  skip(type: AvroType): void {
    switch (type.kind) {
      case 'null':
        return;
      case 'boolean':
        this.take(1);
        return;
      case 'int':
        this.int();
        return;
      case 'long':
        this.#skipLong();
        return;
      case 'float':
        this.take(4);
        return;
      case 'double':
        this.take(8);
        return;
      case 'string':
      case 'bytes':
        this.#move(this.count());
        return;
      case 'fixed':
        this.#move(type.sizeBytes);
        return;
      case 'array':
        for (let count = this.blockCount(); count > 0; count = this.blockCount())
          for (let item = 0; item < count; item++) this.skip(type.items);
        return;
      case 'union':
        this.skip(this.#branch(type.branches));
        return;
      case 'record':
        for (const field of type.fields) this.skip(field.type);
    }
  }

  #move(lengthBytes: number): void {
    if (lengthBytes > this.remainingBytes) this.take(lengthBytes);
    this.positionBytes += lengthBytes;
  }

  #skipLong(): void {
    for (let byteCount = 1; this.#byte() >= 0x80; byteCount++)
      if (byteCount === 10)
        throw new FormatError(`Expected an integer of 64 bits, got more (${this.#name}, byte ${this.positionBytes}).`);
  }

  #raw(type: AvroType): AvroRaw | null {
    const shown = type.kind === 'union' ? this.#branch(type.branches) : type;
    if (shown.kind === 'null') return null;
    const start = this.positionBytes;
    this.skip(shown);
    return new AvroRaw(this.#bytes.subarray(start, this.positionBytes), shown, this.#name);
  }

  #array(items: AvroType): AvroValue[] {
    const out: AvroValue[] = [];
    for (let count = this.blockCount(); count > 0; count = this.blockCount())
      for (let item = 0; item < count; item++) out.push(this.value(items));
    return out;
  }

  #branch(branches: readonly AvroType[]): AvroType {
    const position = this.int();
    const branch = branches[position];
    if (branch === undefined)
      throw new FormatError(`Expected one of ${branches.length} union branches, got ${position} (${this.#name}).`);
    return branch;
  }

  #byte(): number {
    if (this.positionBytes >= this.#bytes.length) this.take(1);
    return this.#bytes[this.positionBytes++]!;
  }

  /** A long that is a length: more than 49 bits are more than any file has. */
  #shortLong(): number {
    let value = 0;
    for (let scale = 1; scale <= seventhByte; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
    return this.#bounded(Number.POSITIVE_INFINITY);
  }

  #bounded(count: number): number {
    if (count < 0 || count > this.remainingBytes)
      throw new FormatError(
        `Expected a length of 0 to ${this.remainingBytes}, got ${count} (${this.#name}, byte ${this.positionBytes}).`,
      );
    return count;
  }
}
