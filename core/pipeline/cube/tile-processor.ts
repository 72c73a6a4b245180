import { positionsOf } from '../../cube/georeference.ts';
import { packedScratch } from '../../formats/parquet/encode-packed.ts';
import { type RowGroupScratch, rowGroupScratch } from '../../formats/parquet/encode-row-group.ts';
import type { KernelMemory } from '../../kernels/kernel-memory.ts';
import { plotsOfPixels } from '../../plots/plots-of-pixels.ts';
import { quality } from '../../radiometry/quality.ts';
import { evaluateIndex } from '../../spectral-indices/evaluate-index.ts';
import { indexDefinitions } from '../../spectral-indices/index-definitions.ts';
import { silverRowGroup } from './silver-row-group.ts';
import { type PixelCounts, type TileResult, type TileSetup, tileRange } from './tile-setup.ts';
import type { TileSource } from './tile-source.ts';

/** Processes single tiles of one cube; holds the open source and all buffers that tiles share. */
export class TileProcessor {
  readonly #setup: TileSetup;
  readonly #source: TileSource;
  readonly #scratch: RowGroupScratch;

  /** @param memory From `tileMemory`; the source's planes best lie in it. */
  constructor(setup: TileSetup, source: TileSource, memory: KernelMemory) {
    this.#setup = setup;
    this.#source = source;
    this.#scratch = rowGroupScratch(packedScratch(setup.tileLineCount * setup.sampleCount, memory));
  }

  /**
   * @param spare Buffer of an earlier result, to be written over: fresh memory costs the system more than the bytes do.
   * @returns A result of the caller's own, which may be moved to another thread.
   */
  async process(tileIndex: number, spare: ArrayBuffer | null = null): Promise<TileResult> {
    this.#scratch.bytes = new Uint8Array(spare ?? new ArrayBuffer(0));
    const { sampleCount, bandCount, silver, georeference, placed, plotIds, indices } = this.#setup;
    const range = tileRange(this.#setup, tileIndex);
    const pixelCount = (range.lineEnd - range.lineStart) * sampleCount;
    const { tile, locations, stored } = await this.#source.read(range);
    const positions = georeference === null ? null : positionsOf(georeference, { ...range, sampleCount }, locations);
    const plotOfPixel =
      placed === null || positions === null ? null : plotsOfPixels(placed, georeference!, positions, pixelCount);
    const inPlots = indexValuesInPlots(indices, tile.packed, tile.quality, pixelCount, plotOfPixel);
    const counts = countPixels(tile.pixelQuality, pixelCount);
    const rowGroup = silverRowGroup(
      silver,
      {
        pixelCount,
        sampleCount,
        lineStart: range.lineStart,
        packed: tile.packed,
        bandCount,
        pixelQuality: tile.pixelQuality,
        positions,
        plotOfPixel,
      },
      plotIds,
      this.#scratch,
    );
    return { tileIndex, rowGroup, ...inPlots, counts: { ...counts, rowCount: rowGroup?.rowCount ?? 0 }, stored };
  }

  /** Settles when all that belongs to the processed tiles is stored. */
  finish(): Promise<void> {
    return this.#source.finish();
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}

/** Index values of the pixels that lie in plots. */
function indexValuesInPlots(
  indices: TileSetup['indices'],
  packed: Int16Array,
  bits: Uint8Array,
  pixelCount: number,
  plotOfPixel: Int32Array | null,
): Pick<TileResult, 'plotOfPixel' | 'indexValues'> {
  if (plotOfPixel === null) return { plotOfPixel: new Int32Array(0), indexValues: new Float64Array(0) };
  const inPlot: number[] = [];
  for (let pixel = 0; pixel < pixelCount; pixel++) if (plotOfPixel[pixel]! >= 0) inPlot.push(pixel);
  const indexValues = new Float64Array(indices.length * inPlot.length).fill(Number.NaN);
  const plane = new Float64Array(pixelCount);
  indices.forEach((index, position) => {
    if (index.bands === null) return;
    const definition = indexDefinitions.find((candidate) => candidate.name === index.name)!;
    evaluateIndex(definition, index.bands, packed, bits, pixelCount, plane);
    inPlot.forEach((pixel, at) => {
      indexValues[position * inPlot.length + at] = plane[pixel]!;
    });
  });
  return { plotOfPixel: Int32Array.from(inPlot, (pixel) => plotOfPixel[pixel]!), indexValues };
}

function countPixels(pixelQuality: Uint8Array, pixelCount: number): Omit<PixelCounts, 'rowCount'> {
  let saturatedPixelCount = 0;
  let lowReferencePixelCount = 0;
  for (let pixel = 0; pixel < pixelCount; pixel++) {
    if ((pixelQuality[pixel]! & quality.saturated) !== 0) saturatedPixelCount++;
    if ((pixelQuality[pixel]! & quality.lowReference) !== 0) lowReferencePixelCount++;
  }
  return { pixelCount, saturatedPixelCount, lowReferencePixelCount };
}
