import { Random } from '../tensor/random.ts';

/** Of the standard normal distribution, 95 % lie within so many deviations: all intervals here are of 95 %. */
const Z = 1.959963984540054;

/** Where a figure may lie with 95 %, by the chance of which samples were taken. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** A part of what was counted, with its interval. */
export interface Part extends Interval {
  readonly count: number;
  readonly of: number;
  /** count / of; 0 of nothing. */
  readonly share: number;
}

/** By how much a figure is worse than before; negative for what is better. */
export interface Lost extends Interval {
  readonly lost: number;
}

/**
 * A share with the interval of Wilson 1927, which also holds near 0 and 1; of nothing it is all from 0 to 1. What was counted
 * in `samples` samples, several times in each, says no more than these: parts of a sample are not independent.
 */
export function partOf(count: number, of: number, samples: number = of): Part {
  if (of === 0) return { count, of, share: 0, low: 0, high: 1 };
  const share = count / of;
  const scale = 1 + (Z * Z) / samples;
  const middle = (share + (Z * Z) / (2 * samples)) / scale;
  const half = (Z * Math.sqrt((share * (1 - share)) / samples + (Z * Z) / (4 * samples * samples))) / scale;
  // Both ends are exact there, and rounding would miss them.
  return { count, of, share, low: count === 0 ? 0 : middle - half, high: count === of ? 1 : middle + half };
}

/**
 * (lost - won)/of for what is counted before and after, with the adjusted Wald interval for pairs (Bonett & Price 2012),
 * which is no point where nothing changed. `samples` as in `partOf`.
 */
export function lostOf(lost: number, won: number, of: number, samples: number = of): Lost {
  const n = of === 0 ? 0 : samples / of;
  const p = (lost * n + 1) / (samples + 2);
  const q = (won * n + 1) / (samples + 2);
  const half = Z * Math.sqrt((p + q - (p - q) * (p - q)) / (samples + 2));
  return {
    lost: of === 0 ? 0 : (lost - won) / of,
    low: Math.max(-1, p - q - half),
    high: Math.min(1, p - q + half),
  };
}

/**
 * Exact McNemar test (McNemar 1947): how likely chance alone is to part `lost` and `won` so far from evenly, were both as
 * likely; two-sided, by the binomial distribution. 1 where nothing changed.
 */
export function mcnemar(lost: number, won: number): number {
  const n = lost + won;
  const k = Math.min(lost, won);
  // The probability of k, C(n, k)/2ⁿ, as a product that stays near 1, so that neither factor leaves float64.
  let last = 1;
  let halvings = n;
  for (let i = 1; i <= k; i++) {
    last *= (n - k + i) / i;
    for (; last > 1 && halvings > 0; halvings--) last /= 2;
  }
  for (; halvings > 0 && last > 0; halvings--) last /= 2;
  let sum = 0;
  for (let i = k; i >= 0; i--) {
    sum += last;
    last *= i / (n - i + 1);
  }
  return Math.min(1, 2 * sum);
}

/** Quantile of numbers in ascending order, on the straight line between the two nearest (Hyndman & Fan 1996, type 7). */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below]!;
  return at === below ? low : low + (at - below) * (sorted[below + 1]! - low);
}

/**
 * Intervals of figures of `n` samples by the percentile bootstrap (Efron 1979): the figures of `resamples` draws of n
 * samples with replacement, without the lowest and the highest fortieth. The seed decides on the draws.
 */
export function bootstrap(
  n: number,
  figures: (rows: Int32Array) => readonly number[],
  { resamples, seed }: { readonly resamples: number; readonly seed: number },
): Interval[] {
  const random = new Random(seed, 'bootstrap');
  const rows = new Int32Array(n);
  const drawn: number[][] = [];
  for (let i = 0; i < resamples; i++) {
    const chosen = random.uniform([n]).data;
    for (let j = 0; j < n; j++) rows[j] = Math.floor(chosen[j]! * n);
    figures(rows).forEach((figure, f) => {
      drawn[f] ??= [];
      drawn[f].push(figure);
    });
  }
  return drawn.map((all) => {
    const sorted = Float64Array.from(all).sort();
    return { low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
  });
}
