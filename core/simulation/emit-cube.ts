import { coordinateSystemOfEpsg, transformer, wgs84 } from '../cube/coordinate-system.ts';
import { wgs84Wkt } from './coordinate-text.ts';
import { type Flight, keyOf } from './flight.ts';
import type { SimulationOptions } from './options.ts';
import type { SimulatedCube } from './raw-cube.ts';
import { reflectanceLines } from './reflectance-lines.ts';
import type { Hdf5Writer, SimulationSink } from './sink.ts';
import { fieldEpsg, type Trial } from './trial.ts';
import { PlotNdvi } from './truth.ts';

const fillValue = -9999;
const blockLineCount = 16;
/** Height of the field above the ellipsoid; chosen. */
const elevationM = 260;
/** Degrees of latitude in a metre; the grid needs no better. */
const degreesPerMetre = 1 / 111_200;

/**
 * A reflectance cube as NetCDF-4 in the layout of EMIT L2A: `reflectance` (downtrack, crosstrack, bands) without a grid,
 * positions of every pixel in `location`, and a lookup table (1-based, 0 = nothing) from a longitude/latitude grid.
 * @source EMIT L2A product user guide; field names as in emit-sds-l2a.
 */
export async function writeEmitCube(
  options: SimulationOptions,
  trial: Trial,
  flight: Flight,
  sink: SimulationSink,
): Promise<SimulatedCube> {
  const { lineCount, sampleCount } = flight.frame;
  const bandCount = flight.bands.wavelengthNm.length;
  const file = await sink.createHdf5(keyOf(options, 'raw_cubes', flight.date, flight.cubeId, 'nc'));
  const grid = orthoGrid(flight);
  file.setAttribute('/', 'title', `Simulated trial ${options.trialId}: estimated surface reflectance`);
  file.setAttribute('/', 'time_coverage_start', flight.acquiredAt);
  file.setAttribute('/', 'geotransform', Float64Array.from(grid.geotransform));
  file.setAttribute('/', 'spatial_ref', wgs84Wkt);
  file.createDimension('downtrack', lineCount);
  file.createDimension('crosstrack', sampleCount);
  file.createDimension('bands', bandCount);
  file.createDimension('ortho_y', grid.rowCount);
  file.createDimension('ortho_x', grid.columnCount);
  const ndvi = new PlotNdvi(flight.bands.wavelengthNm, trial.plots.length);
  writeReflectance(file, flight, reflectanceLines(flight, trial, options.seed, fillValue, ndvi));
  writeBandParameters(file, flight);
  file.createGroup('/location');
  writePositions(file, flight);
  writeLookupTable(file, flight, grid);
  return { files: [await file.close()], capture: { quantity: 'reflectance' }, ndvi };
}

function writeReflectance(file: Hdf5Writer, flight: Flight, lineOf: (line: number) => Float32Array): void {
  const { lineCount, sampleCount } = flight.frame;
  const bandCount = flight.bands.wavelengthNm.length;
  const chunk = [Math.min(blockLineCount, lineCount), sampleCount, Math.min(32, bandCount)];
  const cube = file.createGrowing('/reflectance', [lineCount, sampleCount, bandCount], chunk, 0);
  const block = new Float32Array(blockLineCount * sampleCount * bandCount);
  for (let start = 0; start < lineCount; start += blockLineCount) {
    const count = Math.min(blockLineCount, lineCount - start);
    for (let line = 0; line < count; line++) block.set(lineOf(start + line), line * sampleCount * bandCount);
    cube.append(block.subarray(0, count * sampleCount * bandCount), count);
  }
  file.setAttribute('/reflectance', '_FillValue', Float32Array.of(fillValue));
  file.setAttribute('/reflectance', 'long_name', 'Surface Reflectance');
  file.setAttribute('/reflectance', 'units', 'unitless');
  file.nameAxes('/reflectance', ['downtrack', 'crosstrack', 'bands']);
}

function writeBandParameters(file: Hdf5Writer, flight: Flight): void {
  const group = '/sensor_band_parameters';
  file.createGroup(group);
  const write = (name: string, data: Float32Array | Uint8Array, longName: string, units: string) => {
    file.createDataset(`${group}/${name}`, data);
    file.setAttribute(`${group}/${name}`, 'long_name', longName);
    file.setAttribute(`${group}/${name}`, 'units', units);
    file.nameAxes(`${group}/${name}`, ['bands']);
  };
  write('wavelengths', Float32Array.from(flight.bands.wavelengthNm), 'Wavelength Centers', 'nm');
  write('fwhm', Float32Array.from(flight.bands.fwhmNm), 'Full Width at Half Max', 'nm');
  const meaning = 'Wavelengths where reflectance is useable: 1 = good data, 0 = bad data';
  write('good_wavelengths', flight.bands.goodBands, meaning, 'unitless');
}

function writePositions(file: Hdf5Writer, flight: Flight): void {
  const { lineCount, sampleCount, transform } = flight.frame;
  const toDegrees = transformer(coordinateSystemOfEpsg(fieldEpsg), wgs84);
  const [a, b, c, d, e, f] = transform;
  const shape = [lineCount, sampleCount];
  const chunk = [Math.min(blockLineCount, lineCount), sampleCount];
  const lon = file.createGrowing('/location/lon', shape, chunk, 0);
  const lat = file.createGrowing('/location/lat', shape, chunk, 0);
  const elev = file.createGrowing('/location/elev', shape, chunk, 4);
  const lonLine = new Float64Array(sampleCount);
  const latLine = new Float64Array(sampleCount);
  const elevLine = new Float64Array(sampleCount).fill(elevationM);
  for (let line = 0; line < lineCount; line++) {
    for (let sample = 0; sample < sampleCount; sample++) {
      const eastM = a * (sample + 0.5) + b * (line + 0.5) + c;
      const northM = d * (sample + 0.5) + e * (line + 0.5) + f;
      [lonLine[sample], latLine[sample]] = toDegrees(eastM, northM) as [number, number];
    }
    lon.append(lonLine, 1);
    lat.append(latLine, 1);
    elev.append(elevLine, 1);
  }
  const describe = (name: string, longName: string, units: string) => {
    file.setAttribute(`/location/${name}`, '_FillValue', Float64Array.of(fillValue));
    file.setAttribute(`/location/${name}`, 'long_name', longName);
    file.setAttribute(`/location/${name}`, 'units', units);
    file.nameAxes(`/location/${name}`, ['downtrack', 'crosstrack']);
  };
  describe('lon', 'Longitude (WGS-84)', 'degrees east');
  describe('lat', 'Latitude (WGS-84)', 'degrees north');
  describe('elev', 'Surface Elevation', 'm');
}

interface OrthoGrid {
  readonly rowCount: number;
  readonly columnCount: number;
  /** lon = g0 + column * g1, lat = g3 + row * g5; upper-left corners. */
  readonly geotransform: readonly [number, number, number, number, number, number];
}

/** A north-up grid of degrees around the frame's corners, cells about as large as pixels. */
function orthoGrid(flight: Flight): OrthoGrid {
  const { lineCount, sampleCount, pixelM, transform } = flight.frame;
  const toDegrees = transformer(coordinateSystemOfEpsg(fieldEpsg), wgs84);
  const [a, b, c, d, e, f] = transform;
  const corners = [0, sampleCount].flatMap((sample) =>
    [0, lineCount].map((line) => toDegrees(a * sample + b * line + c, d * sample + e * line + f)),
  );
  const west = Math.min(...corners.map(([lon]) => lon));
  const east = Math.max(...corners.map(([lon]) => lon));
  const south = Math.min(...corners.map(([, lat]) => lat));
  const north = Math.max(...corners.map(([, lat]) => lat));
  const rowDeg = pixelM * degreesPerMetre;
  const columnDeg = rowDeg / Math.cos((north * Math.PI) / 180);
  return {
    rowCount: Math.ceil((north - south) / rowDeg),
    columnCount: Math.ceil((east - west) / columnDeg),
    geotransform: [west, columnDeg, 0, north, 0, -rowDeg],
  };
}

function writeLookupTable(file: Hdf5Writer, flight: Flight, grid: OrthoGrid): void {
  const { lineCount, sampleCount, transform } = flight.frame;
  const [a, b, c, d, e, f] = transform;
  const determinant = a * e - b * d;
  const toMetres = transformer(wgs84, coordinateSystemOfEpsg(fieldEpsg));
  const shape = [grid.rowCount, grid.columnCount];
  const chunk = [Math.min(blockLineCount, grid.rowCount), grid.columnCount];
  const gltX = file.createGrowing('/location/glt_x', shape, chunk, 4);
  const gltY = file.createGrowing('/location/glt_y', shape, chunk, 4);
  const xLine = new Int32Array(grid.columnCount);
  const yLine = new Int32Array(grid.columnCount);
  for (let row = 0; row < grid.rowCount; row++) {
    const lat = grid.geotransform[3] + (row + 0.5) * grid.geotransform[5];
    for (let column = 0; column < grid.columnCount; column++) {
      const [eastM, northM] = toMetres(grid.geotransform[0] + (column + 0.5) * grid.geotransform[1], lat);
      const sample = Math.floor((e * (eastM - c) - b * (northM - f)) / determinant);
      const line = Math.floor((a * (northM - f) - d * (eastM - c)) / determinant);
      const inside = sample >= 0 && sample < sampleCount && line >= 0 && line < lineCount;
      xLine[column] = inside ? sample + 1 : 0;
      yLine[column] = inside ? line + 1 : 0;
    }
    gltX.append(xLine, 1);
    gltY.append(yLine, 1);
  }
  for (const [name, longName] of [
    ['glt_x', 'GLT Sample Lookup'],
    ['glt_y', 'GLT Line Lookup'],
  ] as const) {
    file.setAttribute(`/location/${name}`, '_FillValue', Int32Array.of(0));
    file.setAttribute(`/location/${name}`, 'long_name', longName);
    file.setAttribute(`/location/${name}`, 'units', 'pixel location');
    file.nameAxes(`/location/${name}`, ['ortho_y', 'ortho_x']);
  }
}
