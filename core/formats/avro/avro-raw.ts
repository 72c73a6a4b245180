import type { AvroType } from './avro-schema.ts';

/**
 * A value that nobody has looked at yet, as its bytes. Statistics of columns are most of a manifest: a plan looks at few of
 * them, and a commit that moves an entry at none.
 */
export class AvroRaw {
  readonly bytes: Buffer;
  readonly type: AvroType;
  /** For messages: key or URI of the file. */
  readonly name: string;

  constructor(bytes: Buffer, type: AvroType, name: string) {
    this.bytes = bytes;
    this.type = type;
    this.name = name;
  }
}
