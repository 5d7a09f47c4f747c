/** How often weights of a size are there, before and after, in the same bins. */
export interface Histogram {
  /** The bins cover -limit to limit. */
  readonly limit: number;
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Numbers that are exactly zero: they are counted here and stand in no bin, where they would hide all others. */
  readonly zeros: { readonly before: number; readonly after: number };
  /** The fullest bin. */
  readonly most: number;
}

/** Counts finite numbers in an odd count of bins, so that one is in the middle. The two need not be equally many. */
export function histogramOf(before: Float32Array, after: Float32Array, bins = 41): Histogram {
  let limit = 0;
  for (const values of [before, after])
    for (const x of values) if (Number.isFinite(x)) limit = Math.max(limit, Math.abs(x));
  const counted = (values: Float32Array): { counts: number[]; zeros: number } => {
    const counts = new Array<number>(bins).fill(0);
    let zeros = 0;
    for (const x of values) {
      if (x === 0) zeros++;
      else if (Number.isFinite(x)) {
        const bin = Math.min(bins - 1, Math.floor(((x + limit) / (2 * limit)) * bins));
        counts[bin] = counts[bin]! + 1;
      }
    }
    return { counts, zeros };
  };
  const [first, second] = [counted(before), counted(after)];
  return {
    limit,
    before: first.counts,
    after: second.counts,
    zeros: { before: first.zeros, after: second.zeros },
    most: Math.max(1, ...first.counts, ...second.counts),
  };
}
