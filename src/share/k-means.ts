import { checkCount, checkOneOf } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { checkSeed, Random } from '../tensor/random.ts';
import { optimalStarts } from './optimal.ts';
import { meanOf, type Sorted, sortedOf, square } from './sorted.ts';

export const STARTS = ['linear', 'random', 'density', 'kmeans++', 'optimal'] as const;

/**
 * Where centroids begin:
 *
 * - `linear`: evenly over the range of the numbers. Large weights are few and matter most, and this keeps centroids for them:
 *   Deep Compression found it best (Han et al. 2016, section 3.2).
 * - `random`: at numbers drawn, no two equal (Forgy 1965).
 * - `density`: at the numbers that split the sorted list into parts of equal weight, at (j + ½)/k of it.
 * - `kmeans++`: at numbers drawn one by one, each by the square of its distance from those before (Arthur & Vassilvitskii 2007).
 *   All distinct numbers are gone through for each: seconds for 256 of some hundred thousand.
 * - `optimal`: at the best there are (`src/share/optimal.ts`), with which nothing moves any more. It takes a few times as long.
 */
export type KMeansStart = (typeof STARTS)[number];

export interface KMeansOptions {
  /** Default `linear`. */
  readonly start?: KMeansStart;
  /** Of `random` and `kmeans++`. Default 0. */
  readonly seed?: number;
  /** Lloyd's iterations at most, from 0. Default 300; they end where no number changes its cluster. */
  readonly iterations?: number;
  /** What each number counts, above 0 and finite. Default 1 each. */
  readonly weights?: ArrayLike<number>;
}

export interface Clusters {
  /** Ascending; as many as asked for, or as there are distinct numbers if those are fewer. */
  readonly centroids: Float64Array;
  /** Of each number the index of its centroid. */
  readonly codes: Int32Array;
  /** Σ weight·(number - centroid)². */
  readonly error: number;
  /** Iterations made. */
  readonly iterations: number;
}

/**
 * Clusters of numbers on a line: centroids such that the numbers are near them, by Lloyd's iterations (Lloyd 1982) in float64.
 * Clusters of a sorted list are its stretches, so that with sums from its beginning an iteration costs O(k log n). A number in
 * the middle between two centroids belongs to the lower one. A centroid without numbers goes to the number that is farthest
 * from its own, of equals the lowest. The same arguments give the same bits. Throws ValueError for no numbers, NaN and infinities,
 * and where the sum of all squared distances could leave float64.
 *
 * @example
 * const { centroids, codes } = kMeans([0, 20, 1, 22, 2, 21], 2);
 * [...centroids]; // [ 1, 21 ]
 * [...codes]; // [ 0, 1, 0, 1, 0, 1 ]
 */
export function kMeans(values: ArrayLike<number>, clusters: number, options: KMeansOptions = {}): Clusters {
  checkOptions('kMeans', options, 'start seed iterations weights');
  const { start = 'linear', seed = 0, iterations = 300, weights } = options;
  checkOneOf('kMeans', 'start', start, STARTS);
  checkSeed('kMeans', seed);
  checkCount('kMeans', 'clusters', clusters);
  checkCount('kMeans', 'iterations', iterations, 0);
  const sorted = sortedOf(values, weights);
  const { xs } = sorted;
  const k = Math.min(clusters, xs.length);
  let centroids = k === xs.length ? xs.slice() : STARTING[start](sorted, k, seed, values);
  let ends = endsOf(xs, centroids);
  let made = 0;
  while (made < iterations) {
    centroids = moved(sorted, centroids, ends);
    const next = endsOf(xs, centroids);
    made++;
    const isSame = next.every((end, j) => end === ends[j]);
    ends = next;
    if (isSame) break;
  }
  const codes = Int32Array.from(values, (x) => clusterOf(centroids, x));
  return { centroids, codes, error: errorOf(sorted, centroids, ends), iterations: made };
}

/** The first index whose number `is`, which is so for all behind it; `n` for none. */
function firstWhere(n: number, is: (i: number) => boolean): number {
  let low = 0;
  let high = n;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (is(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Whether a number is nearer to the centroid behind c than to c; in the middle it is not. */
const isBehind = (x: number, centroids: Float64Array, c: number): boolean => x - centroids[c]! > centroids[c + 1]! - x;

/** The cluster of a number. */
const clusterOf = (centroids: Float64Array, x: number): number =>
  firstWhere(centroids.length - 1, (c) => !isBehind(x, centroids, c));

/** Where the stretch of each centroid ends, in a list of distinct numbers. */
const endsOf = (xs: Float64Array, centroids: Float64Array): Int32Array =>
  Int32Array.from(centroids, (_, c) =>
    c + 1 === centroids.length ? xs.length : firstWhere(xs.length, (i) => isBehind(xs[i]!, centroids, c)),
  );

/** Centroids at the means of their stretches; those without numbers where the error is largest. */
function moved(sorted: Sorted, centroids: Float64Array, ends: Int32Array): Float64Array {
  const filled: number[] = [];
  for (let c = 0; c < centroids.length; c++) {
    const from = c === 0 ? 0 : ends[c - 1]!;
    if (from < ends[c]!) filled.push(meanOf(sorted, from, ends[c]!));
  }
  while (filled.length < centroids.length) {
    const far = farthest(sorted.xs, Float64Array.from(filled));
    filled.splice(
      firstWhere(filled.length, (c) => filled[c]! >= far),
      0,
      far,
    );
  }
  return Float64Array.from(filled);
}

/** The number farthest from its centroid: of a stretch that is one of its ends. It is no centroid, of which there are fewer. */
function farthest(xs: Float64Array, centroids: Float64Array): number {
  let most = -1;
  let found = 0;
  let from = 0;
  endsOf(xs, centroids).forEach((to, c) => {
    for (const at of from < to ? [from, to - 1] : []) {
      const distance = Math.abs(xs[at]! - centroids[c]!);
      if (distance <= most) continue;
      most = distance;
      found = xs[at]!;
    }
    from = to;
  });
  return found;
}

function errorOf({ xs, weights }: Sorted, centroids: Float64Array, ends: Int32Array): number {
  let error = 0;
  for (let i = 0, c = 0; i < xs.length; i++) {
    while (i >= ends[c]!) c++;
    error += weights[i]! * square(xs[i]! - centroids[c]!);
  }
  return error;
}

type Start = (sorted: Sorted, k: number, seed: number, values: ArrayLike<number>) => Float64Array;

const STARTING: { readonly [S in KMeansStart]: Start } = {
  linear: ({ xs }, k) => {
    const low = xs[0]!;
    const high = xs.at(-1)!;
    const at = (share: number): number => low * (1 - share) + high * share;
    return Float64Array.from({ length: k }, (_, j) => at(k === 1 ? 0.5 : j / (k - 1)));
  },
  random: (_, k, seed, values) => {
    const order = new Random(seed, 'k-means').permutation(values.length).data;
    const drawn = new Set<number>();
    for (let i = 0; drawn.size < k; i++) drawn.add(values[order[i]!]! + 0);
    return Float64Array.from(drawn).sort();
  },
  density: ({ xs, total }, k) => {
    const all = total.at(-1)!;
    const at = (share: number): number => firstWhere(xs.length - 1, (i) => total[i + 1]! >= share * all);
    return Float64Array.from({ length: k }, (_, j) => xs[at((j + 0.5) / k)]!);
  },
  'kmeans++': ({ xs, weights }, k, seed) => {
    const draws = new Random(seed, 'k-means').uniform([k]).data;
    const spread = xs.at(-1)! - xs[0]!; // distances are taken in this, whose squares may be too small for float64
    const squares = new Float64Array(xs.length).fill(1);
    const drawn: number[] = [];
    for (let j = 0; j < k; j++) {
      let left = draws[j]! * squares.reduce((sum, square, i) => sum + square * weights[i]!, 0);
      let at = -1;
      // The last that may be drawn where rounding leaves something over
      for (let i = 0; i < xs.length && left >= 0; i++) {
        if (squares[i] === 0) continue;
        left -= squares[i]! * weights[i]!;
        at = i;
      }
      // Squares of all that are left may be too small even so
      const next = at === -1 ? farthest(xs, Float64Array.from(drawn).sort()) : xs[at]!;
      drawn.push(next);
      xs.forEach((x, i) => {
        squares[i] = Math.min(j === 0 ? Infinity : squares[i]!, square((x - next) / spread));
      });
    }
    return Float64Array.from(drawn).sort();
  },
  optimal: optimalStarts,
};
