import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { deadPartsInRowCountMax, partMessageBytesMax, partRowCountMax, partValueCountMax } from '#core/limits.ts';
import { indexDefinitions } from '#core/spectral-indices/index-definitions.ts';
import { cellFactColumns } from '#schemas/edge-columns.ts';
import {
  deadLetterHeaders,
  ingestOffsetsKey,
  ingestTouchedKey,
  kafkaDeadLetterTopic,
  kafkaPartsTopic,
  partFactsKey,
  partMediaType,
  partTypes,
} from '#schemas/edge-messages.ts';
import { goldPlotIndex } from '#schemas/tables.ts';

const sourceOf = (name: string): string =>
  readFileSync(new URL(`../../edge-k3s/spark-sink/cubelake_spark/${name}.py`, import.meta.url), 'utf8');

/** A constant of Python: a text, or a product of whole numbers. */
function constant(name: string): string | number {
  const [, text] = new RegExp(`^${name} = b?(.+)$`, 'm').exec(sourceOf('contract'))!;
  if (text!.startsWith('"')) return JSON.parse(text!) as string;
  return text!.split(' * ').reduce((product, factor) => product * Number(factor.replaceAll('_', '')), 1);
}

describe('what the Spark job has agreed on', () => {
  it.each([
    ['PARTS_TOPIC', kafkaPartsTopic],
    ['DEAD_LETTER_TOPIC', kafkaDeadLetterTopic],
    ['ERROR_HEADER', deadLetterHeaders.error],
    ['ORIGIN_HEADER', deadLetterHeaders.origin],
    ['INGEST_OFFSETS_KEY', ingestOffsetsKey],
    ['INGEST_TOUCHED_KEY', ingestTouchedKey],
    ['PART_MEDIA_TYPE', partMediaType],
    ['PART_FACTS_KEY', partFactsKey],
    ['PART_BYTES_MAX', partMessageBytesMax],
    ['PART_ROW_COUNT_MAX', partRowCountMax],
    ['PART_VALUE_COUNT_MAX', partValueCountMax],
    ['DEAD_PARTS_IN_ROW_COUNT_MAX', deadPartsInRowCountMax],
  ])('%s is the same here', (name, value) => {
    expect(constant(name)).toBe(value);
  });

  it('gives what a part says of its cells the same columns', () => {
    const [, columns] = /CELL_FACTS = (\{.+\})/.exec(sourceOf('contract'))!;
    expect(JSON.parse(columns!)).toEqual(Object.fromEntries(cellFactColumns.map(({ name, id }) => [name, id])));
  });

  it('names the same indices, types of parts and columns of gold', () => {
    const contract = sourceOf('contract');
    const [, names] = /INDEX_NAMES = \(([^)]+)\)/.exec(contract)!;
    expect([...names!.matchAll(/"(\w+)"/g)].map(([, name]) => name)).toEqual(indexDefinitions.map(({ name }) => name));
    const [, types] = /PART_TYPES = (\{.+\})/.exec(contract)!;
    expect(JSON.parse(types!)).toEqual(
      Object.fromEntries(Object.entries(partTypes).map(([kind, type]) => [type, kind])),
    );
    const [, columns] = /"""\n([^"]+?)\s*"""\.strip/.exec(sourceOf('plots'))!;
    expect(columns!.trim().split(/\s*\n\s*/)).toEqual(
      goldPlotIndex.columns.map(({ name, type, required }) => `${name} ${type} ${required ? 'required' : 'optional'}`),
    );
  });
});
