import { invariant } from '../errors.ts';

/** Pivots below this share of the largest diagonal element are rounding, not information. */
const pivotShareMin = 1e-12;

/**
 * Inverts a symmetric positive definite matrix in place: Cholesky factor, its inverse, and their product.
 *
 * @param matrix Row-major, shape [size, size]; only the lower triangle is read. Holds the full inverse afterwards.
 * @throws InvariantError when the matrix is not positive definite: the caller has removed what cannot be estimated. Disposition: bug.
 * @source Golub and Van Loan, Matrix Computations, 4th edition, algorithm 4.2.1 (outer product form replaced by rows).
 */
export function invertPositiveDefinite(matrix: Float64Array, size: number): void {
  factorise(matrix, size);
  invertLowerTriangle(matrix, size);
  // inverse = transpose(F) * F for F, the inverse of the factor: element (row, column) needs rows >= max(row, column) of F only.
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = 0;
      for (let k = row; k < size; k++) sum += matrix[k * size + row]! * matrix[k * size + column]!;
      matrix[row * size + column] = sum;
    }
  }
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < row; column++) matrix[column * size + row] = matrix[row * size + column]!;
  }
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

/** Replaces a lower triangle by its inverse, row by row. */
function invertLowerTriangle(matrix: Float64Array, size: number): void {
  for (let row = 0; row < size; row++) {
    const rowStart = row * size;
    const diagonal = 1 / matrix[rowStart + row]!;
    for (let column = 0; column < row; column++) {
      let sum = 0;
      for (let k = column; k < row; k++) sum += matrix[rowStart + k]! * matrix[k * size + column]!;
      matrix[rowStart + column] = -sum * diagonal;
    }
    matrix[rowStart + row] = diagonal;
  }
}
