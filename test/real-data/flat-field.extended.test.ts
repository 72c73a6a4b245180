import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { CubeReader } from '#core/cube/cube.ts';
import { packedFill } from '#core/radiometry/quality.ts';
import { openCubeFile } from '../../cli/open-cube-file.ts';
import { answerOf } from '../cli/run-cubelake.ts';
import { describeData } from './data-folder.ts';

/** All values in the order [bands, lines, samples], as both of these files store them. */
async function planesOf(reader: CubeReader): Promise<Float64Array> {
  const { lineCount, bandCount, sampleCount } = reader.header;
  const window = await reader.readLines({ lineStart: 0, lineEnd: lineCount });
  expect(window.interleave).toBe('bsq');
  expect(window.data).toHaveLength(lineCount * bandCount * sampleCount);
  return Float64Array.from(window.data);
}

describeData(
  'calibration of a drill core against the reflectance its authors published',
  'hsitools-core',
  (data, scratch) => {
    const references = [
      '--dark',
      join(data, 'DARKREF_DARKREF_CORE_XYZ_cropped.tif'),
      '--white',
      join(data, 'WHITEREFF_WHITEREF_CORE_XYZ_cropped.tif'),
    ];

    // They divide by column means like us, take the panel as 1 and raise what is darker than the dark reference to 0.
    it('agrees to half a packed step wherever the signal is above the dark, and keeps what is below', async () => {
      const out = join(scratch, 'core.zarr');
      const report = JSON.parse(
        await answerOf(scratch, [
          'calibrate',
          join(data, 'CORE_XYZ_cropped.tif'),
          ...references,
          '--quantity',
          'counts',
          '--out',
          out,
          '--json',
        ]),
      ) as { method: string; warnings: string[] };
      expect(report.method).toBe('dark-white');
      expect(report.warnings.join()).toMatch(/No panel reflectance given/);
      const bronze = await openCubeFile(out, {});
      const published = await openCubeFile(join(data, 'REFLECTANCE_CORE_XYZ_ROI_1.tif'), {});
      expect([...bronze.header.wavelengthNm!]).toEqual([...published.header.wavelengthNm!]);
      const [ours, theirs] = [await planesOf(bronze), await planesOf(published)];
      expect(ours).toHaveLength(68 * 335 * 8);
      let worst = 0;
      let belowDarkCount = 0;
      let fillCount = 0;
      for (const [at, packed] of ours.entries()) {
        if (packed === packedFill) {
          fillCount++;
          expect(Number.isFinite(theirs[at]!)).toBe(false);
          continue;
        }
        if (packed < 0) belowDarkCount++;
        worst = Math.max(worst, Math.abs(Math.max(packed / 10_000, 0) - theirs[at]!));
      }
      console.info(`worst ${worst.toExponential(2)}, ${belowDarkCount} below dark, ${fillCount} without value`);
      expect(worst).toBeLessThan(0.51e-4);
      await bronze.close();
      await published.close();
    });

    it('says that the whole core is wider than the cropped references', async () => {
      const call = [
        'calibrate',
        join(data, 'CORE_XYZ.tif'),
        ...references,
        '--quantity',
        'counts',
        '--out',
        join(scratch, 'x'),
      ];
      await expect(answerOf(scratch, call)).rejects.toThrow(
        /Expected references of 8 bands x 1199 samples.*got 8 x 335/,
      );
    });
  },
);
