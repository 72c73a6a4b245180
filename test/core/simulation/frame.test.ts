import { describe, expect, it } from 'vitest';
import { mapInfo } from '#core/simulation/envi-header.ts';
import { type Frame, frameTheField } from '#core/simulation/frame.ts';
import { defaultSimulation } from '#core/simulation/options.ts';
import { fieldToUtm, layTrial } from '#core/simulation/trial.ts';

const trial = layTrial(defaultSimulation);

function pixelOf(frame: Frame, eastM: number, northM: number): [number, number] {
  const [a, b, c, d, e, f] = frame.transform;
  const determinant = a * e - b * d;
  return [(e * (eastM - c) - b * (northM - f)) / determinant, (a * (northM - f) - d * (eastM - c)) / determinant];
}

describe('the frame of a cube', () => {
  it.each([
    ['north-up', 0, {}],
    ['turned', 6, {}],
    ['turned far', -73, {}],
    ['of given lines and samples', 6, { lineCount: 60, sampleCount: 50 }],
    ['of given lines', 0, { lineCount: 1000 }],
    ['of given samples', 0, { sampleCount: 31 }],
  ])('holds the whole field when %s', (_, rotationDeg, size) => {
    const frame = frameTheField(trial, rotationDeg, size);
    for (const eastM of [0, trial.widthM]) {
      for (const northM of [0, trial.lengthM]) {
        const [sample, line] = pixelOf(frame, ...fieldToUtm(eastM, northM));
        expect(sample).toBeGreaterThan(0);
        expect(sample).toBeLessThan(frame.sampleCount);
        expect(line).toBeGreaterThan(0);
        expect(line).toBeLessThan(frame.lineCount);
      }
    }
    expect(frame).toMatchObject(size);
  });

  it('has pixels of 0.15 m that share their edges with the plots when it is not turned', () => {
    // (20.7 m of plots + 2 * 0.75 m) / 0.15 m and (28.2 m + 1.5 m) / 0.15 m.
    const frame = frameTheField(trial, 0, {});
    expect([frame.sampleCount, frame.lineCount]).toEqual([148, 198]);
    expect(frame.transform).toEqual([0.15, 0, 447_999.25, 0, -0.15, 4_650_028.95]);
  });

  it('is written as ENVI map info from its upper-left corner, with the turn of the sample axis from east', () => {
    expect(mapInfo(frameTheField(trial, 0, {}))).toBe(
      'UTM, 1, 1, 447999.250, 4650028.950, 0.15, 0.15, 15, North, WGS-84, units=Meters',
    );
    expect(mapInfo(frameTheField(trial, 6, {}))).toMatch(/units=Meters, rotation=6$/);
  });
});
