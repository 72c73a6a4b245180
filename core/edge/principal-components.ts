/** Directions in which spectra differ most, shape [components, bands], orthonormal, and the mean that they start from. */
export interface PrincipalComponents {
  readonly bandCount: number;
  readonly componentCount: number;
  readonly mean: Float64Array;
  readonly vectors: Float64Array;
}

/** More vectors than asked for are iterated, so that the last one asked for settles, too. */
const spareVectorCount = 4;
const iterationCount = 60;

/**
 * Principal components of spectra by orthogonal iteration on their covariance: a few products of a bands x bands matrix where
 * only a few components are wanted. Starts from fixed vectors, so that the same spectra give the same components.
 *
 * @param spectra Shape [spectra, bands].
 * @source Golub and Van Loan, Matrix Computations, "Orthogonal iteration"
 */
export function principalComponents(
  spectra: Float32Array,
  bandCount: number,
  componentCount: number,
): PrincipalComponents {
  const { mean, covariance } = momentsOf(spectra, bandCount);
  const count = Math.min(bandCount, componentCount + spareVectorCount);
  let vectors = new Float64Array(count * bandCount);
  for (let vector = 0; vector < count; vector++) {
    for (let band = 0; band < bandCount; band++) {
      vectors[vector * bandCount + band] = Math.cos((Math.PI * vector * (band + 0.5)) / bandCount);
    }
  }
  orthonormalize(vectors, count, bandCount);
  for (let iteration = 0; iteration < iterationCount; iteration++) {
    vectors = product(covariance, vectors, count, bandCount);
    orthonormalize(vectors, count, bandCount);
  }
  const kept = Math.min(componentCount, count);
  return { bandCount, componentCount: kept, mean, vectors: vectors.slice(0, kept * bandCount) };
}

function momentsOf(spectra: Float32Array, bandCount: number): { mean: Float64Array; covariance: Float64Array } {
  const count = spectra.length / bandCount;
  const mean = new Float64Array(bandCount);
  for (let at = 0; at < spectra.length; at++) mean[at % bandCount]! += spectra[at]! / count;
  const covariance = new Float64Array(bandCount * bandCount);
  const centred = new Float64Array(bandCount);
  for (let start = 0; start < spectra.length; start += bandCount) {
    for (let band = 0; band < bandCount; band++) centred[band] = spectra[start + band]! - mean[band]!;
    for (let row = 0; row < bandCount; row++) {
      const value = centred[row]! / count;
      const base = row * bandCount;
      for (let column = 0; column < bandCount; column++) covariance[base + column]! += value * centred[column]!;
    }
  }
  return { mean, covariance };
}

function product(
  matrix: Float64Array,
  vectors: Float64Array,
  count: number,
  bandCount: number,
): Float64Array<ArrayBuffer> {
  const out = new Float64Array(count * bandCount);
  for (let vector = 0; vector < count; vector++) {
    for (let row = 0; row < bandCount; row++) {
      let sum = 0;
      for (let band = 0; band < bandCount; band++) {
        sum += matrix[row * bandCount + band]! * vectors[vector * bandCount + band]!;
      }
      out[vector * bandCount + row] = sum;
    }
  }
  return out;
}

/** Modified Gram-Schmidt in place; a vector that is nothing beside the others becomes zero. */
function orthonormalize(vectors: Float64Array, count: number, bandCount: number): void {
  for (let vector = 0; vector < count; vector++) {
    const own = vectors.subarray(vector * bandCount, (vector + 1) * bandCount);
    const before = Math.sqrt(dot(own, own));
    for (let other = 0; other < vector; other++) {
      const settled = vectors.subarray(other * bandCount, (other + 1) * bandCount);
      const share = dot(own, settled);
      for (let band = 0; band < bandCount; band++) own[band]! -= share * settled[band]!;
    }
    const length = Math.sqrt(dot(own, own));
    const scale = length > 1e-12 * before ? 1 / length : 0;
    for (let band = 0; band < bandCount; band++) own[band]! *= scale;
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += a[at]! * b[at]!;
  return sum;
}
