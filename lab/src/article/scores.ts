import type { Tensor } from 'whittle-ml';

/** The share of the variance of `truth` that `answers` explain: 1 for equal ones, 0 for the mean of `truth`, else below. */
export function r2(truth: Tensor, answers: Tensor): number {
  const t = [...truth.data];
  const mean = t.reduce((sum, x) => sum + x, 0) / t.length;
  const squares = (of: (x: number, i: number) => number): number => t.reduce((sum, x, i) => sum + of(x, i) ** 2, 0);
  return 1 - squares((x, i) => x - answers.data[i]!) / squares((x) => x - mean);
}
