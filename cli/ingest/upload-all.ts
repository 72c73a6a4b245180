import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Progress } from '#core/ports/progress.ts';
import { type UploadContext, uploadToRaw } from '../upload-to-raw.ts';
import type { Upload } from './ingest-plan.ts';

export interface Uploaded {
  readonly key: string;
  /** False when the lake held the same bytes already. */
  readonly isNew: boolean;
}

/** Puts every object into raw, in order; each new one sends its event. */
export async function uploadAll(
  lake: UploadContext,
  uploads: readonly Upload[],
  progress: Progress,
): Promise<Uploaded[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'cubelake-'));
  const uploaded: Uploaded[] = [];
  try {
    for (const [position, upload] of uploads.entries()) {
      const path = 'path' in upload ? upload.path : join(scratch, basename(upload.key));
      if ('text' in upload) writeFileSync(path, upload.text);
      const result = await uploadToRaw(lake, upload.key, path);
      uploaded.push({ key: upload.key, isNew: result === 'stored' });
      progress.report('Object:Upload:Done', { key: upload.key, done: position + 1, total: uploads.length });
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return uploaded;
}
