// An append into a day used to read every manifest that may hold the day. Its blocks say which partitions they hold: what is left
// out must never hold what is sought, and an index that does not fit its manifest must not be believed.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { readHeader } from '#core/formats/avro/avro-blocks.ts';
import { decodeAvroFile, encodeAvroFile } from '#core/formats/avro/avro-file.ts';
import { fieldKey } from '#core/formats/avro/avro-value.ts';
import { createTableRequest } from '#core/formats/iceberg/create-table.ts';
import { dataFileId, pathOf, recordOfDataFile } from '#core/formats/iceberg/data-file-record.ts';
import { refuseLivePaths } from '#core/formats/iceberg/live-files.ts';
import { encodeManifest, entryStatus } from '#core/formats/iceberg/manifest.ts';
import { blockIndexKey, readBlockIndex } from '#core/formats/iceberg/manifest-blocks.ts';
import type { ManifestFile } from '#core/formats/iceberg/manifest-list.ts';
import { ManifestReader } from '#core/formats/iceberg/manifest-reader.ts';
import { decodeSingleValue } from '#core/formats/iceberg/single-value.ts';
import { keyOf } from '#core/formats/iceberg/table-location.ts';
import { manifestHeaderBytesFirst, manifestWholeBytesMax } from '#core/limits.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { dataFile, plots } from './small-table.ts';

const request = createTableRequest(plots);
const schemas = [request.schema];
const spec = request['partition-spec']!;

interface Stored {
  readonly store: ObjectStore;
  readonly manifest: ManifestFile;
  readonly read: { bytes: number };
}

/** A manifest of `fileCount` files, ten a day, in a store that counts the bytes that are read. */
async function storedManifest(fileCount: number): Promise<Stored> {
  const store = memoryObjectStore('lake');
  const entries = Array.from({ length: fileCount }, (_, index) => ({
    status: entryStatus.existing,
    snapshotId: 3n,
    sequenceNumber: 2n,
    fileSequenceNumber: 2n,
    // Names that do not compress, so that the manifest is large.
    file: recordOfDataFile(
      dataFile(store, `${Math.imul(index + 1, 2654435761) >>> 0}-${Math.imul(index + 7, 40503) >>> 0}-${index}`, {
        day: Math.floor(index / 10),
      }),
      spec,
      schemas,
    ),
  }));
  const { bytes, facts } = encodeManifest(entries, { spec, schemas, snapshotId: 77n, sequenceNumber: 5n });
  const path = `${store.rootUri}/m.avro`;
  await store.put('m.avro', bytes);
  const read = { bytes: 0 };
  const open = store.open.bind(store);
  store.open = async (key, options) => {
    const source = await open(key, options);
    const readInto = source.readInto.bind(source);
    source.readInto = (offsetBytes, target) => {
      read.bytes += target.length;
      return readInto(offsetBytes, target);
    };
    return source;
  };
  return { store, manifest: { path, ...facts }, read };
}

function ofDay(day: number) {
  return (partitions: ManifestFile['partitions']) => {
    if (partitions === null) return true;
    const [lower, upper] = [partitions[1]!.lowerBound!, partitions[1]!.upperBound!].map((bound) =>
      Number(decodeSingleValue('date', bound)),
    );
    return lower! <= day && day <= upper!;
  };
}

const dayKey = fieldKey(1001);
const dayOf = (file: Record<string, unknown>) => (file[dataFileId.partition] as Record<string, unknown>)[dayKey];

describe('a manifest of many blocks', () => {
  it('gives all files of a day, and little else of it is read', async () => {
    const { store, manifest, read } = await storedManifest(20_000);
    expect(manifest.lengthBytes).toBeGreaterThan(manifestWholeBytesMax);
    const all = await new ManifestReader(store).entriesOf(manifest);
    expect(all).toHaveLength(20_000);
    for (const day of [0, 777, 1999]) {
      read.bytes = 0;
      const some = await new ManifestReader(store).entriesOf(manifest, ofDay(day));
      const wanted = (entries: typeof all) =>
        entries.filter(({ file }) => dayOf(file) === day).map(({ file }) => pathOf(file));
      expect(wanted(some)).toEqual(wanted(all));
      expect(wanted(some)).toHaveLength(10);
      expect(read.bytes).toBeLessThan(manifest.lengthBytes / 4);
    }
  });

  it('is read in part also where its description is longer than what is read first', async () => {
    const { store, manifest } = await storedManifest(250_000);
    const { bytes } = await store.get('m.avro');
    expect(readHeader(bytes, 'm.avro').lengthBytes).toBeGreaterThan(manifestHeaderBytesFirst);
    const some = await new ManifestReader(store).entriesOf(manifest, ofDay(9_000));
    expect(some.filter(({ file }) => dayOf(file) === 9_000)).toHaveLength(10);
  });

  it('is read once: what a reader has seen it remembers, block by block', async () => {
    const { store, manifest, read } = await storedManifest(20_000);
    const reader = new ManifestReader(store);
    await reader.entriesOf(manifest, ofDay(5));
    const first = read.bytes;
    const again = await reader.entriesOf(manifest, ofDay(5));
    expect(read.bytes).toBe(first);
    const later = await reader.entriesOf(manifest, ofDay(1500));
    expect(later.map(({ file }) => dayOf(file))).toContain(1500);
    expect(again.map(({ file }) => dayOf(file))).toContain(5);
    // The header is known: only the other block is fetched.
    expect(read.bytes - first).toBeLessThan(first);
  });

  it('tells of a path that is live, wherever it stands, and clears one that is not', async () => {
    const { store, manifest } = await storedManifest(20_000);
    const context = { cleared: new Set<string>(), reader: new ManifestReader(store), spec, schemas };
    const entries = await new ManifestReader(store).entriesOf(manifest);
    for (const position of [0, 9999, 19_999])
      await expect(refuseLivePaths([entries[position]!.file], [manifest], context)).rejects.toThrow(/holds already/);
    const fresh = recordOfDataFile(dataFile(store, 'fresh', { day: 1000 }), spec, schemas);
    await refuseLivePaths([fresh], [manifest], context);
    expect([...context.cleared]).toEqual([manifest.path]);
  });

  it('of another program, which has no index, is searched whole', async () => {
    const { store, manifest } = await storedManifest(20_000);
    const key = keyOf(store, manifest.path);
    const { metadata, records } = decodeAvroFile((await store.get(key)).bytes, key);
    const schema = { ...JSON.parse(metadata.get('avro.schema')!), doc: 'of another program' };
    await store.put(key, encodeAvroFile(schema, {}, records));
    const context = { cleared: new Set<string>(), reader: new ManifestReader(store), spec, schemas };
    await expect(
      refuseLivePaths([(records[12_345]!['f2'] ?? {}) as (typeof records)[0]], [manifest], context),
    ).rejects.toThrow(/holds already/);
    expect(await new ManifestReader(store).entriesOf(manifest, ofDay(3))).toHaveLength(20_000);
  });
});

describe('the index of a manifest', () => {
  it('is not believed when it does not lead to the end of the file, or is no index', async () => {
    const { store, manifest } = await storedManifest(3000);
    const { bytes } = await store.get('m.avro');
    const header = readHeader(bytes, 'm');
    const places = readBlockIndex(header, bytes.length)!;
    expect(places.length).toBeGreaterThan(2);
    expect(places.at(-1)!.offsetBytes + places.at(-1)!.sizeBytes).toBe(manifest.lengthBytes);
    expect(readBlockIndex(header, bytes.length + 1)).toBeNull();
    const texts = fc.oneof(fc.json(), fc.string(), fc.constant('[[-1,null]]'), fc.constant('[[16,[["a"]]]]'));
    fc.assert(
      fc.property(texts, (text) => {
        const other = { ...header, metadata: new Map([[blockIndexKey, text]]) };
        expect(readBlockIndex(other, bytes.length)).toBeNull();
      }),
      { seed: 11, numRuns: 300 },
    );
  });
});
