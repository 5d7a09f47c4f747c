import fc from 'fast-check';
import { expect, test } from 'vitest';
import { reference } from '../../../kernels/reference/reference.ts';
import { reference64 } from '../../../kernels/reference/reference64.ts';
import { integers, withSpecial } from '../windows.ts';

const fr = Math.fround;
const size = fc.integer({ min: 1, max: 20 });
const array = (n: number): Float32Array => new Float32Array(n);

/** Rows as columns. */
const turned = (x: Float32Array, rows: number, n: number): Float32Array =>
  Float32Array.from(x, (_, i) => x[(i % rows) * n + Math.floor(i / rows)]!);

/** Σ by the rule of `sum`, through the kernel. */
function totals(rows: number, n: number, x: Float32Array, divisor = 1): Float32Array {
  const y = array(n);
  reference.sum(1, rows, n, x, divisor, y);
  return y;
}

test('batchNorm subtracts, multiplies once and adds, each rounded', () => {
  fc.assert(
    fc.property(size, size, fc.boolean(), fc.boolean(), fc.nat(1e6), (rows, n, hasGamma, hasBeta, seed) => {
      const x = withSpecial(rows * n, seed, 20);
      const [mean, gamma, beta] = [1, 2, 3].map((i) => withSpecial(n, seed + i, 20)) as [
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      const variance = Float32Array.from(integers(n, seed + 4), (v) => Math.abs(v) / 9);
      const y = array(rows * n);
      reference.batchNorm(rows, n, x, mean, variance, hasGamma ? gamma : null, hasBeta ? beta : null, 1e-3, y);
      const want = x.map((value, i) => {
        const inverse = fr(1 / fr(Math.sqrt(fr(variance[i % n]! + fr(1e-3)))));
        const scale = hasGamma ? fr(gamma[i % n]! * inverse) : inverse;
        const scaled = fr(fr(value - mean[i % n]!) * scale);
        return hasBeta ? scaled + beta[i % n]! : scaled;
      });
      expect(y).toEqual(want);
    }),
    { numRuns: 60 },
  );
});

test('the gradients of batchNorm are sums by the rule, of rounded products', () => {
  fc.assert(
    fc.property(size, size, fc.boolean(), fc.nat(1e6), (rows, n, hasGamma, seed) => {
      const [x, dy] = [withSpecial(rows * n, seed, 99), withSpecial(rows * n, seed + 1, 99)];
      const gamma = withSpecial(n, seed + 2, 99);
      const mean = totals(rows, n, x, rows);
      const variance = array(n);
      reference.variance(1, rows, n, x, rows, variance);
      const [dx, dGamma, dBeta] = [array(rows * n), array(n), array(n)];
      reference.batchNormGrad(rows, n, x, mean, variance, hasGamma ? gamma : null, 1e-3, dy, dx, dGamma, dBeta);
      const inverse = variance.map((v) => fr(1 / fr(Math.sqrt(fr(v + fr(1e-3))))));
      const z = x.map((value, i) => fr(value - mean[i % n]!) * inverse[i % n]!);
      const wanted = {
        dBeta: totals(rows, n, dy),
        dGamma: totals(
          rows,
          n,
          dy.map((g, i) => g * z[i]!),
        ),
      };
      expect(dBeta).toEqual(wanted.dBeta);
      expect(dGamma).toEqual(wanted.dGamma);
      const want = dy.map((g, i) => {
        const scale = hasGamma ? fr(gamma[i % n]! * inverse[i % n]!) : inverse[i % n]!;
        const [shift, slope] = [fr(dBeta[i % n]! / rows), fr(dGamma[i % n]! / rows)];
        return scale * fr(fr(g - shift) - fr(z[i]! * slope));
      });
      expect(dx).toEqual(want);
    }),
    { numRuns: 60 },
  );
});

test('standardize does to a row what batchNorm does to a column, to the bit', () => {
  fc.assert(
    fc.property(size, size, fc.nat(1e6), (rows, n, seed) => {
      const x = withSpecial(rows * n, seed, 60);
      const columns = turned(x, rows, n); // [n, rows]
      const variance = array(rows);
      reference.variance(1, n, rows, columns, n, variance);
      const [y, down] = [array(rows * n), array(rows * n)];
      reference.standardize(rows, n, x, 1e-3, y);
      reference.batchNorm(n, rows, columns, totals(n, rows, columns, n), variance, null, null, 1e-3, down);
      expect(turned(down, n, rows)).toEqual(y);
    }),
    { numRuns: 60 },
  );
});

test('gradients of what is normalized are at right angles to ones and to the numbers themselves', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 30 }), fc.nat(1e6), (n, seed) => {
      const [x, dy] = [integers(n, seed), integers(n, seed + 1)];
      const [dx, y, column] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
      reference64.standardizeGrad(1, n, x, 0, dy, dx);
      reference64.standardize(1, n, x, 0, y);
      const scale = Math.max(...dx.map(Math.abs), 1) * n;
      expect(Math.abs(dx.reduce((sum, g) => sum + g, 0))).toBeLessThan(1e-9 * scale);
      expect(Math.abs(dx.reduce((sum, g, i) => sum + g * y[i]!, 0))).toBeLessThan(1e-9 * scale);
      const mean = Float64Array.of(x.reduce((sum, v) => sum + v, 0) / n);
      const variance = Float64Array.of(x.reduce((sum, v) => sum + (v - mean[0]!) ** 2, 0) / n);
      const sums = [new Float64Array(1), new Float64Array(1)] as const;
      reference64.batchNormGrad(n, 1, x, mean, variance, null, 0, dy, column, ...sums);
      column.forEach((g, i) => {
        expect(Math.abs(g - dx[i]!)).toBeLessThan(1e-9 * scale);
      });
    }),
    { numRuns: 60 },
  );
});
