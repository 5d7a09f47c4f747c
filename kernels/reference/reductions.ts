import type { FloatArray } from '../arrays.ts';
import type { ReduceKernel, ReductionKernels } from '../interface/reductions.ts';
import type { Functions, Scalar } from './elementwise.ts';

/**
 * Every sum of this library: element r is added to lane r mod 8 in float64, and the lanes are added as a tree, which
 * is what eight SIMD lanes do. Start with `lanes.fill(0)`.
 */
export const lanes: Float64Array = new Float64Array(8);

export function totalOfLanes(): number {
  const l = lanes;
  return l[0]! + l[4]! + (l[2]! + l[6]!) + (l[1]! + l[5]! + (l[3]! + l[7]!));
}

/** Σ x[at + r·step] over r < n, not rounded to the element type. */
export function sumOf(n: number, x: FloatArray, at: number, step: number): number {
  lanes.fill(0);
  for (let r = 0; r < n; r++) lanes[r & 7]! += x[at + r * step]!;
  return totalOfLanes();
}

/** Math.max's order (NaN wins); a maximum that is zero is +0, so that the order of comparisons is free. */
export function maxOf(n: number, x: FloatArray, at: number, step: number): number {
  let max = -Infinity;
  for (let r = 0; r < n; r++) max = Math.max(max, x[at + r * step]!);
  return max + 0;
}

/** Σ e^(x - max), each step and the sum rounded: the denominator of every softmax. */
export function expSumOf(
  n: number,
  x: FloatArray,
  at: number,
  step: number,
  max: number,
  round: Scalar,
  exp: Scalar,
): number {
  lanes.fill(0);
  for (let r = 0; r < n; r++) lanes[r & 7]! += round(exp(round(x[at + r * step]! - max)));
  return round(totalOfLanes());
}

/** Whether a comes before b, where NaN comes first of all. */
type Before = (a: number, b: number) => boolean;
const larger: Before = (a, b) => a > b || (Number.isNaN(a) && !Number.isNaN(b));
const smaller: Before = (a, b) => a < b || (Number.isNaN(a) && !Number.isNaN(b));

/** Whether number a at place i of a row comes behind b at j: it is smaller, or equal and later. */
const isBehind = (a: number, i: number, b: number, j: number): boolean =>
  a < b || (!(a > b) && (a === b ? i > j : Number.isNaN(b) && (!Number.isNaN(a) || i > j)));

/**
 * Lets what stands at a place of a heap, of `count` from `at` on, sink until no child is behind it: then the root is behind all
 * others. Williams 1964.
 */
function sink(values: FloatArray, indices: Int32Array, at: number, count: number, from: number): void {
  const v = values[at + from]!;
  const j = indices[at + from]!;
  let place = from;
  for (;;) {
    let child = 2 * place + 1;
    if (child >= count) break;
    const a = at + child;
    if (child + 1 < count && isBehind(values[a + 1]!, indices[a + 1]!, values[a]!, indices[a]!)) child++;
    if (!isBehind(values[at + child]!, indices[at + child]!, v, j)) break;
    values[at + place] = values[at + child]!;
    indices[at + place] = indices[at + child]!;
    place = child;
  }
  values[at + place] = v;
  indices[at + place] = j;
}

export function reductions<F extends FloatArray>(round: Scalar, f: Functions): ReductionKernels<F> {
  /** A kernel from what it makes of n numbers from `at` on, `inner` apart. */
  const reduce =
    <Y extends FloatArray | Int32Array>(op: (n: number, x: F, at: number, inner: number) => number) =>
    (outer: number, n: number, inner: number, x: F, y: Y): void => {
      for (let o = 0; o < outer; o++) {
        for (let i = 0; i < inner; i++) y[o * inner + i] = op(n, x, o * n * inner + i, inner);
      }
    };
  const first = (before: Before): ReduceKernel<F, Int32Array> =>
    reduce((n, x, at, inner) => {
      let best = 0;
      for (let r = 1; r < n; r++) if (before(x[at + r * inner]!, x[at + best * inner]!)) best = r;
      return best;
    });
  return {
    sum: (outer, n, inner, x, divisor, y) => {
      for (let o = 0; o < outer; o++) {
        for (let i = 0; i < inner; i++) y[o * inner + i] = sumOf(n, x, o * n * inner + i, inner) / divisor;
      }
    },
    variance: (outer, n, inner, x, divisor, y) => {
      for (let o = 0; o < outer; o++) {
        for (let i = 0; i < inner; i++) {
          const at = o * n * inner + i;
          const mean = sumOf(n, x, at, inner) / n;
          lanes.fill(0);
          for (let r = 0; r < n; r++) {
            const d = x[at + r * inner]! - mean;
            lanes[r & 7]! += d * d;
          }
          y[o * inner + i] = totalOfLanes() / divisor;
        }
      }
    },
    prod: reduce((n, x, at, inner) => {
      let product = 1;
      for (let r = 0; r < n; r++) product *= x[at + r * inner]!;
      return product;
    }),
    max: reduce(maxOf),
    min: reduce((n, x, at, inner) => {
      let min = Infinity;
      for (let r = 0; r < n; r++) min = Math.min(min, x[at + r * inner]!);
      return min;
    }),
    logSumExp: reduce((n, x, at, inner) => {
      const max = maxOf(n, x, at, inner);
      if (!Number.isFinite(max)) return max;
      return max + round(f.log(expSumOf(n, x, at, inner, max, round, f.exp)));
    }),
    argmax: first(larger),
    argmin: first(smaller),
    topK: (rows, n, k, x, values, indices) => {
      for (let i = 0, at = 0; k > 0 && i < rows; i++, at += k) {
        const put = (to: number, v: number, j: number): void => {
          values[to] = v;
          indices[to] = j;
        };
        for (let j = 0; j < k; j++) put(at + j, x[i * n + j]!, j);
        for (let p = k >> 1; p-- > 0; ) sink(values, indices, at, k, p);
        for (let j = k; j < n; j++) {
          const v = x[i * n + j]!;
          if (!isBehind(values[at]!, indices[at]!, v, j)) continue;
          put(at, v, j);
          sink(values, indices, at, k, 0);
        }
        for (let end = at + k - 1; end > at; end--) {
          // The root, behind all that are left, goes to their end.
          const v = values[end]!;
          const j = indices[end]!;
          put(end, values[at]!, indices[at]!);
          put(at, v, j);
          sink(values, indices, at, end - at, 0);
        }
      }
    },
  };
}
