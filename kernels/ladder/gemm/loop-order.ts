/**
 * The same loops as i-k-j: the inner one walks a row of B and a row of C, so that neighbours in memory are used
 * together, and its sums do not wait for each other. Each sum is now stored, and thereby rounded, at every step: with
 * the product rounded too, these are the exact bits of `reference`.
 */
export function loopOrder(m: number, n: number, k: number, a: Float32Array, b: Float32Array, c: Float32Array): void {
  c.fill(0, 0, m * n);
  for (let i = 0; i < m; i++) {
    for (let p = 0; p < k; p++) {
      const x = a[i * k + p]!;
      for (let o = i * n, q = p * n, end = o + n; o < end; o++, q++) c[o] = c[o]! + Math.fround(x * b[q]!);
    }
  }
}
