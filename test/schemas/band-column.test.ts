import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bandColumns } from '#schemas/band-column.ts';

describe('bandColumns', () => {
  it('names a band by its nominal wavelength and gives the id that follows from it', () => {
    expect(bandColumns([669.7, 800.2]).map((column) => [column!.name, column!.id])).toEqual([
      ['r0670', 16_700],
      ['r0800', 18_000],
    ]);
  });

  it('gives bands within one nanometre a decimal', () => {
    expect(bandColumns([670.1, 670.4, 671.2]).map((column) => column!.name)).toEqual(['r0670_1', 'r0670_4', 'r0671']);
  });

  it('leaves out a band at the wavelength of an earlier one', () => {
    expect(bandColumns([670.12, 670.14]).map((column) => column?.name ?? null)).toEqual(['r0670_1', null]);
  });

  it('never gives one id two names nor one name two ids, within a cube and between cubes', () => {
    const wavelengths = fc.array(fc.double({ min: 300, max: 14_000, noNaN: true }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(wavelengths, wavelengths, (first, second) => {
        const nameOf = new Map<number, string>();
        const idOf = new Map<string, number>();
        for (const cube of [first, second]) {
          const columns = bandColumns(cube).filter((column) => column !== null);
          expect(new Set(columns.map((column) => column.id)).size).toBe(columns.length);
          for (const { id, name } of columns) {
            expect(nameOf.get(id) ?? name).toBe(name);
            expect(idOf.get(name) ?? id).toBe(id);
            nameOf.set(id, name);
            idOf.set(name, id);
          }
        }
      }),
      { seed: 2, numRuns: 200 },
    );
  });
});
