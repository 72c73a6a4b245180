import type { DuckDBResult } from '@duckdb/node-api';
import { Field, makeData, RecordBatch, RecordBatchStreamWriter, Schema, Struct } from 'apache-arrow';
import { arrowData, arrowType } from './arrow-column.ts';

/**
 * A result as an Arrow IPC stream: one record batch for each chunk of DuckDB. Repeated column names get a suffix.
 */
export async function arrowStream(result: DuckDBResult): Promise<Uint8Array> {
  const types = result.columnTypes();
  const fields = result
    .deduplicatedColumnNames()
    .map((name, column) => Field.new(name, arrowType(types[column]!), true));
  const schema = new Schema(fields);
  const batches: RecordBatch[] = [];
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    const source = chunk;
    const children = types.map((type, column) => arrowData(type, source.getColumnValues(column)));
    batches.push(
      new RecordBatch(schema, makeData({ type: new Struct(fields), length: chunk.rowCount, nullCount: 0, children })),
    );
  }
  const writer = new RecordBatchStreamWriter();
  writer.reset(undefined, schema);
  for (const batch of batches) writer.write(batch);
  writer.finish();
  return writer.toUint8Array();
}
