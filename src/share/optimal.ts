import { LimitError } from '../base/errors.ts';
import { meanOf, type Sorted, square } from './sorted.ts';

/** Numbers of the table of where stretches begin: 256 MB. */
const MOST_BEGINNINGS = 2 ** 26;

/**
 * The centroids of the least error there is, exact but for rounding: the best k stretches of a sorted list by dynamic programming
 * (Wang & Song 2011, Ckmeans.1d.dp). Where the last stretch begins moves forward with where it ends, so that a table of k rows
 * takes O(k·n log n) by halves (Grønlund et al. 2017). Of equals the earliest beginning is taken.
 */
export function optimalStarts(sorted: Sorted, k: number): Float64Array {
  const { xs, weights, total, moment, shift } = sorted;
  const n = xs.length;
  if (k * n > MOST_BEGINNINGS)
    throw new LimitError(
      'kMeans',
      'the number of clusters times that of distinct numbers for optimal',
      k * n,
      MOST_BEGINNINGS,
    );
  const squares = new Float64Array(n + 1);
  for (let i = 0; i < n; i++) squares[i + 1] = squares[i]! + weights[i]! * square(xs[i]! - shift);
  /** The error of numbers from ... to - 1 as one cluster. */
  const cost = (from: number, to: number): number => {
    const sum = moment[to]! - moment[from]!;
    return Math.max(0, squares[to]! - squares[from]! - (sum * sum) / (total[to]! - total[from]!));
  };
  let least = Float64Array.from({ length: n + 1 }, (_, to) => (to === 0 ? 0 : cost(0, to))); // with one cluster more each row
  const beginnings: Int32Array[] = [];
  for (let row = 1; row < k; row++) {
    const next = new Float64Array(n + 1).fill(Infinity);
    const began = new Int32Array(n + 1);
    const before = least;
    const fill = (low: number, high: number, first: number, last: number): void => {
      if (low > high) return;
      const to = (low + high) >>> 1;
      for (let from = Math.max(first, row); from <= Math.min(last, to - 1); from++) {
        const error = before[from]! + cost(from, to);
        if (!(error < next[to]!)) continue;
        next[to] = error;
        began[to] = from;
      }
      fill(low, to - 1, first, began[to]!);
      fill(to + 1, high, began[to]!, last);
    };
    fill(row + 1, n, row, n - 1);
    beginnings.push(began);
    least = next;
  }
  const centroids = new Float64Array(k);
  let to = n;
  for (let row = k - 1; row >= 0; row--) {
    const from = row === 0 ? 0 : beginnings[row - 1]![to]!;
    centroids[row] = meanOf(sorted, from, to);
    to = from;
  }
  return centroids;
}
