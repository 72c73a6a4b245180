import { invariant } from '../errors.ts';

/** Pivots below this share of the largest diagonal element are rounding, not information. */
const pivotShareMin = 1e-12;

/**
 * Inverts a symmetric positive definite matrix: Cholesky factor, its inverse F, and transpose(F) * F. All inner loops run
 * along rows: at 2000 rows a loop down a column costs ten times as much.
 *
 * @param matrix Row-major, shape [size, size]; only the lower triangle is read, and it is overwritten.
 * @returns The full inverse, shape [size, size].
 * @throws InvariantError when the matrix is not positive definite: the caller has removed what cannot be estimated. Disposition: bug.
 * @source Golub and Van Loan, Matrix Computations, 4th edition, sections 3.1 and 4.2.
 */
export function inverseOfPositiveDefinite(matrix: Float64Array, size: number): Float64Array {
  factorise(matrix, size);
  invertLowerTriangle(matrix, size);
  const inverse = new Float64Array(size * size);
  for (let k = 0; k < size; k++) {
    const from = k * size;
    for (let row = 0; row <= k; row++) {
      const factor = matrix[from + row]!;
      if (factor === 0) continue;
      const to = row * size;
      for (let column = 0; column <= row; column++) inverse[to + column]! += factor * matrix[from + column]!;
    }
  }
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < row; column++) inverse[column * size + row] = inverse[row * size + column]!;
  }
  return inverse;
}

/** Lower Cholesky factor into the lower triangle. */
function factorise(matrix: Float64Array, size: number): void {
  let largest = 0;
  for (let row = 0; row < size; row++) largest = Math.max(largest, matrix[row * size + row]!);
  for (let row = 0; row < size; row++) {
    const rowStart = row * size;
    for (let column = 0; column < row; column++) {
      const columnStart = column * size;
      let sum = matrix[rowStart + column]!;
      for (let k = 0; k < column; k++) sum -= matrix[rowStart + k]! * matrix[columnStart + k]!;
      matrix[rowStart + column] = sum / matrix[columnStart + column]!;
    }
    let pivot = matrix[rowStart + row]!;
    for (let k = 0; k < row; k++) pivot -= matrix[rowStart + k]! * matrix[rowStart + k]!;
    invariant(pivot > pivotShareMin * largest, 'Expected a positive definite matrix.', { size, row, pivot });
    matrix[rowStart + row] = Math.sqrt(pivot);
  }
}

/** Replaces a lower triangle by its inverse, row by row: each row is a combination of the finished rows above it. */
function invertLowerTriangle(matrix: Float64Array, size: number): void {
  const factorRow = new Float64Array(size);
  for (let row = 0; row < size; row++) {
    const rowStart = row * size;
    const diagonal = 1 / matrix[rowStart + row]!;
    for (let column = 0; column < row; column++) {
      factorRow[column] = -diagonal * matrix[rowStart + column]!;
      matrix[rowStart + column] = 0;
    }
    for (let k = 0; k < row; k++) {
      const factor = factorRow[k]!;
      const from = k * size;
      for (let column = 0; column <= k; column++) matrix[rowStart + column]! += factor * matrix[from + column]!;
    }
    matrix[rowStart + row] = diagonal;
  }
}
