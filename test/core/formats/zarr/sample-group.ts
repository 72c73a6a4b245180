import type { Georeference } from '#core/cube/cube.ts';
import { type BronzeFacts, bronzeGroupObjects } from '#core/formats/zarr/bronze-group.ts';
import { encodeLocations, locationArrays, locationKey } from '#core/formats/zarr/location-chunks.ts';
import { shardKey } from '#core/formats/zarr/shard-layout.ts';
import { ShardWriter } from '#core/formats/zarr/shard-writer.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { packedFill } from '#core/radiometry/quality.ts';

/** A small cube whose every value follows from its place; `test/peers/zarr/read_bronze.py` has the same formulas. */
export interface SampleCube {
  readonly bandCount: number;
  readonly lineCount: number;
  readonly sampleCount: number;
  readonly tileLineCount: number;
  readonly georeference: Georeference | null;
}

/** Fill in column 0 of every band but the first and in the whole band 2; else a smooth field, partly below 0. */
export function sampleValue(band: number, line: number, sample: number): number {
  if (band === 2 || (sample === 0 && band > 0)) return packedFill;
  return ((band * 7919 + line * 131 + sample * sample * 17) % 12_000) - 500;
}

/** Saturated on a diagonal of band 1 and "no value" where the value is fill; clean elsewhere. */
export function sampleQuality(band: number, line: number, sample: number): number {
  if (sampleValue(band, line, sample) === packedFill) return 1;
  return band === 1 && line === sample ? 2 : 0;
}

/** Degrees or metres that curve, unknown in the last column. */
export function sampleLocation(line: number, sample: number, sampleCount: number): readonly [number, number] {
  if (sample === sampleCount - 1) return [Number.NaN, Number.NaN];
  return [11.5 + sample * 1e-4 + line * line * 1e-7, 48.25 - line * 1e-4 + sample * 1e-6];
}

export function sampleFacts(cube: SampleCube): BronzeFacts {
  const { bandCount, tileLineCount, sampleCount, lineCount, georeference } = cube;
  return {
    layout: { bandCount, tileLineCount, sampleCount },
    lineCount,
    wavelengthNm: Float64Array.from({ length: bandCount }, (_, band) => 400.25 + band * 5.5),
    fwhmNm: Float64Array.from({ length: bandCount }, (_, band) => 6 + band / 16),
    goodBands: Uint8Array.from({ length: bandCount }, (_, band) => (band === 2 ? 0 : 1)),
    georeference,
    sensorId: 'sample-sensor',
    acquiredAt: '2025-06-01T10:20:30Z',
    provenance: { granule_key: 'raw_cubes/r/f/2025/06/01/c', method: 'dark-white', version: 'calibration-1' },
  };
}

/** Writes the cube as the pipeline does: shards and locations tile by tile, then the group with its commit mark. */
export async function writeSampleGroup(store: ObjectStore, rootKey: string, cube: SampleCube): Promise<BronzeFacts> {
  const facts = sampleFacts(cube);
  const writer = new ShardWriter(facts.layout);
  for (let tile = 0; tile * cube.tileLineCount < cube.lineCount; tile++) {
    const firstLine = tile * cube.tileLineCount;
    const lineCount = Math.min(cube.tileLineCount, cube.lineCount - firstLine);
    const pixelCount = lineCount * cube.sampleCount;
    const packed = planesOf(cube, firstLine, lineCount, sampleValue, new Int16Array(cube.bandCount * pixelCount));
    const bits = planesOf(cube, firstLine, lineCount, sampleQuality, new Uint8Array(cube.bandCount * pixelCount));
    const isClean = (band: number) =>
      bits.subarray(band * pixelCount, (band + 1) * pixelCount).every((bit) => bit === 0);
    await store.put(
      shardKey(rootKey, 'reflectance', tile),
      writer.reflectance(packed, pixelCount, () => true),
    );
    await store.put(shardKey(rootKey, 'quality', tile), writer.quality(bits, pixelCount, isClean));
    if (cube.georeference?.kind === 'locations') {
      await writeLocations(store, rootKey, cube, facts, { tile, firstLine, pixelCount });
    }
  }
  for (const { key, bytes } of bronzeGroupObjects(facts)) await store.put(`${rootKey}/${key}`, bytes);
  return facts;
}

async function writeLocations(
  store: ObjectStore,
  rootKey: string,
  cube: SampleCube,
  facts: BronzeFacts,
  { tile, firstLine, pixelCount }: { tile: number; firstLine: number; pixelCount: number },
): Promise<void> {
  for (const [axis, name] of locationArrays(cube.georeference!.crs).entries()) {
    const values = Float64Array.from({ length: pixelCount }, (_, pixel) => {
      const line = firstLine + Math.floor(pixel / cube.sampleCount);
      return sampleLocation(line, pixel % cube.sampleCount, cube.sampleCount)[axis]!;
    });
    await store.put(locationKey(rootKey, name, tile), encodeLocations(values, facts.layout));
  }
}

export function planesOf<Planes extends Int16Array | Uint8Array>(
  { bandCount, sampleCount }: Pick<SampleCube, 'bandCount' | 'sampleCount'>,
  firstLine: number,
  lineCount: number,
  value: (band: number, line: number, sample: number) => number,
  out: Planes,
): Planes {
  let at = 0;
  for (let band = 0; band < bandCount; band++) {
    for (let line = firstLine; line < firstLine + lineCount; line++) {
      for (let sample = 0; sample < sampleCount; sample++, at++) out[at] = value(band, line, sample);
    }
  }
  return out;
}
