import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { planScan } from '#core/formats/iceberg/scan.ts';
import { keyOf } from '#core/formats/iceberg/table-location.ts';
import { readRows } from '#core/formats/parquet/read-rows.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { processingStatusTag } from '#schemas/processing-status.ts';
import { textKey, textLines } from '../flow/text-payload.ts';
import type { History } from './simulate-flow.ts';
import type { SimulatedRegion } from './simulated-region.ts';

function hold(condition: boolean, broken: string): asserts condition {
  if (!condition) throw new Error(broken);
}

/** Raw may go to the archive once it is tagged complete: then, and at every moment after, its rows must be in the table. */
export async function checkTags(region: SimulatedRegion): Promise<void> {
  const complete: { readonly name: string; readonly text: string }[] = [];
  for await (const { key } of region.raw.list('')) {
    if (!key.endsWith('.txt') || (await statusOf(region, key)) !== 'complete') continue;
    complete.push({ name: nameOf(key), text: await textAt(region, key) });
  }
  if (complete.length === 0) return;
  const rows = await rowsOfTable(region);
  for (const { name, text } of complete) {
    hold(rows.get(name) === text, `${name} is tagged complete and the table holds ${JSON.stringify(rows.get(name))}`);
  }
}

/** Nothing is lost, nothing is doubled, and every object has its verdict. */
export async function checkEnd(
  region: SimulatedRegion,
  history: History,
): Promise<{ completeCount: number; failedCount: number; snapshotCount: number }> {
  const rows = await rowsOfTable(region);
  let completeCount = 0;
  let failedCount = 0;
  for (const name of history.names) {
    const verdict = await expectedVerdict(region, name);
    for (const extension of ['txt', 'sum'] as const) {
      const key = textKey(name, extension);
      if ((await region.raw.head(key)) === null) continue;
      const status = await statusOf(region, key);
      hold(status === verdict, `${key} should end ${verdict} and is tagged ${status}`);
    }
    const isQuarantined = (await region.warehouse.head(controlKeys.quarantine(granuleOf(name)))) !== null;
    hold(
      isQuarantined === (verdict === 'failed'),
      `${name} ends ${verdict} and ${isQuarantined ? 'is' : 'is not'} in quarantine`,
    );
    if (verdict === 'complete') {
      completeCount++;
      const text = await textAt(region, textKey(name, 'txt'));
      hold(
        rows.get(name) === text,
        `${name} should be ${JSON.stringify(text)}, the table holds ${JSON.stringify(rows.get(name))}`,
      );
    } else {
      if (verdict === 'failed') failedCount++;
      const text = rows.get(name);
      const isEarlier = text === undefined || history.texts.get(name)!.includes(text);
      hold(isEarlier && !/poison|flaky/.test(text ?? ''), `${name} failed and the table holds ${JSON.stringify(text)}`);
    }
  }
  for (const name of rows.keys()) hold(history.names.has(name), `the table holds ${name}, which nobody uploaded`);
  for (const { body } of await region.events.deadLetters()) {
    hold(/^not json$|"object":\{\}/.test(body), `a message died that could be read: ${body}`);
  }
  return { completeCount, failedCount, snapshotCount: await countSnapshots(region) };
}

/** null: nothing is left of the granule. */
async function expectedVerdict(region: SimulatedRegion, name: string): Promise<'complete' | 'failed' | null> {
  const text =
    (await region.raw.head(textKey(name, 'txt'))) === null ? null : await textAt(region, textKey(name, 'txt'));
  const hasSum = (await region.raw.head(textKey(name, 'sum'))) !== null;
  if (text === null && !hasSum) return null;
  return text !== null && hasSum && !/poison|flaky/.test(text) ? 'complete' : 'failed';
}

/** Name -> text of all live files. @throws Error for a granule in two files. */
async function rowsOfTable(region: SimulatedRegion): Promise<Map<string, string>> {
  const { warehouse } = region;
  const table = await pointerCatalog(warehouse).loadTable(textLines);
  const texts = new Map<string, string>();
  if (table === null) return texts;
  const { files } = await planScan(table, warehouse);
  for (const { path } of files) {
    const rows = await region.rowsOf(path, async () =>
      readRows(await warehouse.open(keyOf(warehouse, path)), ['granule', 'line', 'text']),
    );
    const name = nameOf(`${String(rows[0]!['granule'])}.x`);
    hold(!texts.has(name), `${name} has rows in two files`);
    const inOrder = rows.toSorted((a, b) => Number(a['line']) - Number(b['line']));
    texts.set(name, inOrder.map((row) => String(row['text'])).join('\n'));
  }
  return texts;
}

/** A commit is there once, whoever repeated it. */
async function countSnapshots(region: SimulatedRegion): Promise<number> {
  const table = await pointerCatalog(region.warehouse).loadTable(textLines);
  const snapshots = table?.metadata.snapshots ?? [];
  const ids = snapshots.map(({ summary }) => summary['cubelake.commit-id']);
  hold(
    ids.every((id) => id !== undefined),
    'a snapshot has no commit id',
  );
  hold(new Set(ids).size === ids.length, `a commit is there twice: ${ids.join(', ')}`);
  return snapshots.length;
}

async function statusOf(region: SimulatedRegion, key: string): Promise<string | undefined> {
  return (await region.raw.getTags(key))[processingStatusTag.key];
}

async function textAt(region: SimulatedRegion, key: string): Promise<string> {
  return Buffer.from((await region.raw.get(key)).bytes).toString();
}

function granuleOf(name: string): string {
  return textKey(name, 'txt').slice(0, -4);
}

function nameOf(key: string): string {
  return key
    .split('/')
    .at(-1)!
    .replace(/\.\w+$/, '');
}
