import { CubelakeError } from '#core/errors.ts';
import { textFileBytesMax } from '#core/limits.ts';
import { contentHash } from '#core/pipeline/content-hash.ts';
import { parseCapture } from '#core/pipeline/cube/capture-file.ts';
import { captureExtension } from '#core/pipeline/cube/cube-granule.ts';
import { resolveInputs } from '#core/pipeline/cube/cube-inputs.ts';
import type { FlowContext, TableView } from '#core/pipeline/flow-context.ts';
import { reprocessMessage } from '#core/pipeline/flow-messages.ts';
import { status } from '#core/pipeline/status.ts';
import { granuleKeysOf } from './ingest-report.ts';
import type { Uploaded } from './upload-all.ts';

/**
 * Cubes whose own files are as before, but whose references or plots were just replaced, or that failed with other ones:
 * no event of theirs says so, hence they are asked for again. Asking twice for the same inputs is one request.
 */
export async function askAgain(lake: FlowContext & TableView, uploaded: readonly Uploaded[]): Promise<void> {
  const newKeys = uploaded.filter((upload) => upload.isNew).map((upload) => upload.key);
  const unchanged = new Set(granuleKeysOf(lake, uploaded));
  for (const granuleKey of granuleKeysOf(
    lake,
    newKeys.map((key) => ({ key })),
  ))
    unchanged.delete(granuleKey);
  if (unchanged.size === 0) return;
  for (const { granuleKey, payload, status: state } of (await status(lake)).granules) {
    if (payload !== 'hyperspectral-cube' || !unchanged.has(granuleKey)) continue;
    if (state !== 'complete' && state !== 'failed') continue;
    const inputs = await namedInputs(lake, granuleKey);
    const hasNewInput = inputs.some(({ key }) => newKeys.includes(key));
    if (inputs.length === 0 || (state === 'complete' && !hasNewInput)) continue;
    const request = `inputs ${contentHash(inputs)}`;
    await lake.events.send([reprocessMessage({ payload, granule_key: granuleKey, source: 'raw', request })]);
  }
}

/** References and plots that the granule's sidecar names, at their present version; none where they cannot be found. */
async function namedInputs(lake: FlowContext, granuleKey: string): Promise<{ key: string; etag: string }[]> {
  const key = `${granuleKey}.${captureExtension}`;
  if ((await lake.raw.head(key)) === null) return [];
  const { bytes } = await lake.raw.get(key, { sizeBytesMax: textFileBytesMax });
  try {
    const inputs = await resolveInputs(lake.raw, parseCapture(bytes, key));
    return inputs.flatMap((input) => input.parts.map((part) => ({ key: part.key, etag: part.etag })));
  } catch (error) {
    // Still broken: its own report says how.
    if (error instanceof CubelakeError && error.disposition === 'quarantine') return [];
    throw error;
  }
}
