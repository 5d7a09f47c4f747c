import type { SortingKernels } from '../interface/sorting.ts';

/** Negative where a comes before b, 0 where they are equal: NaN is behind all others, and -0 equals +0. */
function order(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

/** One code for every element type, by the sort of lists that the language has, which is stable since ECMAScript 2019. */
export const sorting: SortingKernels = {
  sort: (rows, n, x, y) => {
    for (let at = 0; at < rows * n; at += n) y.set(Array.from(x.subarray(at, at + n)).sort(order), at);
  },
  argsort: (rows, n, x, indices) => {
    for (let at = 0; at < rows * n; at += n) {
      const list = Array.from({ length: n }, (_, j) => j);
      indices.set(
        list.sort((p, q) => order(x[at + p]!, x[at + q]!)),
        at,
      );
    }
  },
  searchSorted: (n, sorted, count, x, right, y) => {
    for (let i = 0; i < count; i++) {
      let low = 0; // what is left of it comes before the place, and nothing from `high` on
      let high = n;
      while (low < high) {
        const middle = (low + high) >>> 1;
        const side = order(sorted[middle]!, x[i]!);
        if (side < 0 || (right && side === 0)) low = middle + 1;
        else high = middle;
      }
      y[i] = low;
    }
  },
  distinct: (n, x, sorted, indices, inverse, counts) => {
    for (let j = 0, r = -1; j < n; j++) {
      const i = sorted[j]!;
      if (j === 0 || order(x[sorted[j - 1]!]!, x[i]!) !== 0) {
        indices[++r] = i;
        counts[r] = 0;
      }
      counts[r]!++;
      inverse[i] = r;
    }
  },
};
