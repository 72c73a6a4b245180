import { createHash } from 'node:crypto';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { defaultEdgeSettings } from '#core/edge/edge-product.ts';
import { makeGranule } from '#core/edge/make-granule.ts';
import { commitParts, tableOfKind } from '#core/edge/sink/commit-parts.ts';
import { decodePart } from '#core/edge/sink/decode-part.ts';
import type { DecodedPart } from '#core/edge/sink/stage-parts.ts';
import { Spool } from '#core/edge/spool.ts';
import { aggregateIngested } from '#core/pipeline/aggregate-ingested.ts';
import { silentProgress } from '#core/ports/progress.ts';
import { partMediaType, partTypes } from '#schemas/edge-messages.ts';
import type { Lake } from '../../cli/open-lake.ts';
import { emptyDisk } from '../core/edge/cut-off-disk.ts';
import { granuleKey, putSmallCube, type SmallCubeOptions } from '../core/pipeline/small-cube.ts';

/** No two pixels alike, so that a mean over other pixels is another one. */
export const noisy: SmallCubeOptions = {
  count: (line, band, sample) => 500 + band * 800 + ((line * 7919 + band * 104_729 + sample * 1_299_709) % 500),
};

/** What a field machine makes of the small cube, as the log would bring it; the same cube also goes by another key. */
export async function partsOfField(options: SmallCubeOptions, key = granuleKey): Promise<DecodedPart[]> {
  const raw = memoryObjectStore();
  const { parts: files } = await putSmallCube(raw, options);
  for (const file of files) await raw.put(file.key.replace(granuleKey, key), (await raw.get(file.key)).bytes);
  const disk = emptyDisk();
  const spool = await Spool.open({ ...disk, budgetBytes: 1e9 });
  disk.captures.add(key, 1);
  await makeGranule(key, {
    raw,
    spool,
    captures: disk.captures,
    openHdf5: () => {
      throw new Error('no HDF5 here');
    },
    deviceId: 'tractor-1',
    settings: { ...defaultEdgeSettings, cellSize: 5 },
    progress: silentProgress,
    betweenTiles: () => Promise.resolve(),
  });
  const parts: DecodedPart[] = [];
  for (const entry of spool.next(1000)) {
    if (entry.kind !== 'cells' && entry.kind !== 'plots') continue;
    const value = await spool.read(entry);
    const id = createHash('sha256').update(value).digest('hex');
    const headers = {
      ce_specversion: '1.0',
      ce_id: id,
      ce_source: 'tractor-1',
      ce_type: partTypes[entry.kind],
      ce_subject: key,
      'content-type': partMediaType,
    };
    parts.push(await decodePart({ partition: 0, offset: BigInt(parts.length), key, headers, value }));
  }
  return parts;
}

let commitCount = 0n;

/** What the sink would commit of them. */
export async function bring(lake: Lake, parts: readonly DecodedPart[]): Promise<void> {
  for (const kind of ['plots', 'cells'] as const) {
    const after = { topic: 'parts', topicId: 'one', next: new Map([[0, ++commitCount]]) };
    const own = parts.filter((part) => part.kind === kind);
    const group = `${kind}-${commitCount}`;
    await commitParts(lake, tableOfKind[kind], {
      group,
      before: null,
      after,
      parts: own,
    });
  }
  await aggregateIngested(lake);
}
