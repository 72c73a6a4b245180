import { coordinateSystemOfEpsg, transformer, wgs84 } from '../cube/coordinate-system.ts';
import { type Germplasm, germplasmOfTrial } from './germplasm.ts';
import type { SimulationOptions } from './options.ts';
import { RandomStream } from './random-stream.ts';

export const plotWidthM = 1.2;
export const plotLengthM = 3;
/** Bare soil between neighbours in a field row, and between field rows. */
const alleyM = 0.3;
const rowAlleyM = 0.6;
/** Plots of each check per replicate: checks are replicated more, because everything is compared with them. */
const checkPlotCount = 2;

/** The field lies in Iowa, in UTM zone 15 north. */
export const fieldEpsg = 32615;
/** Corner of the field with the smallest easting and northing, metres. */
const fieldEastM = 448_000;
const fieldNorthM = 4_650_000;

export interface Plot {
  readonly plotId: string;
  readonly germplasm: Germplasm;
  /** From 1. */
  readonly replicate: number;
  /** From 1, south to north. */
  readonly cropRow: number;
  /** From 1, west to east. */
  readonly fieldColumn: number;
  /** South-west corner, metres from the field's corner. */
  readonly eastM: number;
  readonly northM: number;
  /** What the ground adds to yield here (block and smooth trend), t/ha. */
  readonly groundTHa: number;
  /** Noise of this plot's yield, t/ha, and of its growth, standard normal. */
  readonly residualTHa: number;
  readonly vigour: number;
}

/** A replicated trial in randomised complete blocks. */
export interface Trial {
  readonly plots: readonly Plot[];
  readonly germplasm: readonly Germplasm[];
  readonly columnCount: number;
  readonly cropRowCount: number;
  readonly widthM: number;
  readonly lengthM: number;
  /** Plot at (cropRow - 1) * columnCount + fieldColumn - 1, or -1 where the last field row of a replicate has no more. */
  readonly plotAt: Int32Array;
}

/** Yield of the checks' mean on neutral ground, t/ha; and standard deviations of blocks and plots, t/ha. All chosen. */
export const checkYieldTHa = 6.5;
const blockSdTHa = 0.2;
const residualSdTHa = 0.3;
const trendTHa = 0.3;

export function layTrial(options: SimulationOptions): Trial {
  const germplasm = germplasmOfTrial(options.seed, options.entryCount);
  const plotsPerReplicate = options.entryCount + 2 * checkPlotCount;
  const rowsPerReplicate = squarestRowCount(plotsPerReplicate, options.replicateCount);
  const columnCount = Math.ceil(plotsPerReplicate / rowsPerReplicate);
  const cropRowCount = rowsPerReplicate * options.replicateCount;
  const widthM = columnCount * (plotWidthM + alleyM) - alleyM;
  const lengthM = cropRowCount * (plotLengthM + rowAlleyM) - rowAlleyM;
  const trend = smoothTrend(options.seed, widthM, lengthM);
  const noise = new RandomStream(options.seed, 'plots');
  const plotAt = new Int32Array(cropRowCount * columnCount).fill(-1);
  const plots: Plot[] = [];
  for (let replicate = 1; replicate <= options.replicateCount; replicate++) {
    const random = new RandomStream(options.seed, `replicate/${replicate}`);
    const blockTHa = blockSdTHa * random.gaussian();
    const order = germplasm.flatMap((line) => (line.entryType === 'check' ? Array(checkPlotCount).fill(line) : line));
    for (const [position, line] of (random.shuffle(order) as Germplasm[]).entries()) {
      const rowIndex = (replicate - 1) * rowsPerReplicate + Math.floor(position / columnCount);
      const columnIndex = position % columnCount;
      const eastM = columnIndex * (plotWidthM + alleyM);
      const northM = rowIndex * (plotLengthM + rowAlleyM);
      plotAt[rowIndex * columnCount + columnIndex] = plots.length;
      plots.push({
        plotId: `p${String(plots.length + 1).padStart(4, '0')}`,
        germplasm: line,
        replicate,
        cropRow: rowIndex + 1,
        fieldColumn: columnIndex + 1,
        eastM,
        northM,
        groundTHa: blockTHa + trend(eastM, northM),
        residualTHa: residualSdTHa * noise.gaussian(),
        vigour: noise.gaussian(),
      });
    }
  }
  return { plots, germplasm, columnCount, cropRowCount, widthM, lengthM, plotAt };
}

/** Field rows per replicate that make the field nearest to a square. */
function squarestRowCount(plotsPerReplicate: number, replicateCount: number): number {
  const exact = Math.sqrt((plotsPerReplicate * (plotWidthM + alleyM)) / ((plotLengthM + rowAlleyM) * replicateCount));
  return Math.min(plotsPerReplicate, Math.max(1, Math.round(exact)));
}

/** A gradient across the field and one wave along it: the trends that blocks only partly remove. */
function smoothTrend(seed: number, widthM: number, lengthM: number): (eastM: number, northM: number) => number {
  const random = new RandomStream(seed, 'trend');
  const slope = trendTHa * random.between(-1, 1);
  const phase = random.between(0, 2 * Math.PI);
  return (eastM, northM) =>
    slope * (eastM / widthM - 0.5) + 0.5 * trendTHa * Math.sin(phase + (2 * Math.PI * northM) / lengthM);
}

/** Yield of a plot as harvested, t/ha: its expectation follows the genetic effect. */
export function plotYieldTHa(plot: Plot): number {
  return checkYieldTHa + plot.germplasm.advantageTHa + plot.groundTHa + plot.residualTHa;
}

/** Easting and northing of a place in the field. */
export function fieldToUtm(eastM: number, northM: number): [number, number] {
  return [fieldEastM + eastM, fieldNorthM + northM];
}

/** Plot under a place in the field, leaving off `bufferM` along each edge; -1 for soil. */
export function plotIndexAt(trial: Trial, utmEastM: number, utmNorthM: number, bufferM: number): number {
  const eastM = utmEastM - fieldEastM;
  const northM = utmNorthM - fieldNorthM;
  const columnIndex = Math.floor(eastM / (plotWidthM + alleyM));
  const rowIndex = Math.floor(northM / (plotLengthM + rowAlleyM));
  if (columnIndex < 0 || columnIndex >= trial.columnCount || rowIndex < 0 || rowIndex >= trial.cropRowCount) return -1;
  const insideEastM = eastM - columnIndex * (plotWidthM + alleyM);
  const insideNorthM = northM - rowIndex * (plotLengthM + rowAlleyM);
  if (insideEastM < bufferM || insideEastM >= plotWidthM - bufferM) return -1;
  if (insideNorthM < bufferM || insideNorthM >= plotLengthM - bufferM) return -1;
  return trial.plotAt[rowIndex * trial.columnCount + columnIndex]!;
}

/** The plot's corners as a closed ring of [longitude, latitude], counter-clockwise (RFC 7946, section 3.1.6). */
export function plotRing(plot: Plot): [number, number][] {
  const toDegrees = transformer(coordinateSystemOfEpsg(fieldEpsg), wgs84);
  const corners = [
    [0, 0],
    [plotWidthM, 0],
    [plotWidthM, plotLengthM],
    [0, plotLengthM],
    [0, 0],
  ] as const;
  return corners.map(([eastM, northM]) => toDegrees(...fieldToUtm(plot.eastM + eastM, plot.northM + northM)));
}
