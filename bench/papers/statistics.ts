/** Of the figures of several seeds. */
export interface Spread {
  readonly mean: number;
  /** The largest: of errors and bytes the worst. */
  readonly worst: number;
  readonly seeds: number;
}

/** Throws RangeError when there are none. */
export function spreadOf(list: readonly number[]): Spread {
  if (list.length === 0) throw new RangeError('spreadOf: the list is empty');
  const sum = list.reduce((total, each) => total + each, 0);
  return { mean: sum / list.length, worst: Math.max(...list), seeds: list.length };
}

/**
 * Half the width of the 95 % interval of an error rate that was counted on `n` samples (Wald): two networks whose errors
 * differ by less may be equally good.
 */
export function uncertainty(error: number, n: number): number {
  return 1.96 * Math.sqrt((error * (1 - error)) / n);
}
