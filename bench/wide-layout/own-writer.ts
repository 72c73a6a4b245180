import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { ColumnValues } from '#core/formats/parquet/column-values.ts';
import { encodeRowGroup, rowGroupScratch } from '#core/formats/parquet/encode-row-group.ts';
import { ParquetFileFacts, parquetMagic } from '#core/formats/parquet/parquet-file.ts';
import { bandColumnsOf, firstDay, keyColumns, pixelCount, plotPixelCount, rowGroupPixelCount } from './layouts.ts';
import { medianOf } from './medians.ts';

/** The same pixels, a column per band, by the writer of silver on one thread. */
export function measureOwnWriter(folder: string, bandCount: number, runCount: number) {
  const bytes = readFileSync(join(folder, `packed_${bandCount}.bin`));
  const packed = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  const path = join(folder, `own_${bandCount}.parquet`);
  const columns = [...keyColumns, ...bandColumnsOf(bandCount)];
  const seconds: number[] = [];
  let sizes = { fileBytes: 0, footerBytes: 0 };
  for (let run = 0; run < runCount; run++) {
    const start = performance.now();
    const file = openSync(path, 'w');
    const facts = new ParquetFileFacts(columns);
    const scratch = rowGroupScratch();
    writeSync(file, parquetMagic);
    for (let pixel = 0; pixel < pixelCount; pixel += rowGroupPixelCount) {
      const values = [...keyValues(pixel), ...bandValues(packed, bandCount, pixel)];
      const group = encodeRowGroup(columns, values, rowGroupPixelCount, scratch);
      facts.add(group);
      writeSync(file, group.bytes);
    }
    const footer = facts.footer();
    writeSync(file, footer);
    closeSync(file);
    seconds.push((performance.now() - start) / 1000);
    sizes = { fileBytes: facts.lengthBytes + footer.length, footerBytes: footer.length };
  }
  return { layout: 'columns' as const, bandCount, ...sizes, writeSeconds: medianOf(seconds) };
}

function* bandValues(packed: Int16Array, bandCount: number, pixel: number): Generator<ColumnValues> {
  for (let band = 0; band < bandCount; band++) {
    const start = band * pixelCount + pixel;
    yield { kind: 'packed', values: packed.subarray(start, start + rowGroupPixelCount) };
  }
}

function keyValues(pixel: number): ColumnValues[] {
  const index = Int32Array.from({ length: rowGroupPixelCount }, (_, at) => pixel + at);
  const plots = Array.from({ length: pixelCount / plotPixelCount }, (_, plot) => `p${String(plot).padStart(3, '0')}`);
  return [
    { kind: 'constant', value: 'f000' },
    { kind: 'constant', value: firstDay },
    { kind: 'constant', value: 'cube' },
    { kind: 'int32', values: index.map((each) => Math.floor(each / 640)), validMask: null },
    { kind: 'int32', values: index.map((each) => each % 640), validMask: null },
    { kind: 'codes', dictionary: plots, codes: index.map((each) => Math.floor(each / plotPixelCount)) },
  ];
}
