import { describe, expect, it } from 'vitest';
import { captureFilesOf } from '#core/edge/capture-files.ts';

describe('captures among the names of a folder', () => {
  it.each([
    ['an ENVI pair', ['a.bil', 'a.hdr'], [['a.hdr', 'a.bil']]],
    ['a header that carries the name of its data', ['a.img', 'a.img.hdr'], [['a.img.hdr', 'a.img']]],
    ['data without an extension', ['a', 'a.hdr'], [['a.hdr', 'a']]],
    ['letters of any case', ['A.HDR', 'A.IMG'], [['A.HDR', 'A.IMG']]],
    ['single files', ['a.nc', 'b.h5', 'c.tif'], [['a.nc'], ['b.h5'], ['c.tif']]],
    ['a header whose data has not come', ['a.hdr'], []],
    ['data whose header has not come', ['a.bil'], []],
    ['data that is being written', ['a.hdr', 'a.bil.part', 'b.h5.tmp', 'c.nc.partial'], []],
    ['hidden files and others', ['.a.nc', 'notes.txt', 'a.capture.json', 'a.done'], []],
  ] as const)('%s', (_, names, cubes) => {
    expect(captureFilesOf(names).map(({ cube }) => cube)).toEqual(cubes);
  });

  it('have their own sidecars and markers', () => {
    const names = ['a.bil', 'a.capture.json', 'a.hdr', 'b.h5', 'b.h5.done', 'c.img', 'c.img.hdr', 'c.done', 'd.nc'];
    expect(captureFilesOf(names)).toEqual([
      { cube: ['a.hdr', 'a.bil'], sidecar: 'a.capture.json', marker: null },
      { cube: ['b.h5'], sidecar: null, marker: 'b.h5.done' },
      { cube: ['c.img.hdr', 'c.img'], sidecar: null, marker: 'c.done' },
      { cube: ['d.nc'], sidecar: null, marker: null },
    ]);
  });
});
