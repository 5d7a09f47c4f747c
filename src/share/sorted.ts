import { ValueError } from '../base/errors.ts';

/** Distinct numbers in order, with sums before each: of their weights, and of weight·(number - shift). */
export interface Sorted {
  readonly xs: Float64Array;
  readonly weights: Float64Array;
  readonly total: Float64Array;
  readonly moment: Float64Array;
  /** Near the middle of the numbers: sums of what is left are small, and so are their rounding errors. */
  readonly shift: number;
}

export const square = (x: number): number => x * x;

/** Throws ValueError for lists that are none. */
export function sortedOf(values: ArrayLike<number>, given: ArrayLike<number> | undefined): Sorted {
  const n = Object(values) === values ? values.length : 0;
  if (!(n > 0)) throw new ValueError('kMeans', 'values', 'a list with at least one number', values);
  if (given !== undefined && Object(given).length !== n)
    throw new ValueError('kMeans', 'weights', `a list of ${n}, one for each number`, given);
  for (let i = 0; i < n; i++) {
    if (!Number.isFinite(values[i])) throw new ValueError('kMeans', `values[${i}]`, 'finite', values[i]);
    if (given !== undefined && !(given[i]! > 0 && Number.isFinite(given[i])))
      throw new ValueError('kMeans', `weights[${i}]`, 'positive and finite', given[i]);
  }
  // Equal numbers are one of their weights together, summed in the order that they are given in
  const order = given === undefined ? null : Uint32Array.from({ length: n }, (_, i) => i);
  order?.sort((a, b) => values[a]! - values[b]! || a - b);
  const all = order === null ? Float64Array.from(values).sort() : Float64Array.from(order, (i) => values[i]!);
  const xs: number[] = [];
  const weights: number[] = [];
  all.forEach((x, at) => {
    const weight = order === null ? 1 : given![order[at]!]!;
    if (xs.length > 0 && xs[xs.length - 1] === x) weights[weights.length - 1]! += weight;
    else {
      xs.push(x === 0 ? 0 : x); // -0 sorts before 0, and is the same number
      weights.push(weight);
    }
  });
  const shift = all[n >> 1]!;
  const total = new Float64Array(xs.length + 1);
  const moment = new Float64Array(xs.length + 1);
  xs.forEach((x, i) => {
    total[i + 1] = total[i]! + weights[i]!;
    moment[i + 1] = moment[i]! + weights[i]! * (x - shift);
  });
  const spread = xs.at(-1)! - xs[0]!;
  if (!(total.at(-1)! * spread * spread < Infinity))
    throw new ValueError('kMeans', 'values', 'near enough to each other for sums of squares in float64', values);
  return { xs: Float64Array.from(xs), weights: Float64Array.from(weights), total, moment, shift };
}

/** The mean of numbers from ... to - 1, which rounding does not take outside of them. */
export function meanOf({ xs, total, moment, shift }: Sorted, from: number, to: number): number {
  const mean = shift + (moment[to]! - moment[from]!) / (total[to]! - total[from]!);
  return Math.min(xs[to - 1]!, Math.max(xs[from]!, mean));
}
