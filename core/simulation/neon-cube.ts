import { utm15NorthWkt } from './coordinate-text.ts';
import { mapInfo } from './envi-header.ts';
import { type Flight, keyOf } from './flight.ts';
import type { SimulationOptions } from './options.ts';
import type { SimulatedCube } from './raw-cube.ts';
import { reflectanceLines } from './reflectance-lines.ts';
import type { Hdf5Writer, SimulationSink } from './sink.ts';
import { fieldEpsg, type Trial } from './trial.ts';
import { PlotNdvi } from './truth.ts';

/** Root group: where a NEON file names its site. */
const site = 'SIMU';
const fillValue = -9999;
const scaleFactor = 10_000;
const blockLineCount = 16;
/** Sun as the canopy model has it, camera straight above. */
const solarZenithDeg = 30;
const solarAzimuthDeg = 160;

/**
 * A reflectance cube as HDF5 in the layout of NEON's airborne product: int16 reflectance x 10 000 on a UTM grid, its
 * metadata in groups beside it.
 * @source NEON.DOC.001288, Imaging spectrometer data products, file layout of DP1.30006.001.
 */
export async function writeNeonCube(
  options: SimulationOptions,
  trial: Trial,
  flight: Flight,
  sink: SimulationSink,
): Promise<SimulatedCube> {
  const file = await sink.createHdf5(keyOf(options, 'raw_cubes', flight.date, flight.cubeId, 'h5'));
  const root = `/${site}/Reflectance`;
  file.createGroup(`/${site}`);
  file.createGroup(root);
  const ndvi = new PlotNdvi(flight.bands.wavelengthNm, trial.plots.length);
  writeReflectance(file, root, flight, reflectanceLines(flight, trial, options.seed, fillValue, ndvi));
  writeMetadata(file, `${root}/Metadata`, flight);
  const files = [await file.close()];
  return { files, capture: { quantity: 'reflectance', good_bands: Array.from(flight.bands.goodBands, asFlag) }, ndvi };
}

function asFlag(value: number): 0 | 1 {
  return value === 1 ? 1 : 0;
}

function writeReflectance(
  file: Hdf5Writer,
  root: string,
  flight: Flight,
  lineOf: (line: number) => Float32Array,
): void {
  const { lineCount, sampleCount } = flight.frame;
  const bandCount = flight.bands.wavelengthNm.length;
  const path = `${root}/Reflectance_Data`;
  const chunk = [Math.min(blockLineCount, lineCount), Math.min(32, sampleCount), bandCount];
  const cube = file.createGrowing(path, [lineCount, sampleCount, bandCount], chunk, 1);
  const lineLength = sampleCount * bandCount;
  const block = new Int16Array(blockLineCount * lineLength);
  for (let start = 0; start < lineCount; start += blockLineCount) {
    const count = Math.min(blockLineCount, lineCount - start);
    for (let line = 0; line < count; line++) {
      packLine(lineOf(start + line), block.subarray(line * lineLength, (line + 1) * lineLength));
    }
    cube.append(block.subarray(0, count * lineLength), count);
  }
  file.setAttribute(path, 'Data_Ignore_Value', Float64Array.of(fillValue));
  file.setAttribute(path, 'Scale_Factor', Float64Array.of(scaleFactor));
  file.setAttribute(path, 'Dimension_Labels', 'Line, Sample, Wavelength');
  file.setAttribute(path, 'Dimensions', Int32Array.of(lineCount, sampleCount, bandCount));
  file.setAttribute(path, 'Units', 'Unitless.');
}

/** round(reflectance * 10 000), the fill value kept as it is. */
function packLine(reflectance: Float32Array, out: Int16Array): void {
  for (let position = 0; position < reflectance.length; position++) {
    const value = reflectance[position]!;
    out[position] = value === fillValue ? fillValue : Math.round(value * scaleFactor);
  }
}

function writeMetadata(file: Hdf5Writer, root: string, flight: Flight): void {
  const { frame, bands } = flight;
  for (const group of ['', '/Coordinate_System', '/Spectral_Data', '/Logs']) file.createGroup(`${root}${group}`);
  file.createDataset(`${root}/Coordinate_System/Coordinate_System_String`, utm15NorthWkt);
  file.createDataset(`${root}/Coordinate_System/EPSG Code`, String(fieldEpsg));
  file.createDataset(`${root}/Coordinate_System/Map_Info`, mapInfo(frame));
  file.createDataset(`${root}/Coordinate_System/Proj4`, '+proj=utm +zone=15 +datum=WGS84 +units=m +no_defs');
  file.createDataset(`${root}/Spectral_Data/Wavelength`, bands.wavelengthNm);
  file.createDataset(`${root}/Spectral_Data/FWHM`, bands.fwhmNm);
  for (const name of ['Wavelength', 'FWHM']) file.setAttribute(`${root}/Spectral_Data/${name}`, 'Units', 'nanometers');
  file.createDataset(`${root}/Logs/Solar_Zenith_Angle`, Float32Array.of(solarZenithDeg));
  file.createDataset(`${root}/Logs/Solar_Azimuth_Angle`, Float32Array.of(solarAzimuthDeg));
  const shape = [frame.lineCount, frame.sampleCount];
  const chunk = [Math.min(blockLineCount, frame.lineCount), frame.sampleCount];
  for (const name of ['to-sensor_Azimuth_Angle', 'to-sensor_Zenith_Angle']) {
    const angle = file.createGrowing(`${root}/${name}`, shape, chunk, 4);
    const line = new Float32Array(frame.sampleCount);
    for (let index = 0; index < frame.lineCount; index++) angle.append(line, 1);
    file.setAttribute(`${root}/${name}`, 'Units', 'Degrees.');
  }
}
