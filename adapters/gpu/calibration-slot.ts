import { type CubeWindow, strides } from '#core/cube/cube.ts';
import type { CalibratedTile } from '#core/ports/calibration-kernel.ts';
import { type GpuSession, mapToRead, usage } from './gpu-session.ts';
import { copyPieceOut } from './piece-results.ts';
import { sampleTypes } from './stored-keys.ts';
import type { TilePiece } from './tile-pieces.ts';

/** What all pieces of one cube have in common on the device. */
export interface CubeOnDevice {
  readonly session: GpuSession;
  readonly pipeline: GPUComputePipeline;
  /** Offsets, gains, and quality bits with bit 8 for good bands; each of shape [bands, samples]. */
  readonly coefficients: readonly GPUBuffer[];
  readonly columnsPerBand: number;
  readonly sampleType: number;
  readonly fillKey: number | null;
  readonly levelKey: number | null;
}

/** The largest that a slot's pieces are. */
export interface SlotSize {
  readonly valueCount: number;
  readonly pixelCount: number;
  readonly bandCount: number;
}

const valuesPerWorkgroup = 256;
const workgroupCountMax = 65_535;

/** Buffers for one piece of a tile on its way through the device. */
export class CalibrationSlot {
  readonly #cube: CubeOnDevice;
  readonly #piece: GPUBuffer;
  readonly #stored: GPUBuffer;
  readonly #results: GPUBuffer;
  readonly #marks: GPUBuffer;
  readonly #readBack: GPUBuffer;
  readonly #bindings: GPUBindGroup;

  constructor(cube: CubeOnDevice, { valueCount, pixelCount, bandCount }: SlotSize) {
    const { session, pipeline, sampleType, coefficients } = cube;
    const storedBytes = wholeWords(valueCount * sampleTypes[sampleType]!.array.BYTES_PER_ELEMENT);
    const [resultsBytes, marksBytes] = [fourCount(valueCount) * 12, (fourCount(pixelCount) + bandCount) * 4];
    this.#cube = cube;
    this.#piece = session.buffer(64, usage.uniform | usage.copyTarget);
    this.#stored = session.buffer(storedBytes, usage.storage | usage.copyTarget);
    this.#results = session.buffer(resultsBytes, usage.storage | usage.copySource);
    this.#marks = session.buffer(marksBytes, usage.storage | usage.copySource | usage.copyTarget);
    this.#readBack = session.buffer(resultsBytes + marksBytes, usage.copyTarget | usage.mapRead);
    const bound = [this.#piece, this.#stored, ...coefficients, this.#results, this.#marks];
    this.#bindings = session.bindings(pipeline, bound);
  }

  /** Adds one piece to the planes; those of quality bits hold 0 or what other pieces have found. */
  async calibrate(piece: TilePiece, window: CubeWindow, out: CalibratedTile): Promise<void> {
    const pixelCount = (piece.lineEnd - piece.lineStart) * (piece.sampleEnd - piece.sampleStart);
    const bandMarksAt = fourCount(pixelCount);
    const resultsBytes = fourCount(piece.valueCount) * 12;
    const marksBytes = (bandMarksAt + piece.bandEnd - piece.bandStart) * 4;
    await this.#cube.session.checked(() => {
      this.#upload(piece, window, bandMarksAt);
      this.#submit(piece.valueCount, resultsBytes, marksBytes);
      return this.#readBack.mapAsync(mapToRead, 0, resultsBytes + marksBytes);
    });
    try {
      copyPieceOut(piece, window, this.#readBack.getMappedRange(0, resultsBytes + marksBytes), out);
    } finally {
      this.#readBack.unmap();
    }
  }

  destroy(): void {
    for (const buffer of [this.#piece, this.#stored, this.#results, this.#marks, this.#readBack]) buffer.destroy();
  }

  #upload(piece: TilePiece, window: CubeWindow, bandMarksAt: number): void {
    const { session, columnsPerBand, fillKey, levelKey } = this.#cube;
    const [lineCount, bandCount] = [piece.lineEnd - piece.lineStart, piece.bandEnd - piece.bandStart];
    const sampleCount = piece.sampleEnd - piece.sampleStart;
    const step = strides({ interleave: window.interleave, lineCount, bandCount, sampleCount });
    const words = Uint32Array.of(
      lineCount,
      bandCount,
      sampleCount,
      step.line,
      step.band,
      step.sample,
      piece.bandStart * columnsPerBand + piece.sampleStart,
      columnsPerBand,
      fourCount(piece.valueCount) * 2,
      bandMarksAt,
      fillKey === null ? 0 : 1,
      fillKey ?? 0,
      levelKey === null ? 0 : 1,
      levelKey ?? 0,
    );
    session.device.queue.writeBuffer(this.#piece, 0, words);
    const { buffer, byteOffset, BYTES_PER_ELEMENT } = window.data;
    const from = byteOffset + piece.from * BYTES_PER_ELEMENT;
    session.write(this.#stored, new Uint8Array(buffer, from, piece.valueCount * BYTES_PER_ELEMENT));
  }

  #submit(valueCount: number, resultsBytes: number, marksBytes: number): void {
    const { session, pipeline } = this.#cube;
    const encoder = session.device.createCommandEncoder();
    encoder.clearBuffer(this.#marks);
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, this.#bindings);
    const workgroupCount = Math.ceil(valueCount / valuesPerWorkgroup);
    const columnCount = Math.min(workgroupCount, workgroupCountMax);
    pass.dispatchWorkgroups(columnCount, Math.ceil(workgroupCount / columnCount));
    pass.end();
    encoder.copyBufferToBuffer(this.#results, 0, this.#readBack, 0, resultsBytes);
    encoder.copyBufferToBuffer(this.#marks, 0, this.#readBack, resultsBytes, marksBytes);
    session.device.queue.submit([encoder.finish()]);
  }
}

function fourCount(count: number): number {
  return Math.ceil(count / 4);
}

function wholeWords(sizeBytes: number): number {
  return fourCount(sizeBytes) * 4;
}
