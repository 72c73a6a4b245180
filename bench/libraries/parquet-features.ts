import { parquetMetadata } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';

/** What a writer must be able to do before Iceberg can use its files, tried and not read off a page. */
export interface ParquetFeatures {
  readonly library: string;
  readonly fieldIds: boolean;
  readonly zstd: boolean;
  readonly byteStreamSplit: boolean;
}

interface SchemaMaker {
  ParquetSchema: new (fields: object) => { fields: Record<string, Record<string, unknown>> };
}

export function parquetFeatures(parquetJs: SchemaMaker): ParquetFeatures[] {
  const accepts = (field: object): boolean => {
    try {
      new parquetJs.ParquetSchema({ a: { type: 'FLOAT', ...field } });
      return true;
    } catch {
      return false;
    }
  };
  const made = new parquetJs.ParquetSchema({ a: { type: 'FLOAT', field_id: 7, fieldId: 7 } }).fields['a']!;
  const file = parquetWriteBuffer({
    columnData: [{ name: 'a', data: Float32Array.of(1, 2), encoding: 'BYTE_STREAM_SPLIT' }],
    schema: [
      { name: 'root', num_children: 1 },
      { name: 'a', type: 'FLOAT', repetition_type: 'REQUIRED', field_id: 7 },
    ],
    codec: 'ZSTD',
    compressors: { ZSTD: (input) => input },
  });
  const metadata = parquetMetadata(file);
  const column = metadata.row_groups[0]!.columns[0]!.meta_data!;
  return [
    {
      library: 'parquetjs-lite 0.8.7',
      fieldIds: Object.values(made).includes(7),
      zstd: accepts({ compression: 'ZSTD' }),
      byteStreamSplit: accepts({ encoding: 'BYTE_STREAM_SPLIT' }),
    },
    {
      library: 'hyparquet-writer 0.17.0',
      fieldIds: metadata.schema[1]!.field_id === 7,
      zstd: column.codec === 'ZSTD',
      byteStreamSplit: column.encodings.includes('BYTE_STREAM_SPLIT'),
    },
  ];
}
