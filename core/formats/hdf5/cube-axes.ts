import type { Interleave } from '../../cube/cube.ts';
import { FormatError } from '../../errors.ts';
import type { ListedDataset } from './list-datasets.ts';

/** Position of each axis in the dataset. */
export interface CubeAxes {
  readonly line: number;
  readonly sample: number;
  readonly band: number;
  readonly interleave: Interleave;
  readonly warnings: readonly string[];
}

const bandAxisName = /band|wave|lambda|spectral|channel/i;
const sampleAxisName = /^(x|lon|longitude|easting|samples?|columns?|cols?|cross_?track|width)$/i;
const lineAxisName = /^(y|lat|latitude|northing|lines?|rows?|down_?track|along_?track|height)$/i;

/**
 * Tells bands from lines and samples: by the names of the axes, else by the axis that is as long as the list of
 * wavelengths, else the last one is taken with a warning. Lines come before samples.
 *
 * @param names Name of each axis, null where the file gives none.
 * @param wavelengthCount Length of the list of wavelengths; null when there is none.
 * @throws FormatError when names say that samples come before lines. Disposition: quarantine.
 */
export function cubeAxes(
  { path, shape }: ListedDataset,
  names: readonly (string | null)[],
  wavelengthCount: number | null,
  where: string,
): CubeAxes {
  const warnings: string[] = [];
  const band = bandAxis(shape, names, wavelengthCount, warnings);
  const [line, sample] = [0, 1, 2].filter((axis) => axis !== band) as [number, number];
  if (sampleAxisName.test(names[line] ?? '') && lineAxisName.test(names[sample] ?? '')) {
    throw new FormatError(
      `Expected lines before samples, got the axes ${names.join(', ')} (${where}, ${path}). Reorder them, e.g. ncpdq -a ${names[sample]},${names[line]} OLD NEW.`,
      { where, dataset: path },
    );
  }
  return { line, sample, band, interleave: (['bsq', 'bil', 'bip'] as const)[band]!, warnings };
}

function bandAxis(
  shape: readonly number[],
  names: readonly (string | null)[],
  wavelengthCount: number | null,
  warnings: string[],
): number {
  const named = axesWhere((axis) => bandAxisName.test(names[axis] ?? ''));
  if (named.length === 1) return named[0]!;
  const fitting = axesWhere((axis) => shape[axis] === wavelengthCount);
  if (fitting.length === 1) return fitting[0]!;
  const why =
    fitting.length === 0
      ? 'Nothing tells which axis counts bands'
      : 'Several axes are as long as the list of wavelengths';
  const taken = fitting.at(-1) ?? 2;
  warnings.push(`${why}; of ${shape.join(' x ')} axis ${taken + 1} is taken.`);
  return taken;
}

function axesWhere(fits: (axis: number) => boolean): number[] {
  return [0, 1, 2].filter(fits);
}
