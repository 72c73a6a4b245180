import type { ColumnDefinition, ColumnType, PartitionFieldDefinition, TableDefinition } from './table-definition.ts';

/** `[id, name, type, required, doc]`; key columns keep full statistics. */
type Row = readonly [number, string, ColumnType, 'required' | 'optional', string];

function columns(rows: readonly Row[]): ColumnDefinition[] {
  return rows.map(([id, name, type, need, doc]) => ({
    id,
    name,
    type,
    required: need === 'required',
    doc,
    metrics: 'full',
  }));
}

const farmAndDay: PartitionFieldDefinition[] = [
  { id: 1000, name: 'farm_id', sourceColumn: 'farm_id', transform: 'identity' },
  { id: 1001, name: 'acquisition_date_day', sourceColumn: 'acquisition_date', transform: 'day' },
];

/** A row per pixel. Band columns are added as sensors arrive: schemas/band-column.ts names them and gives their ids. */
export const silverReflectance: TableDefinition = {
  namespace: 'silver',
  name: 'reflectance',
  doc: 'Calibrated reflectance: a row per pixel, a column per band',
  columns: columns([
    [1, 'farm_id', 'string', 'required', 'Farm'],
    [2, 'acquisition_date', 'date', 'required', 'UTC date of acquisition'],
    [3, 'acquired_at', 'timestamptz', 'optional', 'Start of the acquisition'],
    [4, 'cube_id', 'string', 'required', 'Cube that the pixel belongs to'],
    [5, 'processing_id', 'string', 'required', 'Hash of inputs, references, method and options'],
    [6, 'sensor_id', 'string', 'optional', 'Sensor; joins silver.bands'],
    [7, 'origin', 'string', 'required', 'cloud or edge'],
    [8, 'line', 'int', 'required', 'Image row, from 0'],
    [9, 'sample', 'int', 'required', 'Image column, from 0'],
    [10, 'x', 'double', 'optional', 'Easting of the pixel centre in the CRS of the cube'],
    [11, 'y', 'double', 'optional', 'Northing of the pixel centre in the CRS of the cube'],
    [12, 'lon', 'double', 'optional', 'Longitude of the pixel centre, WGS 84 degrees'],
    [13, 'lat', 'double', 'optional', 'Latitude of the pixel centre, WGS 84 degrees'],
    [14, 'cell', 'long', 'optional', 'Morton code of lon, lat at level 22: equal prefixes are near each other'],
    [15, 'plot_id', 'string', 'optional', 'Plot that the pixel lies in, after the edge buffer'],
    [16, 'quality', 'int', 'required', 'Quality bits of all good bands together; 0 is clean'],
    [17, 'pixel_count', 'int', 'required', 'Pixels that the row stands for: 1, or more for edge cells'],
  ]),
  partition: farmAndDay,
};

/** Which column of silver.reflectance holds which band of which sensor. */
export const silverBands: TableDefinition = {
  namespace: 'silver',
  name: 'bands',
  doc: 'Bands of each sensor and their columns in silver.reflectance',
  columns: columns([
    [1, 'farm_id', 'string', 'required', 'Farm'],
    [2, 'acquisition_date', 'date', 'required', 'UTC date of acquisition'],
    [3, 'cube_id', 'string', 'required', 'Cube'],
    [4, 'processing_id', 'string', 'required', 'Processing of the cube'],
    [5, 'sensor_id', 'string', 'optional', 'Sensor'],
    [6, 'band', 'int', 'required', 'Position in the cube, from 0'],
    [7, 'column_name', 'string', 'required', 'Column of silver.reflectance'],
    [8, 'wavelength_nm', 'double', 'required', 'Band centre'],
    [9, 'fwhm_nm', 'double', 'optional', 'Full width at half maximum'],
    [10, 'good', 'boolean', 'required', 'False where the sensor or the atmosphere makes the band unusable'],
  ]),
  partition: farmAndDay,
};

/** A row per plot, granule and spectral index. */
export const goldPlotIndex: TableDefinition = {
  namespace: 'gold',
  name: 'plot_index',
  doc: 'Spectral indices by plot and cube',
  columns: columns([
    [1, 'farm_id', 'string', 'required', 'Farm'],
    [2, 'acquisition_date', 'date', 'required', 'UTC date of acquisition'],
    [3, 'cube_id', 'string', 'required', 'Cube'],
    [4, 'processing_id', 'string', 'required', 'Processing of the cube'],
    [5, 'sensor_id', 'string', 'optional', 'Sensor'],
    [6, 'plot_id', 'string', 'required', 'Plot'],
    [7, 'trial_id', 'string', 'optional', 'Trial'],
    [8, 'crop', 'string', 'optional', 'Crop'],
    [9, 'crop_row', 'int', 'optional', 'Field row of the plot'],
    [10, 'germplasm', 'string', 'optional', 'Genetic line'],
    [11, 'replicate', 'string', 'optional', 'Replicate'],
    [12, 'block', 'string', 'optional', 'Block'],
    [13, 'entry_type', 'string', 'optional', 'check or entry'],
    [14, 'spectral_index', 'string', 'required', 'Name of the index, e.g. ndvi'],
    [15, 'pixel_count', 'int', 'required', 'Pixels of the plot inside the edge buffer'],
    [16, 'valid_count', 'int', 'required', 'Pixels with a usable value'],
    [17, 'valid_fraction', 'double', 'required', 'valid_count / pixel_count'],
    [18, 'mean', 'double', 'optional', 'Mean of the pixel values'],
    [19, 'sd', 'double', 'optional', 'Standard deviation of the pixel values (n - 1)'],
    [20, 'p10', 'double', 'optional', '10th percentile, linear interpolation'],
    [21, 'p50', 'double', 'optional', 'Median'],
    [22, 'p90', 'double', 'optional', '90th percentile'],
    [23, 'bands_used', 'string', 'optional', 'Operand=centre nm of the band used, e.g. R800=801.2;R670=669.4'],
    [24, 'band_distance_nm', 'double', 'optional', 'Largest distance between wanted and used band'],
    [25, 'null_reason', 'string', 'optional', 'Why mean is NULL'],
  ]),
  partition: farmAndDay,
};

/** A row per crop, field row, period and spectral index. */
export const goldFieldMetrics: TableDefinition = {
  namespace: 'gold',
  name: 'field_metrics',
  doc: 'Spectral indices by crop, field row and period',
  columns: columns([
    [1, 'farm_id', 'string', 'required', 'Farm'],
    [2, 'period', 'string', 'required', 'day, week (from Monday) or month'],
    [3, 'period_start', 'date', 'required', 'First day of the period'],
    [4, 'crop', 'string', 'optional', 'Crop'],
    [5, 'crop_row', 'int', 'optional', 'Field row'],
    [6, 'spectral_index', 'string', 'required', 'Name of the index'],
    [7, 'plot_count', 'int', 'required', 'Plots with a value'],
    [8, 'cube_count', 'int', 'required', 'Cubes that contributed'],
    [9, 'valid_count', 'long', 'required', 'Pixel values that contributed'],
    [10, 'mean', 'double', 'optional', 'Mean over pixels'],
    [11, 'sd', 'double', 'optional', 'Standard deviation over pixels, pooled from the plots'],
    [12, 'plot_mean_min', 'double', 'optional', 'Smallest plot mean'],
    [13, 'plot_mean_max', 'double', 'optional', 'Largest plot mean'],
  ]),
  partition: [
    { id: 1000, name: 'farm_id', sourceColumn: 'farm_id', transform: 'identity' },
    { id: 1001, name: 'period', sourceColumn: 'period', transform: 'identity' },
    { id: 1002, name: 'period_start_day', sourceColumn: 'period_start', transform: 'day' },
  ],
};

export const goldRecommendation: TableDefinition = {
  namespace: 'gold',
  name: 'recommendation',
  doc: 'Advance or Discard for every genetic line of a trial',
  columns: columns([
    [1, 'farm_id', 'string', 'required', 'Farm'],
    [2, 'trial_id', 'string', 'required', 'Trial'],
    [3, 'germplasm', 'string', 'required', 'Genetic line'],
    [4, 'decision', 'string', 'required', 'Advance or Discard'],
    [5, 'probability', 'double', 'optional', 'Probability that the line is better than the threshold of the rule'],
    [6, 'rank', 'int', 'required', '1 is the best of the trial'],
    [7, 'trait', 'string', 'required', 'Trait that decided'],
    [8, 'adjusted_mean', 'double', 'optional', 'Entry mean adjusted for replicates and blocks'],
    [9, 'standard_error', 'double', 'optional', 'Of the adjusted mean'],
    [10, 'check_mean', 'double', 'optional', 'Adjusted mean of the checks'],
    [11, 'difference', 'double', 'optional', 'adjusted_mean - check_mean'],
    [12, 'replicate_count', 'int', 'required', 'Plots that contributed'],
    [13, 'rule_id', 'string', 'required', 'Rule'],
    [14, 'rule_version', 'string', 'required', 'Version of the rule'],
    [15, 'reason', 'string', 'required', 'The decision in words'],
    [16, 'snapshots', 'string', 'required', 'JSON: table -> snapshot id that was read'],
    [17, 'recommendation_id', 'string', 'required', 'Hash of rule, trial and snapshots'],
  ]),
  partition: [
    { id: 1000, name: 'farm_id', sourceColumn: 'farm_id', transform: 'identity' },
    { id: 1001, name: 'trial_id', sourceColumn: 'trial_id', transform: 'identity' },
  ],
};

export const refPlots: TableDefinition = {
  namespace: 'ref',
  name: 'plots',
  doc: 'Plot polygons and what grows in them',
  columns: columns([
    [1, 'farm_id', 'string', 'required', 'Farm'],
    [2, 'plot_set_id', 'string', 'required', 'Plot set: one GeoJSON file'],
    [3, 'plot_id', 'string', 'required', 'Plot'],
    [4, 'trial_id', 'string', 'optional', 'Trial'],
    [5, 'crop', 'string', 'optional', 'Crop'],
    [6, 'crop_row', 'int', 'optional', 'Field row'],
    [7, 'field_column', 'int', 'optional', 'Position in the field row'],
    [8, 'germplasm', 'string', 'optional', 'Genetic line'],
    [9, 'replicate', 'string', 'optional', 'Replicate'],
    [10, 'block', 'string', 'optional', 'Block'],
    [11, 'entry_type', 'string', 'optional', 'check or entry'],
    [12, 'lon', 'double', 'optional', 'Longitude of the centroid'],
    [13, 'lat', 'double', 'optional', 'Latitude of the centroid'],
    [14, 'polygon', 'string', 'required', 'GeoJSON geometry, WGS 84'],
  ]),
  partition: [{ id: 1000, name: 'farm_id', sourceColumn: 'farm_id', transform: 'identity' }],
};

export const refYields: TableDefinition = {
  namespace: 'ref',
  name: 'yields',
  doc: 'Measured traits by plot, e.g. grain yield',
  columns: columns([
    [1, 'farm_id', 'string', 'required', 'Farm'],
    [2, 'source_id', 'string', 'required', 'File that the value came from'],
    [3, 'plot_id', 'string', 'required', 'Plot'],
    [4, 'season', 'string', 'optional', 'Season'],
    [5, 'trait', 'string', 'required', 'Trait with its unit, e.g. grain_yield_t_ha'],
    [6, 'value', 'double', 'optional', 'Measured value'],
  ]),
  partition: [{ id: 1000, name: 'farm_id', sourceColumn: 'farm_id', transform: 'identity' }],
};

export const allTables: readonly TableDefinition[] = [
  silverReflectance,
  silverBands,
  goldPlotIndex,
  goldFieldMetrics,
  goldRecommendation,
  refPlots,
  refYields,
];
