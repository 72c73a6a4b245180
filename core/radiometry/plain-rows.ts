import { invariant } from '../errors.ts';
import type { KernelMemory } from '../kernels/kernel-memory.ts';
import type { CalibratedTile, CalibrationKernel } from '../ports/calibration-kernel.ts';
import { calibrateTile } from './calibrate-tile.ts';
import type { CalibrationCoefficients } from './coefficients.ts';

/** The kernel's word for "no such value": it never occurs in 16 bits. */
const never = 65_536;

/** What `PlainRows` takes of the memory, in bytes. */
export function plainRowsBytes(bandCount: number, sampleCount: number): number {
  return 2 * (bandCount * sampleCount * 4 + 16) + sampleCount * 2 + 16;
}

/**
 * Rows of unsigned 16-bit counts that turn out to have no quality bit at all, which is nearly every row of a good cube, eight
 * values at a time; bit for bit what `calibrateTile` gives alone.
 */
export class PlainRows {
  readonly #memory: KernelMemory;
  readonly #offset: Float32Array;
  readonly #gain: Float32Array;
  readonly #row: Uint16Array;
  readonly #packedAt: number;
  readonly #fillValue: number;
  readonly #saturationLevel: number;

  /** @param packed Plane set in `memory` that rows are written to. */
  constructor(memory: KernelMemory, coefficients: CalibrationCoefficients, packed: Int16Array) {
    invariant(memory.holds(packed), 'Expected planes in the memory of the kernels');
    const { offset, gain, sampleCount, fillValue, saturationLevel } = coefficients;
    this.#memory = memory;
    this.#offset = floats(memory, offset);
    this.#gain = floats(memory, gain);
    this.#row = new Uint16Array(memory.buffer, memory.take(sampleCount * 2), sampleCount);
    this.#packedAt = packed.byteOffset;
    this.#fillValue = Number.isInteger(fillValue) && fillValue >= 0 && fillValue < never ? fillValue : never;
    this.#saturationLevel = Math.min(never, Math.max(0, Math.ceil(saturationLevel)));
  }

  /**
   * @param from First count of the row in `counts`; its neighbours are `sampleStride` apart.
   * @param columns First coefficient of the row's band.
   * @param to First value of the row in the planes.
   * @returns false when the row has a flaw; its packed values are then not final.
   */
  calibrate(counts: Uint16Array, from: number, sampleStride: number, columns: number, to: number): boolean {
    let storedAt = counts.byteOffset + from * 2;
    if (sampleStride !== 1 || !this.#memory.holds(counts)) {
      gather(counts, from, sampleStride, this.#row);
      storedAt = this.#row.byteOffset;
    }
    const flaws = this.#memory.kernels.calibratePlainRow(
      storedAt,
      this.#offset.byteOffset + columns * 4,
      this.#gain.byteOffset + columns * 4,
      this.#row.length,
      this.#fillValue,
      this.#saturationLevel,
      this.#packedAt + to * 2,
    );
    return flaws === 0;
  }

  requireMadeFor(packed: Int16Array): void {
    const isSame = this.#memory.holds(packed) && packed.byteOffset === this.#packedAt;
    invariant(isSame, 'Expected the planes that the rows were made for');
  }
}

/** The CPU's kernel for one cube: `calibrateTile` with `PlainRows`. */
export function plainRowsKernel(
  memory: KernelMemory,
  coefficients: CalibrationCoefficients,
  planes: CalibratedTile,
): CalibrationKernel {
  const rows = new PlainRows(memory, coefficients, planes.packed);
  return (window, out) => {
    rows.requireMadeFor(out.packed);
    calibrateTile(window, coefficients, out, rows);
  };
}

function floats(memory: KernelMemory, values: Float32Array): Float32Array {
  const copy = new Float32Array(memory.buffer, memory.take(values.byteLength), values.length);
  copy.set(values);
  return copy;
}

function gather(counts: Uint16Array, from: number, sampleStride: number, row: Uint16Array): void {
  for (let sample = 0; sample < row.length; sample++, from += sampleStride) row[sample] = counts[from]!;
}
