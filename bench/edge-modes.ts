// node bench/edge-modes.ts: what the edge product saves and what it costs, mode by mode, on simulated pushbroom cubes of three
// seeds (600 lines x 449 samples x 270 bands of 16 bits, pixels of 5 cm, 112 plots). Figures are sizes and errors, no times.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Figures {
  readonly mode: string;
  readonly compression_ratio: number;
  readonly ndvi_rmse: number;
  readonly ndvi_plot_rmse: number;
  readonly ndvi_from_spectrum_rmse: number | null;
  readonly reflectance_rmse: number | null;
}

const seeds = [1, 2, 3];
/** Name of a row of the table, and what is asked for. */
const variants: readonly (readonly [string, readonly string[]])[] = [
  ['cells of 6 x 6, 0.0001', ['--mode', 'cells', '--cell-size', '6', '--precision', '0.0001']],
  ['cells of 8 x 8, 0.0001', ['--mode', 'cells', '--cell-size', '8', '--precision', '0.0001']],
  ['cells of 8 x 8, 0.0002 (default)', ['--mode', 'cells']],
  ['cells of 12 x 12, 0.0002', ['--mode', 'cells', '--cell-size', '12']],
  ['cells of 8 x 8, vegetation only', ['--mode', 'cells', '--ndvi-min', '0.4']],
  ['pixels', ['--mode', 'pixels']],
  ['3 components', ['--mode', 'components', '--components', '3']],
  ['5 components (default)', ['--mode', 'components']],
  ['12 components', ['--mode', 'components', '--components', '12']],
];
const main = join(import.meta.dirname, '../cli/main.ts');
const run = (parameters: readonly string[]): string =>
  execFileSync(process.execPath, [main, ...parameters], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

const work = mkdtempSync(join(tmpdir(), 'cubelake-edge-modes-'));
const figures: (Figures & { readonly seed: number; readonly variant: string })[] = [];
for (const seed of seeds) {
  const season = join(work, 'season');
  const place = 'midwest/demo-farm/2025/06/09';
  const id = 'wheat-2025-vnir-20250609';
  run(['simulate', '--out', season, '--seed', `${seed}`, '--sensor', 'vnir', '--date', '2025-06-09', '--lines', '600']);
  const cube = join(season, 'raw_cubes', place, id);
  const reference = join(season, 'reference_cubes', place, id);
  const inputs = [`${cube}.bil`, '--capture', `${cube}.capture.json`, '--dark', `${reference}-dark.bil`];
  inputs.push('--white', `${reference}-white.bil`, '--white-dark', `${reference}-white-dark.bil`, '--json');
  inputs.push('--plots', join(season, 'plot_sets', place, 'wheat-2025-plots.geojson'), '--plot-buffer-m', '0.15');
  for (const [variant, options] of variants) {
    const { modes } = JSON.parse(run(['edge', 'preview', ...inputs, ...options])) as { modes: Figures[] };
    figures.push({ ...modes[0]!, seed, variant });
  }
  rmSync(season, { recursive: true });
}
rmSync(work, { recursive: true });

/** The worst of the three seeds. */
const rows = variants.map(([variant]) => {
  const own = figures.filter((entry) => entry.variant === variant);
  const worst = (name: keyof Figures): number | null => {
    const values = own.map((entry) => entry[name]).filter((value) => typeof value === 'number');
    return values.length === 0 ? null : Number(Math.max(...values).toPrecision(2));
  };
  return {
    variant,
    compression_ratio_min: Number(Math.min(...own.map((entry) => entry.compression_ratio)).toFixed(1)),
    ndvi_rmse_max: worst('ndvi_rmse'),
    ndvi_plot_rmse_max: worst('ndvi_plot_rmse'),
    ndvi_from_spectrum_rmse_max: worst('ndvi_from_spectrum_rmse'),
    reflectance_rmse_max: worst('reflectance_rmse'),
  };
});
console.table(rows);
const result = { command: 'node bench/edge-modes.ts', seeds, rows };
writeFileSync(join(import.meta.dirname, 'results/edge-modes.json'), `${JSON.stringify(result, null, 2)}\n`);
