// node test/peers/zarr/write-sample.ts FOLDER: writes sample bronze groups for read_bronze.py.
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { coordinateSystemOfEpsg, wgs84 } from '#core/cube/coordinate-system.ts';
import type { Georeference } from '#core/cube/cube.ts';
import { wktOf } from '#core/formats/zarr/crs-wkt.ts';
import { writeSampleGroup } from '../../core/formats/zarr/sample-group.ts';

const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: write-sample.ts FOLDER');
const store = fileObjectStore(folder);
const utm = coordinateSystemOfEpsg(32633);

const groups: Record<string, Georeference | null> = {
  plain: null,
  utm: { kind: 'affine', crs: utm, transform: [0.5, 0, 500_000, 0, -0.5, 5_300_000] },
  rotated: { kind: 'affine', crs: utm, transform: [0.4, 0.3, 500_000, 0.3, -0.4, 5_300_000] },
  degrees: { kind: 'affine', crs: wgs84, transform: [1e-5, 0, 11.5, 0, -1e-5, 48.25] },
  locations: { kind: 'locations', crs: wgs84 },
};
for (const [name, georeference] of Object.entries(groups)) {
  const cube = { bandCount: 5, lineCount: 150, sampleCount: 67, tileLineCount: 64, georeference };
  await writeSampleGroup(store, `${name}.zarr`, cube);
}
// Fewer values than Blosc splits: such chunks take another way.
const tiny = { bandCount: 4, lineCount: 3, sampleCount: 3, tileLineCount: 3, georeference: null };
await writeSampleGroup(store, 'tiny.zarr', tiny);

const codes = [4326, 4258, 4269, 3857, 32601, 32660, 32718, 25832, 26915];
const wkts = Object.fromEntries(codes.map((code) => [code, wktOf(coordinateSystemOfEpsg(code))]));
await store.put('wkt.json', Buffer.from(JSON.stringify(wkts)));
