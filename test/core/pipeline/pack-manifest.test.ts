import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { manifestGranuleCountMax, manifestGranuleCountMin } from '#core/limits.ts';
import { granuleVersionId, manifestIdOf } from '#core/pipeline/granule-version.ts';
import { type GranuleRequest, packManifests } from '#core/pipeline/pack-manifest.ts';

function request(name: string, version = '1', source: 'raw' | 'bronze' = 'raw', payload = 'cube'): GranuleRequest {
  const parts = [{ key: `${name}.nc`, etag: version, size_bytes: 1 }];
  return {
    source,
    granule: { payload, granule_key: name, granule_version_id: granuleVersionId(parts, source, null), parts },
  };
}
const many = (count: number): GranuleRequest[] =>
  Array.from({ length: count }, (_, position) => request(`g${position}`));
const sizes = (requests: GranuleRequest[], mode: 'full' | 'flush'): number[] =>
  packManifests(requests, mode).map(({ granules }) => granules.length);

describe('manifests', () => {
  it.each([
    [0, [], []],
    [1, [], [1]],
    [49, [], [49]],
    [50, [50], [50]],
    [200, [200], [200]],
    [201, [100, 101], [100, 101]],
    [450, [150, 150, 150], [150, 150, 150]],
  ])('of %i granules: %j full, %j in a flush', (count, full, flush) => {
    expect(sizes(many(count), 'full')).toEqual(full);
    expect(sizes(many(count), 'flush')).toEqual(flush);
  });

  it('hold every granule exactly once, 50 to 200 at a time', () => {
    const property = fc.property(
      fc.nat({ max: 1500 }),
      fc.constantFrom('full' as const, 'flush' as const),
      (count, mode) => {
        const manifests = packManifests(many(count), mode);
        const keys = manifests.flatMap(({ granules }) => granules.map((granule) => granule.granule_key));
        const isHeldBack = mode === 'full' && count < manifestGranuleCountMin;
        expect(keys.toSorted()).toEqual(
          isHeldBack
            ? []
            : many(count)
                .map(({ granule }) => granule.granule_key)
                .toSorted(),
        );
        for (const { granules } of manifests) {
          expect(granules.length).toBeLessThanOrEqual(manifestGranuleCountMax);
          if (count >= manifestGranuleCountMin) expect(granules.length).toBeGreaterThanOrEqual(manifestGranuleCountMin);
        }
      },
    );
    fc.assert(property, { seed: 3, numRuns: 60 });
  });

  it('have the same id for the same granules in any order, and another for any other list', () => {
    const requests = many(60);
    const [manifest] = packManifests(requests, 'full');
    expect(packManifests(requests.toReversed(), 'full')).toEqual([manifest]);
    expect(packManifests(requests.slice(1), 'full')[0]?.manifest_id).not.toBe(manifest?.manifest_id);
  });

  it('have the SHA-256 of the sorted granule versions as their id', () => {
    const granule = (granule_version_id: string) => ({ ...request('g').granule, granule_version_id });
    // printf 'a\nb' | sha256sum | cut -c1-32
    expect(manifestIdOf([granule('b'), granule('a')])).toBe('7e18f737311b2dc3b2f269dd78396b03');
  });

  it('have one payload and one source', () => {
    const mixed = [request('a'), request('b', '1', 'bronze'), request('c', '1', 'raw', 'plots')];
    expect(sizes(mixed, 'flush')).toEqual([1, 1, 1]);
  });

  it('hold one version of a granule: the other waits', () => {
    const manifests = packManifests([request('a', '1'), request('a', '2'), request('b')], 'flush');
    expect(manifests.map(({ granules }) => granules.map((granule) => granule.granule_key))).toEqual([['a', 'b']]);
  });
});

describe('a granule version', () => {
  const parts = [
    { key: 'a.hdr', etag: 'x', size_bytes: 1 },
    { key: 'a.bil', etag: 'y', size_bytes: 2 },
  ];
  it('is the same for the same parts in any order', () => {
    expect(granuleVersionId(parts.toReversed(), 'raw', null)).toBe(granuleVersionId(parts, 'raw', null));
  });

  it('differs with any part, with the source and with the request', () => {
    const ids = [
      granuleVersionId(parts, 'raw', null),
      granuleVersionId(parts.slice(1), 'raw', null),
      granuleVersionId([{ ...parts[0]!, etag: 'z' }, parts[1]!], 'raw', null),
      granuleVersionId([{ ...parts[0]!, size_bytes: 9 }, parts[1]!], 'raw', null),
      granuleVersionId([{ ...parts[0]!, key: 'b.hdr' }, parts[1]!], 'raw', null),
      granuleVersionId(parts, 'bronze', null),
      granuleVersionId(parts, 'raw', 'again'),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });
});
