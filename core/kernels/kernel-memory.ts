import { Buffer } from 'node:buffer';
import { invariant } from '../errors.ts';
import { kernelsWasm } from './kernels-wasm.ts';

/** The functions of kernels.as, where each parameter is told. Addresses are bytes from the start of the memory. */
export interface Kernels {
  calibratePlainRow(
    storedAt: number,
    offsetAt: number,
    gainAt: number,
    count: number,
    fillValue: number,
    saturationLevel: number,
    packedAt: number,
  ): number;
  markSeen(valuesAt: number, count: number, seenAt: number): void;
  numberDistinct(seenAt: number, codeOfAt: number, floatsAt: number): number;
  packCodes(valuesAt: number, count: number, codeOfAt: number, bitWidth: number, outAt: number): void;
  splitFloats(valuesAt: number, count: number, outAt: number): void;
  splitPairs(valuesAt: number, count: number, lowAt: number, highAt: number): void;
}

/** The part of JavaScript's own WebAssembly that is used; its types come only with a browser's. */
declare const WebAssembly: {
  readonly Memory: new (pages: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
};

const pageBytes = 65_536;

/** Regions begin at whole vectors. */
const alignmentBytes = 16;

/**
 * One thread's memory for WebAssembly, and the kernels that work in it. It never grows, because growing would take the
 * buffer away from every view; pages that nobody touches cost nothing.
 */
export class KernelMemory {
  readonly buffer: ArrayBuffer;
  readonly kernels: Kernels;
  #usedBytes = 0;

  /** @param capacityBytes Room for all regions; each takes up to 15 bytes more than asked for. */
  constructor(capacityBytes: number) {
    const pageCount = Math.ceil(capacityBytes / pageBytes);
    const memory = new WebAssembly.Memory({ initial: pageCount, maximum: pageCount });
    const { exports } = new WebAssembly.Instance(compiled(), { env: { memory } });
    this.buffer = memory.buffer;
    this.kernels = exports as Kernels;
  }

  /** @returns the address of a new region, whose bytes are 0 */
  take(sizeBytes: number): number {
    const at = this.#usedBytes;
    const end = at + Math.ceil(sizeBytes / alignmentBytes) * alignmentBytes;
    invariant(end <= this.buffer.byteLength, 'Expected room in the kernels memory', { end });
    this.#usedBytes = end;
    return at;
  }

  bytes(sizeBytes: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.buffer, this.take(sizeBytes), sizeBytes);
  }

  holds(view: ArrayBufferView): boolean {
    return view.buffer === this.buffer;
  }
}

let module: object | undefined;

function compiled(): object {
  module ??= new WebAssembly.Module(Buffer.from(kernelsWasm, 'base64'));
  return module;
}
