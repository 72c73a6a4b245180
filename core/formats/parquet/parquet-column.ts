import type { ColumnDefinition, ColumnType } from '#schemas/table-definition.ts';
import { InvariantError } from '../../errors.ts';

/** A column as the writer sees it. */
export type ParquetColumn = Pick<ColumnDefinition, 'id' | 'name' | 'type' | 'required' | 'metrics'>;

/** Numbers of the Parquet format. @source Apache Parquet format, parquet.thrift */
export const physicalType = { boolean: 0, int32: 1, int64: 2, float: 4, double: 5, byteArray: 6 } as const;
export const encoding = { plain: 0, rle: 3, rleDictionary: 8, byteStreamSplit: 9 } as const;
export const codec = { uncompressed: 0, zstd: 6 } as const;
export const pageType = { data: 0, dictionary: 2 } as const;

export function physicalTypeOf(type: ColumnType): number {
  switch (type) {
    case 'boolean':
      return physicalType.boolean;
    case 'int':
    case 'date':
      return physicalType.int32;
    case 'long':
    case 'timestamptz':
      return physicalType.int64;
    case 'float':
      return physicalType.float;
    case 'double':
      return physicalType.double;
    case 'string':
      return physicalType.byteArray;
  }
}

/**
 * One value as Parquet PLAIN without a length prefix, which is also Iceberg's single-value serialization.
 * Dates are days, timestamps microseconds since 1970.
 */
export function plainBytes(type: ColumnType, value: string | number | bigint | boolean): Uint8Array {
  const buffer = Buffer.alloc(8);
  switch (type) {
    case 'boolean':
      return Uint8Array.of(value === true ? 1 : 0);
    case 'int':
    case 'date':
      buffer.writeInt32LE(Number(value));
      return buffer.subarray(0, 4);
    case 'long':
    case 'timestamptz':
      buffer.writeBigInt64LE(BigInt(value as number | bigint));
      return buffer;
    case 'float':
      buffer.writeFloatLE(Number(value));
      return buffer.subarray(0, 4);
    case 'double':
      buffer.writeDoubleLE(Number(value));
      return buffer;
    case 'string':
      if (typeof value !== 'string')
        throw new InvariantError('Expected text for a string column', { value: String(value) });
      return Buffer.from(value, 'utf8');
  }
}
