import type { EdgeModeReport } from './edge-mode.ts';

export type EdgeFigures = ReturnType<typeof edgeFigures>;

/** What a mode came to, in the words of JSON documents. @param rawBytes Of the raw cube's values. */
export function edgeFigures(mode: EdgeModeReport, rawBytes: number) {
  const ndvi = mode.indices.find(({ index }) => index === 'ndvi');
  return {
    mode: mode.mode,
    ...mode.settings,
    row_count: mode.rowCount,
    part_count: mode.partCount,
    size_bytes: mode.sizeBytes,
    compression_ratio: rawBytes / mode.sizeBytes,
    ndvi_rmse: ndvi?.stored.rmse ?? null,
    ndvi_max_error: ndvi?.stored.max ?? null,
    ndvi_from_spectrum_rmse: ndvi?.spectrum.rmse ?? null,
    ndvi_from_spectrum_max_error: ndvi?.spectrum.max ?? null,
    ndvi_plot_rmse: ndvi?.plots.rmse ?? null,
    reflectance_rmse: mode.reflectance?.rmse ?? null,
    reflectance_max_error: mode.reflectance?.max ?? null,
    indices: mode.indices,
  };
}
