import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { CubeHeader } from '#core/cube/cube.ts';
import { type EdgeFigures, edgeFigures } from '#core/edge/edge-figures.ts';
import type { EdgePart } from '#core/edge/edge-part.ts';
import { defaultEdgeSettings, type EdgeModeName, type EdgeSettings, makeEdgeProduct } from '#core/edge/edge-product.ts';
import { ConfigurationError } from '#core/errors.ts';
import { planCalibration } from '#core/pipeline/cube/calibration-plan.ts';
import { overridesOf } from '#core/pipeline/cube/capture-file.ts';
import { type CubePlots, placeCubePlots } from '#core/pipeline/cube/cube-plots.ts';
import { parsePlotSet } from '#core/plots/plot-set.ts';
import { type Command, type CommandCall, hasFlag, jsonOption, numberOption, textOption } from '../command.ts';
import { productOptions, productSettings } from '../edge/product-options.ts';
import { captureFromOptions, captureOptions } from '../ingest/capture-options.ts';
import { requireFile } from '../ingest/cube-files.ts';
import { openReferenceFiles, referenceOptions, withReferenceTimes } from '../ingest/reference-readers.ts';
import { oneCube } from '../one-cube.ts';
import { openCubeFile } from '../open-cube-file.ts';
import { makeFolder } from '../own-files.ts';
import { tableText } from '../table-text.ts';

const modeNames: readonly EdgeModeName[] = ['cells', 'pixels', 'components'];

export const command: Command = {
  name: 'edge preview',
  summary: 'make one cube small as a field machine would, and say what that costs',
  usage: 'CUBE [--mode cells|pixels|components|all] [--out DIR] [--json]',
  details:
    'cells: mean spectra of cells of n x n pixels, and the mean and spread of every index at full resolution.\npixels: every index, pixel by pixel. components: a few spectral components, pixel by pixel.\nRatios are against the values of the raw cube. With --out the parts are kept: Parquet files, each fit for one message.',
  argumentCountMax: Number.POSITIVE_INFINITY,
  options: {
    mode: { type: 'string', value: 'MODE', help: 'cells (default), pixels, components or all' },
    out: { type: 'string', value: 'DIR', help: 'keep the parts in this folder' },
    ...productOptions,
    components: { type: 'string', value: 'N', help: `default ${defaultEdgeSettings.componentCount}` },
    plots: { type: 'string', value: 'FILE', help: 'plot polygons (GeoJSON): no cell mixes two plots' },
    'plot-buffer-m': { type: 'string', value: 'M', help: "metres to leave off along each plot's edge, default 0" },
    ...referenceOptions,
    ...captureOptions,
    json: jsonOption,
  },
  async run(call, io) {
    const path = oneCube(call, 'edge preview');
    const settings = settingsOf(call);
    const modes = modesOf(call);
    const capture = withReferenceTimes(captureFromOptions(call), call);
    const out = textOption(call, 'out');
    const reader = await openCubeFile(path, overridesOf(capture));
    const references = await openReferenceFiles(call, capture);
    try {
      const report = await makeEdgeProduct({
        reader,
        calibration: await planCalibration(reader.header, capture, references, path),
        plots: plotsOf(call, reader.header, path),
        modes,
        settings,
        facts: { cube: basename(path), sensor_id: reader.header.sensorId, acquired_at: reader.header.acquiredAt },
        onPart: out === null ? () => {} : keepParts(out, basename(path).replace(/\.[^.]+$/, '')),
        progress: io.progress,
        where: path,
      });
      const shown = report.modes.map((mode) => edgeFigures(mode, report.rawBytes));
      if (hasFlag(call, 'json')) io.print(JSON.stringify({ cube: path, raw_bytes: report.rawBytes, modes: shown }));
      else io.print(textOf(shown));
    } finally {
      for (const open of [reader, ...Object.values(references ?? {})]) await open?.close();
    }
  },
};

function settingsOf(call: CommandCall): EdgeSettings {
  const componentCount = numberOption(call, 'components', { min: 1, max: 64, isInteger: true });
  const settings = productSettings(call, 1 << 20);
  return { ...settings, componentCount: componentCount ?? settings.componentCount };
}

function modesOf(call: CommandCall): readonly EdgeModeName[] {
  const text = textOption(call, 'mode') ?? 'cells';
  if (text === 'all') return modeNames;
  const name = modeNames.find((known) => known === text);
  if (name === undefined)
    throw new ConfigurationError(`Expected cells, pixels, components or all as --mode, got "${text}".`);
  return [name];
}

function plotsOf(call: CommandCall, header: CubeHeader, where: string): CubePlots | null {
  const path = textOption(call, 'plots');
  const bufferM = numberOption(call, 'plot-buffer-m', { min: 0, max: 100 }) ?? 0;
  if (path === null) return null;
  requireFile(path);
  const plotSet = parsePlotSet(readFileSync(path, 'utf8'), path);
  return placeCubePlots(header, { plotSet, key: path }, bufferM, where);
}

function keepParts(folder: string, stem: string): (mode: EdgeModeName, part: EdgePart) => void {
  makeFolder(resolve(folder));
  const counts = new Map<EdgeModeName, number>();
  return (mode, part) => {
    const count = counts.get(mode) ?? 0;
    counts.set(mode, count + 1);
    writeFileSync(join(folder, `${stem}-${mode}-${String(count).padStart(5, '0')}.parquet`), part.bytes);
  };
}

function textOf(modes: readonly EdgeFigures[]): string {
  const small = (value: number | null): string => (value === null ? '-' : value.toPrecision(2));
  return tableText(
    ['mode', 'ratio', 'MB', 'parts', 'rows', 'ndvi rmse', 'of plots', 'of spectrum', 'reflectance rmse'],
    modes.map((mode) => [
      mode.mode,
      mode.compression_ratio.toFixed(1),
      (mode.size_bytes / 1e6).toFixed(2),
      mode.part_count,
      mode.row_count,
      small(mode.ndvi_rmse),
      small(mode.ndvi_plot_rmse),
      small(mode.ndvi_from_spectrum_rmse),
      small(mode.reflectance_rmse),
    ]),
  );
}
