import { expect } from 'vitest';
import { decodeManifest } from '#core/formats/iceberg/manifest.ts';
import { decodeManifestList } from '#core/formats/iceberg/manifest-list.ts';
import { planScan } from '#core/formats/iceberg/scan.ts';
import { commitIdKey } from '#core/formats/iceberg/snapshot-summary.ts';
import { keyOf } from '#core/formats/iceberg/table-location.ts';
import { snapshotById } from '#core/formats/iceberg/table-metadata.ts';
import type { LoadedTable } from '#core/ports/catalog.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';

/**
 * What must hold of a table after any history without rollbacks, read from the bytes in the store:
 * every referenced manifest exists with its recorded size; no path is live twice in a snapshot; sequence numbers rise along
 * one unbroken chain of parents; totals are the sums of what was added and deleted; commit ids occur once.
 */
export async function expectSoundTable(table: LoadedTable, warehouse: ObjectStore): Promise<void> {
  const { metadata } = table;
  const commitIds = metadata.snapshots.map((snapshot) => snapshot.summary[commitIdKey]);
  expect(new Set(commitIds).size).toBe(commitIds.length);

  let id = metadata['current-snapshot-id'];
  let chainLength = 0;
  let above = metadata['last-sequence-number'] + 1n;
  while (id !== null) {
    const snapshot = snapshotById(metadata, id);
    expect(snapshot).not.toBeNull();
    expect(snapshot!['sequence-number']).toBeLessThan(above);
    above = snapshot!['sequence-number'];
    chainLength++;
    id = snapshot!['parent-snapshot-id'] ?? null;
  }
  expect(chainLength).toBe(metadata.snapshots.length);

  let totalRecords = 0;
  let totalFiles = 0;
  let totalBytes = 0;
  for (const snapshot of metadata.snapshots) {
    const count = (key: string) => Number(snapshot.summary[key] ?? 0);
    totalRecords += count('added-records') - count('deleted-records');
    totalFiles += count('added-data-files') - count('deleted-data-files');
    totalBytes += count('added-files-size') - count('removed-files-size');
    expect([count('total-records'), count('total-data-files'), count('total-files-size')]).toEqual([
      totalRecords,
      totalFiles,
      totalBytes,
    ]);
    const { files } = await planScan(table, warehouse, { snapshotId: snapshot['snapshot-id'] });
    expect(new Set(files.map((file) => file.path)).size).toBe(files.length);
    expect(files.reduce((sum, file) => sum + file.recordCount, 0)).toBe(totalRecords);
    await expectSoundManifests(snapshot['manifest-list'], snapshot['sequence-number'], warehouse);
  }
}

async function expectSoundManifests(listUri: string, sequenceNumber: bigint, warehouse: ObjectStore): Promise<void> {
  const list = await warehouse.get(keyOf(warehouse, listUri));
  for (const manifest of decodeManifestList(list.bytes, listUri)) {
    const { bytes, sizeBytes } = await warehouse.get(keyOf(warehouse, manifest.path));
    expect(sizeBytes).toBe(manifest.lengthBytes);
    const entries = decodeManifest(bytes, manifest);
    const filesOf = (status: number) => entries.filter((entry) => entry.status === status).length;
    expect([filesOf(0), filesOf(1), filesOf(2)]).toEqual([
      manifest.existingFileCount,
      manifest.addedFileCount,
      manifest.deletedFileCount,
    ]);
    const live = entries.filter((entry) => entry.status !== 2).map((entry) => entry.sequenceNumber!);
    const lowest = live.reduce((low, each) => (each < low ? each : low), manifest.sequenceNumber);
    expect(manifest.minSequenceNumber).toBe(lowest);
    expect(manifest.sequenceNumber).toBeLessThanOrEqual(sequenceNumber);
  }
}
