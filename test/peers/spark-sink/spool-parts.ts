// Parts that a field machine has put into its spool, as the log gets them.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileByteSource } from '#adapters/file/file-byte-source.ts';
import { readFooter } from '#core/formats/parquet/read-footer.ts';
import type { LogMessage } from '#core/ports/part-log.ts';
import { partFactsKey, partMediaType, partTypes } from '#schemas/edge-messages.ts';

export interface SpoolPart {
  readonly file: string;
  readonly message: LogMessage;
}

/** In the order of their files. */
export function partsOfSpool(folder: string): Promise<SpoolPart[]> {
  return Promise.all(partsUnder(join(folder, 'payloads')).map(partOf));
}

/** Pictures lie beside the parts. */
function partsUnder(root: string): string[] {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
  return files.filter((file) => readFileSync(file).toString('latin1', 0, 4) === 'PAR1').sort();
}

async function partOf(file: string): Promise<SpoolPart> {
  const value = readFileSync(file);
  const source = await fileByteSource(file);
  const footer = await readFooter(source);
  await source.close();
  const facts = JSON.parse(footer!.keyValues[partFactsKey]!) as {
    mode: 'cells' | 'plots';
    granule_key: string;
    device: string;
  };
  const headers = {
    ce_specversion: '1.0',
    ce_id: createHash('sha256').update(value).digest('hex'),
    ce_source: facts.device,
    ce_type: partTypes[facts.mode],
    ce_subject: facts.granule_key,
    'content-type': partMediaType,
  };
  return { file, message: { key: facts.granule_key, headers, value } };
}
