// One append in a hundred used to merge all small manifests of the table, which took six seconds at 100 000 files.
import { expect, it } from 'vitest';
import { FormatError } from '#core/errors.ts';
import type { DataFile } from '#core/formats/iceberg/data-file.ts';
import { ManifestReader } from '#core/formats/iceberg/manifest-reader.ts';
import { type PublishContext, publish } from '#core/formats/iceberg/publish.ts';
import { planScan } from '#core/formats/iceberg/scan.ts';
import { currentSnapshot } from '#core/formats/iceberg/table-metadata.ts';
import { expectSoundTable } from './check-table.ts';
import { bandColumn, change, dataFile, memoryLake, plots } from './small-table.ts';

async function manifestsOf({ catalog, warehouse }: PublishContext) {
  const { metadata } = (await catalog.loadTable(plots))!;
  return new ManifestReader(warehouse).manifestsOf(currentSnapshot(metadata));
}

function fileAt(context: PublishContext, index: number): DataFile {
  return dataFile(context.warehouse, `f${index}`, { day: (index * 37) % 100, farm: index % 2 === 0 ? 'knox' : 'linn' });
}

/** Commits of one file each, one of them with a new column, which changes the schema that a manifest names. */
async function appended(count: number): Promise<PublishContext> {
  const context = memoryLake();
  for (let index = 0; index < count; index++) {
    const extraColumns = index === 20 ? [bandColumn(55)] : [];
    await publish(context, plots, change(`c${index}`, { addFiles: [fileAt(context, index)], extraColumns }));
  }
  return context;
}

it('200 appends leave few manifests in each size class, and every file with its own history', async () => {
  const context = await appended(200);
  const manifests = await manifestsOf(context);
  const counts = manifests.map((each) => each.addedFileCount! + each.existingFileCount!);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(200);
  // By hand: a merge takes eight of a class with the commit after they are there, so that at most eight of each class stand.
  for (const [from, to] of [
    [1, 8],
    [8, 64],
    [64, 512],
  ] as const)
    expect(counts.filter((count) => count >= from && count < to).length).toBeLessThanOrEqual(8);
  expect(Math.max(...counts)).toBe(64);
  const table = (await context.catalog.loadTable(plots))!;
  const { files } = await planScan(table, context.warehouse);
  const numbers = new Map(files.map((file) => [file.path, file.sequenceNumber]));
  for (let index = 0; index < 200; index++) expect(numbers.get(fileAt(context, index).path)).toBe(BigInt(index + 1));
  await expectSoundTable(table, context.warehouse);
});

it('a merge writes what it copies in the order of partitions, with summaries that find every file', async () => {
  const context = await appended(150);
  const table = (await context.catalog.loadTable(plots))!;
  for (let day = 0; day < 100; day++) {
    const date = new Date(day * 86_400_000).toISOString().slice(0, 10);
    const { files } = await planScan(table, context.warehouse, {
      predicates: [{ column: 'day', op: '=', value: date }],
    });
    const wanted = Array.from({ length: 150 }, (_, index) => fileAt(context, index)).filter(
      (file) => file.partition['day_day'] === day,
    );
    expect(files.map((file) => file.path).toSorted()).toEqual(wanted.map((file) => file.path).toSorted());
  }
});

it('no file can be added a second time, in whatever manifest it stands by now', async () => {
  const context = await appended(100);
  for (let index = 0; index < 100; index++)
    await expect(
      publish(context, plots, change(`again ${index}`, { addFiles: [fileAt(context, index)] })),
    ).rejects.toThrow(FormatError);
  // What was taken out may come back.
  const file = fileAt(context, 3);
  await publish(context, plots, change('out', { removePaths: [file.path] }));
  await publish(context, plots, change('back', { addFiles: [file] }));
  await expectSoundTable((await context.catalog.loadTable(plots))!, context.warehouse);
});

it('merging stays small: no commit reads more than eight earlier manifests', async () => {
  const context = await appended(70);
  const get = context.warehouse.get.bind(context.warehouse);
  let read = 0;
  context.warehouse.get = (key, options) => {
    if (/-m\d+-/.test(key)) read++;
    return get(key, options);
  };
  let most = 0;
  for (let index = 0; index < 70; index++) {
    read = 0;
    await publish(
      context,
      plots,
      change(`n${index}`, { addFiles: [dataFile(context.warehouse, `n${index}`, { day: 1000 + index })] }),
    );
    most = Math.max(most, read);
  }
  expect(most).toBe(8);
});
