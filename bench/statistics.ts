/** A middle and a spread that a few disturbed samples do not move, as means and deviations do. */
export interface Summary {
  readonly median: number;
  /** Median absolute deviation from the median. */
  readonly mad: number;
}

/** Throws RangeError when there is nothing to take the middle of. */
export function median(list: readonly number[]): number {
  if (list.length === 0) throw new RangeError('median: the list is empty');
  const sorted = [...list].sort((p, q) => p - q);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

export function summarize(samples: readonly number[]): Summary {
  const middle = median(samples);
  return { median: middle, mad: median(samples.map((x) => Math.abs(x - middle))) };
}

/** Samples whose spread is more than a tenth of their median say little. */
export function isNoisy({ median, mad }: Summary): boolean {
  return mad > 0.1 * median;
}

/**
 * p/q by rounds: samples of one round were taken next to each other, so that a load which slows the machine for a while
 * slows both and leaves their ratio.
 */
export function ratioOf(p: readonly number[], q: readonly number[]): Summary {
  if (p.length !== q.length) throw new RangeError(`ratioOf: ${p.length} samples against ${q.length}`);
  return summarize(p.map((x, round) => x / q[round]!));
}
