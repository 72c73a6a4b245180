import { RandomStream } from './random-stream.ts';

export type GermplasmClass = 'clearly better' | 'clearly worse' | 'near';

/** One genetic line of the trial and the truth about it. */
export interface Germplasm {
  readonly name: string;
  readonly entryType: 'entry' | 'check';
  /** Genetic effect on grain yield against the mean of the checks, t/ha. */
  readonly advantageTHa: number;
  /** What a good trial should find; checks are `near`. */
  readonly truth: GermplasmClass;
}

/** Ranges of the true advantage, t/ha; chosen so that "clearly" is more than four standard errors of a mean of four plots. */
const better = [0.9, 1.7] as const;
const near = [-0.3, 0.3] as const;
const worse = [-1.8, -0.9] as const;

/**
 * Two checks (0.1 t/ha above and below their mean) and the entries: a quarter clearly better, a third clearly worse, the
 * others near the checks, named in an order that says nothing of their worth.
 */
export function germplasmOfTrial(seed: number, entryCount: number): Germplasm[] {
  const random = new RandomStream(seed, 'germplasm');
  const betterCount = Math.max(1, Math.round(entryCount / 4));
  const worseCount = Math.max(1, Math.round(entryCount / 3));
  const truths = Array.from({ length: entryCount }, (_, position): GermplasmClass => {
    if (position < betterCount) return 'clearly better';
    return position < betterCount + worseCount ? 'clearly worse' : 'near';
  });
  const digits = Math.max(3, String(entryCount).length);
  const entries = random.shuffle(truths).map((truth, position): Germplasm => {
    const [low, high] = truth === 'near' ? near : truth === 'clearly better' ? better : worse;
    return {
      name: `CL-${String(position + 1).padStart(digits, '0')}`,
      entryType: 'entry',
      advantageTHa: random.between(low, high),
      truth,
    };
  });
  return [
    { name: 'CHECK-A', entryType: 'check', advantageTHa: 0.1, truth: 'near' },
    { name: 'CHECK-B', entryType: 'check', advantageTHa: -0.1, truth: 'near' },
    ...entries,
  ];
}
