import { FormatError } from '../errors.ts';
import { bandCountMax, lineCountMax, sampleCountMax } from '../limits.ts';

export interface CubeShape {
  readonly lineCount: number;
  readonly sampleCount: number;
  readonly bandCount: number;
}

/**
 * Declared dimensions are claims: whole numbers from 1 up to what any sensor has.
 * @throws FormatError naming the dimension. Disposition: quarantine.
 */
export function checkCubeShape(shape: CubeShape, where: string): void {
  const bounds = [
    ['lines', shape.lineCount, lineCountMax],
    ['samples', shape.sampleCount, sampleCountMax],
    ['bands', shape.bandCount, bandCountMax],
  ] as const;
  for (const [name, count, countMax] of bounds) {
    if (Number.isInteger(count) && count >= 1 && count <= countMax) continue;
    throw new FormatError(`Expected 1 to ${countMax} ${name}, got ${count} (${where}).`, { where, [name]: count });
  }
}
