import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTableRows } from '#core/pipeline/table-rows.ts';
import { type Lake, type OpenLakeOptions, openLake } from '../../cli/open-lake.ts';
import { type UploadResult, uploadToRaw } from '../../cli/upload-to-raw.ts';
import { textKey, textLines, textPayload } from './text-payload.ts';

/** A lake on disk whose jobs are real processes with the text payload. */
export function textLake(folder: string, options: OpenLakeOptions = {}): Lake {
  const job = { entryPath: join(import.meta.dirname, 'text-job.ts'), payloads: [textPayload] };
  return openLake(folder, { job, retryDelayMs: 1, ...options });
}

export async function uploadText(lake: Lake, name: string, text: string): Promise<UploadResult[]> {
  const folder = mkdtempSync(join(lake.folder, 'upload-'));
  const results: UploadResult[] = [];
  for (const [extension, content] of [['txt', text] as const, ['sum', String(text.length)] as const]) {
    const path = join(folder, `${name}.${extension}`);
    writeFileSync(path, content);
    results.push(await uploadToRaw(lake, textKey(name, extension), path));
  }
  return results;
}

/** Every row of the table as `granule:line:text`, sorted. */
export async function tableLines(lake: Lake): Promise<string[]> {
  const rows = await readTableRows(lake, textLines, ['granule', 'line', 'text'], []);
  return rows.map((row) => `${String(row['granule']).split('/').at(-1)}:${row['line']}:${row['text']}`).toSorted();
}
