import { DeviceUnavailableError } from '#core/errors.ts';

/** Usages of buffers and the mode of a mapping, as the WebGPU standard numbers them. */
export const usage = { mapRead: 1, copySource: 4, copyTarget: 8, uniform: 64, storage: 128 } as const;
export const mapToRead = 1;

/** One device, and whether it is still there and takes its work. After the first failure it is asked for nothing more. */
export class GpuSession {
  readonly name: string;
  readonly device: GPUDevice;
  readonly bindingBytesMax: number;
  /** Dawn lives as long as somebody holds it, and keeps the process alive as long. */
  #gpu: GPU | null;
  #failure: string | null = null;
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();

  private constructor(gpu: GPU, device: GPUDevice, name: string, bindingBytesMax: number) {
    this.#gpu = gpu;
    this.device = device;
    this.name = name;
    this.bindingBytesMax = bindingBytesMax;
    device.lost.then(({ message, reason }) => {
      this.#failure ??= message || reason || 'lost';
    });
  }

  /** @throws DeviceUnavailableError */
  static async open(gpu: GPU, bindingBytesMax: number): Promise<GpuSession> {
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (adapter === null) {
      throw new DeviceUnavailableError(
        'Expected a GPU, no driver shows one. It takes the Vulkan loader (libvulkan.so.1) and the driver of the card.',
      );
    }
    const { maxStorageBufferBindingSize, maxBufferSize } = adapter.limits;
    const requiredLimits = { maxStorageBufferBindingSize, maxBufferSize };
    const device = await openedDevice(adapter, requiredLimits).catch((error: unknown) => {
      throw new DeviceUnavailableError('Expected the GPU to be opened, its driver refuses.', {}, error);
    });
    const { vendor, device: card, description } = adapter.info;
    const name = [...new Set([vendor, card, description])].filter((word) => word !== '').join(' ');
    return new GpuSession(gpu, device, name, Math.min(bindingBytesMax, maxStorageBufferBindingSize, maxBufferSize));
  }

  /**
   * Calls `work` and settles when its promise has and the device has accepted all that it was given meanwhile.
   * @throws DeviceUnavailableError for every error of the device: validation, memory, the driver's own, loss.
   */
  async checked<Result>(work: () => Result | Promise<Result>): Promise<Result> {
    if (this.#failure !== null) throw this.#unavailable();
    try {
      const filters = ['validation', 'out-of-memory', 'internal'] as const;
      for (const filter of filters) this.device.pushErrorScope(filter);
      const result = (async () => work())();
      const scopes = filters.map(() => this.device.popErrorScope());
      const [settled, ...errors] = await Promise.all([result, ...scopes]);
      const error = errors.find((candidate) => candidate !== null);
      if (error) throw error;
      if (this.#failure !== null) throw this.#unavailable();
      return settled;
    } catch (error) {
      this.#failure ??= (error as Partial<Error>).message ?? String(error);
      throw this.#unavailable(error);
    }
  }

  buffer(sizeBytes: number, usages: number): GPUBuffer {
    return this.device.createBuffer({ size: sizeBytes, usage: usages });
  }

  /** A buffer that kernels read, with data in it. */
  filled(data: Float32Array | Uint32Array): GPUBuffer {
    const buffer = this.buffer(data.byteLength, usage.storage | usage.copyTarget);
    this.write(buffer, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return buffer;
  }

  /** Copies bytes to the start of a buffer, which ends at a whole word; they may change afterwards. */
  write(buffer: GPUBuffer, bytes: Uint8Array): void {
    const wordsBytes = bytes.length - (bytes.length % 4);
    const { queue } = this.device;
    queue.writeBuffer(buffer, 0, bytes as Uint8Array<ArrayBuffer>, 0, wordsBytes);
    if (wordsBytes === bytes.length) return;
    const lastWord = new Uint8Array(4);
    lastWord.set(bytes.subarray(wordsBytes));
    queue.writeBuffer(buffer, wordsBytes, lastWord);
  }

  /** @param code WGSL with an entry point `main`; it is compiled once per device. */
  pipeline(code: string, constants: Record<string, number> = {}): Promise<GPUComputePipeline> {
    const name = JSON.stringify([code, constants]);
    const known = this.#pipelines.get(name) ?? this.#compiled(code, constants);
    this.#pipelines.set(name, known);
    return known;
  }

  /** Buffers as bindings 0, 1, ... of group 0. */
  bindings(pipeline: GPUComputePipeline, buffers: readonly GPUBuffer[]): GPUBindGroup {
    const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
    return this.device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  }

  close(): void {
    this.device.destroy();
    this.#gpu = null;
  }

  #compiled(code: string, constants: Record<string, number>): Promise<GPUComputePipeline> {
    const module = this.device.createShaderModule({ code });
    const compute = { module, entryPoint: 'main', constants };
    return this.device.createComputePipelineAsync({ layout: 'auto', compute });
  }

  #unavailable(cause?: unknown): DeviceUnavailableError {
    return new DeviceUnavailableError(
      `Expected the GPU ${this.name} to go on, it does not: ${this.#failure}.`,
      { dawn: this.#gpu === null ? 'closed' : 'open' },
      cause,
    );
  }
}

/** A device that has answered once: one that is closed before ends the process with a fault in Dawn's threads. */
async function openedDevice(adapter: GPUAdapter, requiredLimits: Record<string, number>): Promise<GPUDevice> {
  const device = await adapter.requestDevice({ requiredLimits });
  await device.queue.onSubmittedWorkDone();
  return device;
}
