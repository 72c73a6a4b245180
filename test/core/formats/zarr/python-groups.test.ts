import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { openBronze } from '#core/formats/zarr/bronze-reader.ts';

/** Written by zarr-python: test/fixtures/zarr/write_groups.py. */
const document = JSON.parse(
  readFileSync(new URL('../../../fixtures/zarr/python-groups.expected.json', import.meta.url), 'utf8'),
) as {
  readonly shape: readonly [number, number, number];
  readonly reflectance: readonly number[];
  readonly quality: readonly number[];
  readonly wavelength: readonly number[];
  readonly groups: Readonly<Record<string, Readonly<Record<string, string>>>>;
};

test.each(Object.keys(document.groups))('reads a group by zarr-python with its codecs: %s', async (name) => {
  const store = memoryObjectStore();
  for (const [key, text] of Object.entries(document.groups[name]!)) {
    await store.put(`g.zarr/${key}`, Buffer.from(text, 'base64'));
  }
  const reader = await openBronze(store, 'g.zarr');
  const [bandCount, lineCount, sampleCount] = document.shape;
  expect(reader.header).toMatchObject({ bandCount, lineCount, sampleCount, acquiredAt: '2025-06-01T10:20:30Z' });
  expect([...reader.header.wavelengthNm!]).toEqual(document.wavelength);
  expect([...reader.header.goodBands!]).toEqual([0, 0, 0]);
  expect(reader.header.fwhmNm).toBeNull();
  expect(reader.header.georeference).toMatchObject({ kind: 'affine', crs: { epsg: 32633 } });
  const whole = { lineStart: 0, lineEnd: lineCount };
  expect([...(await reader.readLines(whole)).data]).toEqual(document.reflectance);
  expect([...(await reader.readQuality(whole))]).toEqual(document.quality);
  const second = document.reflectance.slice(lineCount * sampleCount, 2 * lineCount * sampleCount);
  const window = await reader.readLines({ lineStart: 5, lineEnd: 19, bands: [1] });
  expect([...window.data]).toEqual(second.slice(5 * sampleCount, 19 * sampleCount));
});
