import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { ParquetColumn } from '#core/formats/parquet/parquet-column.ts';
import { encodeParquet } from '#core/formats/parquet/parquet-file.ts';

const columnCount = 20;
const rowCount = 200_000;
const rawMb = (columnCount * rowCount * 4) / 1e6;

export interface ParquetSpeed {
  readonly library: string;
  readonly writeSeconds: number;
  readonly writeMbPerSecond: number;
  readonly readSeconds: number | null;
  readonly fileKib: number;
}

/** parquetjs-lite as far as it is used here. */
interface ParquetJs {
  ParquetSchema: new (fields: object) => object;
  ParquetWriter: {
    openFile(schema: object, path: string): Promise<{ appendRow(row: object): Promise<void>; close(): Promise<void> }>;
  };
  ParquetReader: {
    openFile(path: string): Promise<{ getCursor(): { next(): Promise<object | null> }; close(): Promise<void> }>;
  };
}

/** Smooth reflectance with noise of 30 steps of 1/10 000: what a band column of silver looks like. Seeded. */
function packedColumns(): Int16Array[] {
  let state = 12345;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: columnCount }, (_, band) =>
    Int16Array.from(
      { length: rowCount },
      (__, row) => 3000 + 1500 * Math.sin(row / 900 + band) + 60 * (random() - 0.5),
    ),
  );
}

const names = Array.from({ length: columnCount }, (_, band) => `r${String(400 + band * 10).padStart(4, '0')}`);

export async function parquetSpeeds(parquetJs: ParquetJs): Promise<ParquetSpeed[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cubelake-parquet-'));
  const packed = packedColumns();
  const floats = packed.map((column) => Float32Array.from(column, (value) => Math.fround(value / 10_000)));
  try {
    return [
      await withParquetJs(parquetJs, floats, join(folder, 'a.parquet')),
      await withHyparquetWriter(floats, join(folder, 'b.parquet')),
      await withOwnWriter(packed, join(folder, 'c.parquet')),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function withParquetJs(library: ParquetJs, floats: Float32Array[], path: string): Promise<ParquetSpeed> {
  const fields = Object.fromEntries(names.map((name) => [name, { type: 'FLOAT', compression: 'SNAPPY' }]));
  const writeSeconds = await seconds(async () => {
    const writer = await library.ParquetWriter.openFile(new library.ParquetSchema(fields), path);
    for (let row = 0; row < rowCount; row++) {
      await writer.appendRow(Object.fromEntries(names.map((name, band) => [name, floats[band]![row]!])));
    }
    await writer.close();
  });
  const readSeconds = await seconds(async () => {
    const reader = await library.ParquetReader.openFile(path);
    const cursor = reader.getCursor();
    while ((await cursor.next()) !== null);
    await reader.close();
  });
  return speed('parquetjs-lite 0.8.7, SNAPPY', writeSeconds, readSeconds, path);
}

async function withHyparquetWriter(floats: Float32Array[], path: string): Promise<ParquetSpeed> {
  const level = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
  const writeSeconds = await seconds(async () => {
    const bytes = parquetWriteBuffer({
      columnData: names.map((name, band) => ({
        name,
        data: floats[band]!,
        type: 'FLOAT',
        encoding: 'BYTE_STREAM_SPLIT',
      })),
      codec: 'ZSTD',
      compressors: { ZSTD: (input) => zstdCompressSync(input, level) },
    });
    writeFileSync(path, new Uint8Array(bytes));
  });
  return speed(
    'hyparquet-writer 0.17.0, BYTE_STREAM_SPLIT + zstd; read by hyparquet 1.31.5',
    writeSeconds,
    await readSeconds(path),
    path,
  );
}

async function withOwnWriter(packed: Int16Array[], path: string): Promise<ParquetSpeed> {
  const columns: ParquetColumn[] = names.map((name, band) => ({
    id: 14_000 + band * 100,
    name,
    type: 'float',
    required: false,
    metrics: 'none',
  }));
  const values = packed.map((column) => ({ kind: 'packed' as const, values: column }));
  const writeSeconds = await seconds(async () => writeFileSync(path, encodeParquet(columns, values, rowCount).bytes));
  return speed(
    'own writer from packed int16, zstd; read by hyparquet 1.31.5',
    writeSeconds,
    await readSeconds(path),
    path,
  );
}

async function readSeconds(path: string): Promise<number> {
  return seconds(async () => {
    const file = Uint8Array.from(readFileSync(path)).buffer;
    const rows = await parquetReadObjects({ file, compressors: { ZSTD: (input) => zstdDecompressSync(input) } });
    if (rows.length !== rowCount) throw new Error(`Expected ${rowCount} rows, got ${rows.length} (${path}).`);
  });
}

/** Best of three: the first run also compiles. */
async function seconds(work: () => Promise<void>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 3; run++) {
    const start = performance.now();
    await work();
    best = Math.min(best, (performance.now() - start) / 1000);
  }
  return Number(best.toFixed(3));
}

function speed(library: string, writeSeconds: number, readSecondsBest: number, path: string): ParquetSpeed {
  return {
    library,
    writeSeconds,
    writeMbPerSecond: Math.round(rawMb / writeSeconds),
    readSeconds: readSecondsBest,
    fileKib: Math.round(statSync(path).size / 1024),
  };
}
