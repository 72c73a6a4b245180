import { invariant } from '../errors.ts';

/**
 * Distribution function of Student's t: P(T <= t).
 * @param df Degrees of freedom, > 0, not necessarily whole.
 * @returns 0..1; accurate to about 1e-12, and in the tails to nine digits.
 * @source NIST Digital Library of Mathematical Functions, 8.17(i) and 8.17(v); Abramowitz and Stegun, 26.7.1.
 */
export function studentTCdf(t: number, df: number): number {
  invariant(df > 0, 'Degrees of freedom must be positive.', { df });
  if (Number.isNaN(t)) return Number.NaN;
  if (!Number.isFinite(t)) return t > 0 ? 1 : 0;
  const square = t * t;
  // I_x(df/2, 1/2) with x = df / (df + t^2) is the probability of both tails. Near t = 0 its complement keeps the digits.
  const tail =
    square < 1
      ? 0.5 - 0.5 * incompleteBeta(square / (df + square), 0.5, df / 2)
      : 0.5 * incompleteBeta(df / (df + square), df / 2, 0.5);
  return t > 0 ? 1 - tail : tail;
}

/**
 * The t below which a share `probability` of Student's distribution lies.
 * @param probability 0 < probability < 1.
 */
export function studentTQuantile(probability: number, df: number): number {
  invariant(probability > 0 && probability < 1, 'A quantile needs a probability between 0 and 1.', { probability });
  if (probability === 0.5) return 0;
  if (probability < 0.5) return -studentTQuantile(1 - probability, df);
  let high = 1;
  while (studentTCdf(high, df) < probability && high < 1e300) high *= 2;
  let low = 0;
  // Halving 200 times exhausts the digits of any double; most intervals end long before.
  for (let step = 0; step < 200; step++) {
    const middle = 0.5 * (low + high);
    if (middle === low || middle === high) break;
    if (studentTCdf(middle, df) < probability) low = middle;
    else high = middle;
  }
  return 0.5 * (low + high);
}

/** Steps of the continued fraction; it converges in O(sqrt(max(a, b))) of them: a million degrees of freedom need about 1000. */
const fractionStepCountMax = 100_000;

/**
 * Regularised incomplete beta function I_x(a, b).
 * @source DLMF 8.17.22 (continued fraction), 8.17.4 (symmetry); evaluated by the modified method of Lentz (1976), Applied
 *   Optics 15(3), in the form of Thompson and Barnett (1986), Journal of Computational Physics 64.
 */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast only below the mean of the distribution.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b)) / a;
  const tiny = 1e-300;
  let c = 1;
  let d = 1 - ((a + b) * x) / (a + 1);
  d = 1 / (Math.abs(d) < tiny ? tiny : d);
  let fraction = d;
  for (let m = 1; m <= fractionStepCountMax; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 + even * d;
    d = 1 / (Math.abs(d) < tiny ? tiny : d);
    c = 1 + even / c;
    if (Math.abs(c) < tiny) c = tiny;
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 + odd * d;
    d = 1 / (Math.abs(d) < tiny ? tiny : d);
    c = 1 + odd / c;
    if (Math.abs(c) < tiny) c = tiny;
    const change = d * c;
    fraction *= change;
    if (Math.abs(change - 1) < 1e-16) break;
  }
  return front * fraction;
}

/** ln B(a, b). For large arguments the gammas nearly cancel, so their difference is taken inside Stirling's series. */
function logBeta(a: number, b: number): number {
  const small = Math.min(a, b);
  const large = Math.max(a, b);
  if (large < 10) return logGamma(small) + logGamma(large) - logGamma(small + large);
  const sum = small + large;
  const ratio = -(large - 0.5) * Math.log1p(small / large) - small * Math.log(sum) + small;
  return logGamma(small) + ratio + stirlingRest(large) - stirlingRest(sum);
}

/** @source DLMF 5.11.1 (Stirling's series) after 5.5.1 (recurrence) has moved x to 10 or more. */
function logGamma(x: number): number {
  let shift = 0;
  while (x < 10) {
    shift += Math.log(x);
    x += 1;
  }
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + stirlingRest(x) - shift;
}

/** Sum of B_2k / (2k (2k - 1) x^(2k - 1)) for k = 1..7: below 1e-16 of error from x = 10 on. */
function stirlingRest(x: number): number {
  const s = 1 / (x * x);
  const series =
    1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s * (1 / 1188 - s * (691 / 360360 - s / 156)))));
  return series / x;
}
