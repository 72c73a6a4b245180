import { createHash } from 'node:crypto';

/**
 * A seeded stream of random numbers. Every cube, plot and effect has a stream of its own, derived from the seed and a
 * name, so that leaving one out or changing the order changes nothing in the others.
 *
 * @source sfc32 (Small Fast Counter), C. Doty-Humphrey, PractRand 0.94, RNG/other/sfc.
 */
export class RandomStream {
  readonly #state: Uint32Array;

  /** The 128-bit state is the first half of SHA-256 over `seed/name`. */
  constructor(seed: number, name: string) {
    const digest = createHash('sha256').update(`${seed}/${name}`).digest();
    this.#state = new Uint32Array(4);
    for (let word = 0; word < 4; word++) this.#state[word] = digest.readUInt32LE(word * 4);
  }

  /** Uniform in [0, 1), a multiple of 2^-32. */
  uniform(): number {
    const state = this.#state;
    const sum = (state[0]! + state[1]! + state[3]!) >>> 0;
    state[0] = state[1]! ^ (state[1]! >>> 9);
    state[1] = (state[2]! + (state[2]! << 3)) >>> 0;
    state[2] = ((state[2]! << 21) | (state[2]! >>> 11)) + sum;
    state[3] = state[3]! + 1;
    return sum / 4_294_967_296;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** Whole number in [0, count). */
  index(count: number): number {
    return Math.floor(this.uniform() * count);
  }

  /** One standard normal number. */
  gaussian(): number {
    const pair = new Float64Array(2);
    this.fillGaussian(pair);
    return pair[0]!;
  }

  /**
   * Fills `out` with standard normal numbers.
   * @source Marsaglia and Bray (1964), A convenient method for generating normal variables, SIAM Review 6(3).
   */
  fillGaussian(out: Float64Array): void {
    const state = this.#state;
    let a = state[0]! | 0;
    let b = state[1]! | 0;
    let c = state[2]! | 0;
    let d = state[3]! | 0;
    for (let index = 0; index < out.length; index += 2) {
      let u = 0;
      let v = 0;
      let square = 0;
      do {
        let sum = (((a + b) | 0) + d) | 0;
        a = b ^ (b >>> 9);
        b = (c + (c << 3)) | 0;
        c = (((c << 21) | (c >>> 11)) + sum) | 0;
        d = (d + 1) | 0;
        u = (sum >>> 0) / 2_147_483_648 - 1;
        sum = (((a + b) | 0) + d) | 0;
        a = b ^ (b >>> 9);
        b = (c + (c << 3)) | 0;
        c = (((c << 21) | (c >>> 11)) + sum) | 0;
        d = (d + 1) | 0;
        v = (sum >>> 0) / 2_147_483_648 - 1;
        square = u * u + v * v;
      } while (square >= 1 || square === 0);
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      out[index] = u * factor;
      if (index + 1 < out.length) out[index + 1] = v * factor;
    }
    state[0] = a;
    state[1] = b;
    state[2] = c;
    state[3] = d;
  }

  /** Shuffles in place. @source Durstenfeld (1964), Algorithm 235: Random permutation, CACM 7(7). */
  shuffle<T>(items: T[]): T[] {
    for (let last = items.length - 1; last > 0; last--) {
      const other = this.index(last + 1);
      const item = items[last]!;
      items[last] = items[other]!;
      items[other] = item;
    }
    return items;
  }
}
