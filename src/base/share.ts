/**
 * How many of `n` a share is, rounded up: 0.8 of 10 is 8. A share is a decimal, and its product with `n` may be off by a few
 * bits; what is that near to an integer is meant to be it.
 */
export function shareOf(n: number, share: number): number {
  const product = n * share;
  const nearest = Math.round(product);
  return Math.abs(product - nearest) <= Math.max(1e-9, 1e-12 * product) ? nearest : Math.ceil(product);
}
