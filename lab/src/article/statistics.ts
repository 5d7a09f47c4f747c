import type { Claim, Estimate, Figures, Summary, Verdict } from './claim.ts';

/** What one seed gave. */
export interface Row {
  readonly seed: number;
  readonly figures: Figures;
}

/** Of the normal distribution, two-sided 95 %. */
const Z = 1.959963984540054;

/**
 * The quantile of Student's t that 95 % lie within, for four degrees of freedom and more: the expansion in 1/degrees of
 * Abramowitz & Stegun 26.7.5, off by less than 0.001 there.
 */
export function studentT(degrees: number): number {
  const polynomials: readonly (readonly [divisor: number, coefficients: readonly number[]])[] = [
    [4, [1, 1]],
    [96, [3, 16, 5]],
    [384, [-15, 17, 19, 3]],
    [92160, [-945, -1920, 1482, 776, 79]],
  ];
  const odd = (coefficients: readonly number[]): number => coefficients.reduceRight((sum, c) => sum * Z * Z + c, 0) * Z;
  return polynomials.reduce((t, [divisor, c], i) => t + odd(c) / (divisor * degrees ** (i + 1)), Z);
}

/** Mean and 95 % interval of five values or more that were drawn independently. */
export function estimate(values: readonly number[]): Estimate {
  const n = values.length;
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (n - 1);
  const half = studentT(n - 1) * Math.sqrt(variance / n);
  return { mean, low: mean - half, high: mean + half, values };
}

/** The effect of one seed. Differences are of the same seed, so that what a seed does to both arms cancels. */
export function effectOf({ effect: { of } }: Pick<Claim, 'effect'>, figures: Figures): number {
  return typeof of === 'string' ? figures[of]! : figures[of[0]]! - figures[of[1]]!;
}

export function summarize(claim: Pick<Claim, 'effect' | 'arms'>, rows: readonly Row[]): Summary {
  const names = Object.keys(claim.arms);
  const entries = names.map((name) => [name, estimate(rows.map(({ figures }) => figures[name]!))] as const);
  return {
    seeds: rows.map(({ seed }) => seed),
    figures: Object.fromEntries(entries),
    effect: estimate(rows.map(({ figures }) => effectOf(claim, figures))),
  };
}

/**
 * With the effect counted in the direction that speaks for the claim: it holds where the whole interval is at `smallest` or
 * above, fails where the whole interval is below, and depends on the seed where the interval has `smallest` within.
 */
export function verdictOf({ better, smallest }: Pick<Claim['effect'], 'better' | 'smallest'>, of: Estimate): Verdict {
  const isUp = better === 'higher';
  const low = isUp ? of.low : -of.high;
  const high = isUp ? of.high : -of.low;
  return low >= smallest ? 'holds' : high < smallest ? 'fails' : 'depends';
}
