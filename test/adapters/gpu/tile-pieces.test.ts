import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tilePieces } from '#adapters/gpu/tile-pieces.ts';
import { type Interleave, strides } from '#core/cube/cube.ts';

const shapes = fc.record({
  interleave: fc.constantFrom<Interleave>('bsq', 'bil', 'bip'),
  lineCount: fc.integer({ min: 1, max: 7 }),
  bandCount: fc.integer({ min: 1, max: 7 }),
  sampleCount: fc.integer({ min: 1, max: 7 }),
});

describe('tilePieces', () => {
  it('cover every value once, each piece one run of the data in the order of the window', () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 7, max: 400 }), (shape, valueCountMax) => {
        const pieces = tilePieces(shape, valueCountMax)!;
        const seen = new Set<number>();
        const inWindow = strides(shape);
        for (const piece of pieces) {
          expect(piece.valueCount).toBeLessThanOrEqual(valueCountMax);
          const lineCount = piece.lineEnd - piece.lineStart;
          const bandCount = piece.bandEnd - piece.bandStart;
          const sampleCount = piece.sampleEnd - piece.sampleStart;
          const inPiece = strides({ interleave: shape.interleave, lineCount, bandCount, sampleCount });
          for (let line = 0; line < lineCount; line++) {
            for (let band = 0; band < bandCount; band++) {
              for (let sample = 0; sample < sampleCount; sample++) {
                const at = piece.from + line * inPiece.line + band * inPiece.band + sample * inPiece.sample;
                const wanted =
                  (piece.lineStart + line) * inWindow.line +
                  (piece.bandStart + band) * inWindow.band +
                  (piece.sampleStart + sample) * inWindow.sample;
                expect(at).toBe(wanted);
                seen.add(at);
              }
            }
          }
        }
        expect(seen.size).toBe(shape.lineCount * shape.bandCount * shape.sampleCount);
        expect(pieces.reduce((sum, piece) => sum + piece.valueCount, 0)).toBe(seen.size);
      }),
      { seed: 20_261_123, numRuns: 200 },
    );
  });

  it('are one where all fits, and none where one step along the second axis does not', () => {
    const shape = { interleave: 'bil', lineCount: 4, bandCount: 3, sampleCount: 5 } as const;
    expect(tilePieces(shape, 60)).toHaveLength(1);
    expect(tilePieces(shape, 30)).toHaveLength(2);
    // One line has 15 values: its bands go one by one.
    expect(tilePieces(shape, 9)).toHaveLength(12);
    expect(tilePieces(shape, 4)).toBeNull();
  });
});
