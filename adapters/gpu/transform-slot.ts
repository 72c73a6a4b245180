import type { SpectralTransform } from '#core/radiometry/spectral-transform.ts';
import { type GpuSession, mapToRead, usage } from './gpu-session.ts';

const pixelsPerWorkgroup = 64;
const outputsPerWorkgroup = 8;
const workgroupCountMax = 65_535;

/** What all pieces have in common on the device. */
export interface TransformOnDevice {
  readonly session: GpuSession;
  readonly pipeline: GPUComputePipeline;
  readonly matrix: GPUBuffer;
  readonly bias: GPUBuffer;
  readonly transform: SpectralTransform;
}

/** Half-open range of a tile's pixels. */
export interface PixelRange {
  readonly pixelStart: number;
  readonly pixelEnd: number;
  /** Pixels of the tile. */
  readonly pixelCount: number;
}

/** Buffers for some pixels of a tile on their way through the device. */
export class TransformSlot {
  readonly #onDevice: TransformOnDevice;
  readonly #shape: GPUBuffer;
  readonly #packed: GPUBuffer;
  readonly #results: GPUBuffer;
  readonly #readBack: GPUBuffer;
  readonly #bindings: GPUBindGroup;

  constructor(onDevice: TransformOnDevice, pixelCountMax: number) {
    const { session, pipeline, matrix, bias, transform } = onDevice;
    const resultsBytes = transform.outputCount * pixelCountMax * 4;
    this.#onDevice = onDevice;
    this.#shape = session.buffer(16, usage.uniform | usage.copyTarget);
    this.#packed = session.buffer(
      Math.ceil((transform.bandCount * pixelCountMax) / 2) * 4,
      usage.storage | usage.copyTarget,
    );
    this.#results = session.buffer(resultsBytes, usage.storage | usage.copySource);
    this.#readBack = session.buffer(resultsBytes, usage.copyTarget | usage.mapRead);
    this.#bindings = session.bindings(pipeline, [this.#shape, this.#packed, matrix, bias, this.#results]);
  }

  /** @param packed Shape [bands, pixels] of the whole tile, as `out` is [outputs, pixels] of it. */
  async apply(packed: Int16Array, range: PixelRange, out: Float32Array): Promise<void> {
    const { session, transform } = this.#onDevice;
    const { pixelStart, pixelEnd, pixelCount } = range;
    const pieceCount = pixelEnd - pixelStart;
    const resultsBytes = transform.outputCount * pieceCount * 4;
    await session.checked(() => {
      const piece = pieceOf(packed, range, transform.bandCount);
      session.write(this.#packed, new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength));
      const shape = Uint32Array.of(transform.bandCount, transform.outputCount, pieceCount, 0);
      session.device.queue.writeBuffer(this.#shape, 0, shape);
      this.#submit(pieceCount, resultsBytes);
      return this.#readBack.mapAsync(mapToRead, 0, resultsBytes);
    });
    try {
      const results = new Float32Array(this.#readBack.getMappedRange(0, resultsBytes));
      for (let output = 0; output < transform.outputCount; output++) {
        const values = results.subarray(output * pieceCount, (output + 1) * pieceCount);
        out.set(values, output * pixelCount + pixelStart);
      }
    } finally {
      this.#readBack.unmap();
    }
  }

  destroy(): void {
    for (const buffer of [this.#shape, this.#packed, this.#results, this.#readBack]) buffer.destroy();
  }

  #submit(pieceCount: number, resultsBytes: number): void {
    const { session, pipeline, transform } = this.#onDevice;
    const encoder = session.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, this.#bindings);
    const workgroupCount = Math.ceil(pieceCount / pixelsPerWorkgroup);
    const columnCount = Math.min(workgroupCount, workgroupCountMax);
    const outputGroupCount = Math.ceil(transform.outputCount / outputsPerWorkgroup);
    pass.dispatchWorkgroups(columnCount, outputGroupCount, Math.ceil(workgroupCount / columnCount));
    pass.end();
    encoder.copyBufferToBuffer(this.#results, 0, this.#readBack, 0, resultsBytes);
    session.device.queue.submit([encoder.finish()]);
  }
}

/** The bands of some pixels without gaps: the tile itself when those are all. */
function pieceOf(packed: Int16Array, { pixelStart, pixelEnd, pixelCount }: PixelRange, bandCount: number): Int16Array {
  const pieceCount = pixelEnd - pixelStart;
  if (pieceCount === pixelCount) return packed.subarray(0, bandCount * pixelCount);
  const piece = new Int16Array(bandCount * pieceCount);
  for (let band = 0; band < bandCount; band++) {
    const from = band * pixelCount;
    piece.set(packed.subarray(from + pixelStart, from + pixelEnd), band * pieceCount);
  }
  return piece;
}
