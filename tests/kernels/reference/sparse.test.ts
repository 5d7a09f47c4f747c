import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Convolution } from '../../../kernels/interface/convolution.ts';
import { packedBytes, packedLength, pairedRows } from '../../../kernels/packing.ts';
import { reference } from '../../../kernels/reference/reference.ts';
import { cases, firstDifference } from '../cases.ts';
import { Draw } from '../draw.ts';

type Name = 'gemmSparse' | 'gemmSparseGrad' | 'conv2dSparse' | 'conv2dSparseGrad';
type Args<N extends Name | 'gemmSparseInt8' | 'conv2dSparseInt8'> = Parameters<(typeof reference)[N]>;

const argsOf = <N extends keyof typeof cases & (Name | 'gemmSparseInt8' | 'conv2dSparseInt8')>(name: N, seed: number) =>
  cases[name]!(new Draw(seed)).args as unknown as Args<N>;

/** The matrix [k, n] of which sparse panels hold some numbers, with 0 for the others. */
function whole<A extends Float32Array | Int8Array>(
  k: number,
  n: number,
  width: number,
  starts: Int32Array,
  rows: Int32Array,
  values: A,
  to: A,
): A {
  for (let p = 0; p * width < n; p++)
    for (let i = starts[p]!; i < starts[p + 1]!; i++)
      for (let j = 0; j < width && p * width + j < n; j++) to[rows[i]! * n + p * width + j] = values[i * width + j]!;
  expect(rows.slice(0, starts[Math.ceil(n / width)]).every((row) => row < k)).toBe(true);
  return to;
}

/** The matrix of pairs of rows. */
function wholeOfPairs(k: number, n: number, starts: Int32Array, rows: Int32Array, values: Int8Array): Int8Array {
  const to = new Int8Array(k * n);
  for (let p = 0; p * 16 < n; p++)
    for (let i = 2 * starts[p]!; i < 2 * starts[p + 1]!; i++)
      for (let j = 0; j < 16 && p * 16 + j < n; j++)
        to[rows[i]! * n + p * 16 + j]! += values[(i >> 1) * 32 + 2 * j + (i & 1)]!;
  return to;
}

const finite = (x: Float32Array): Float32Array => x.map((v) => (Number.isFinite(v) ? v : -1.5));
const rowsOf = (s: Convolution): number => s.kernelHeight * s.kernelWidth * s.channels;

/** Calls a sparse kernel and that of the whole matrix, on inputs without NaN and infinities; weights may have them. */
const beside: { readonly [N in Name]: (args: Args<N>) => [sparse: Float32Array, whole: Float32Array] } = {
  gemmSparse: ([m, n, k, given, width, starts, rows, values, bias, activation, y]) => {
    const x = finite(given);
    const [sparse, all] = [y.slice(), y.slice()] as const;
    const b = whole(k, n, width, starts, rows, values, new Float32Array(k * n));
    reference.gemmSparse(m, n, k, x, width, starts, rows, values, bias, activation, sparse);
    reference.gemm(m, n, k, x, false, b, false, bias, activation, all);
    return [sparse, all];
  },
  gemmSparseGrad: ([m, n, k, given, width, starts, rows, values, dx]) => {
    const dy = finite(given);
    const [sparse, all] = [dx.slice(), dx.slice()] as const;
    const b = whole(k, n, width, starts, rows, values, new Float32Array(k * n));
    reference.gemmSparseGrad(m, n, k, dy, width, starts, rows, values, sparse);
    reference.gemm(m, k, n, dy, false, b, true, null, 'linear', all);
    return [sparse, all];
  },
  conv2dSparse: ([s, given, width, starts, rows, values, bias, activation, y]) => {
    const x = finite(given);
    const [sparse, all] = [y.slice(), y.slice()] as const;
    const k = rowsOf(s);
    const kernel = whole(k, s.units, width, starts, rows, values, new Float32Array(k * s.units));
    reference.conv2dSparse(s, x, width, starts, rows, values, bias, activation, sparse);
    reference.conv2d(s, x, kernel, bias, activation, all);
    return [sparse, all];
  },
  conv2dSparseGrad: ([s, given, width, starts, rows, values, dx]) => {
    const dy = finite(given);
    const [sparse, all] = [dx.slice(), dx.slice()] as const;
    const k = rowsOf(s);
    const kernel = whole(k, s.units, width, starts, rows, values, new Float32Array(k * s.units));
    reference.conv2dSparseGrad(s, dy, width, starts, rows, values, sparse);
    reference.conv2dTransposed(s, dy, kernel, null, 'linear', all);
    return [sparse, all];
  },
};

describe('what is not held changes no bit: sparse kernels give what the whole matrix gives', () => {
  test.each(Object.keys(beside) as Name[])('%s', (name) => {
    const widths = new Set<number>();
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const args = argsOf(name, seed);
        widths.add(args[name.startsWith('gemm') ? 4 : 2] as number);
        const [sparse, all] = (beside[name] as (args: unknown) => [Float32Array, Float32Array])(args);
        expect(firstDifference(sparse, all)).toBe(-1);
      }),
      { numRuns: 200 },
    );
    expect([...widths].sort()).toEqual([1, 16, 4]);
  });

  test('gemmSparseInt8', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const [m, n, k, x, starts, rows, values, sums] = argsOf('gemmSparseInt8', seed);
        const packed = new Int8Array(packedBytes(k, n));
        const [sparse, all] = [sums.slice(), sums.slice()] as const;
        reference.packInt8(k, n, wholeOfPairs(k, n, starts, rows, values), packed);
        reference.gemmSparseInt8(m, n, k, x, starts, rows, values, sparse);
        reference.gemmInt8(m, n, k, x, packed, all);
        expect(sparse).toEqual(all);
      }),
    );
  });

  test('conv2dSparseInt8', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const [s, x, zeroPoint, starts, rows, values, sums] = argsOf('conv2dSparseInt8', seed);
        const packed = new Int8Array(packedLength(s));
        const [sparse, all] = [sums.slice(), sums.slice()] as const;
        reference.packConvInt8(s, wholeOfPairs(rowsOf(s), s.units, starts, rows, values), packed);
        reference.conv2dSparseInt8(s, x, zeroPoint, starts, rows, values, sparse);
        reference.conv2dInt8(s, x, zeroPoint, packed, all);
        expect(sparse).toEqual(all);
      }),
    );
  });
});

describe('an input that is NaN or infinite', () => {
  // Of B [2, 2], 7 and 5 are held: row 0 of column 0, and row 1 of column 1.
  const starts = Int32Array.of(0, 1, 2);
  const rows = Int32Array.of(0, 1);
  const values = Float32Array.of(7, 5);
  const dense = Float32Array.of(7, 0, 0, 5);

  test.each([Number.NaN, Infinity, -Infinity])('%d shows in a product only where a number is held', (special) => {
    const x = Float32Array.of(special, 2);
    const [sparse, all] = [new Float32Array(2), new Float32Array(2)] as const;
    reference.gemmSparse(1, 2, 2, x, 1, starts, rows, values, null, 'linear', sparse);
    reference.gemm(1, 2, 2, x, false, dense, false, null, 'linear', all);
    expect([...sparse]).toEqual([7 * special, 10]);
    expect([...all]).toEqual([7 * special, Number.NaN]);
    reference.gemmSparseGrad(1, 2, 2, x, 1, starts, rows, values, sparse);
    expect([...sparse]).toEqual([7 * special, 10]);
  });

  test.each([Number.NaN, Infinity, -Infinity])('%d shows in a convolution only where a number is held', (special) => {
    // One row of three pixels under two taps, one channel to two units: unit 0 holds the first tap, unit 1 the second.
    const s: Convolution = {
      ...{ batch: 1, height: 1, width: 3, outHeight: 1, outWidth: 2, kernelHeight: 1, kernelWidth: 2 },
      ...{
        strideY: 1,
        strideX: 1,
        dilationY: 1,
        dilationX: 1,
        padTop: 0,
        padLeft: 0,
        channels: 1,
        units: 2,
        groups: 1,
      },
    };
    const y = new Float32Array(4);
    reference.conv2dSparse(s, Float32Array.of(1, special, 3), 1, starts, rows, values, null, 'linear', y);
    expect([...y]).toEqual([7, 5 * special, 7 * special, 15]);
    const dx = new Float32Array(3);
    reference.conv2dSparseGrad(s, Float32Array.of(special, 1, 1, 1), 1, starts, rows, values, dx);
    expect([...dx]).toEqual([7 * special, 12, 5]);
  });
});

test('a weight that is infinite meets the zeros around an image as one of the whole kernel does', () => {
  const s: Convolution = {
    ...{ batch: 1, height: 1, width: 2, outHeight: 1, outWidth: 2, kernelHeight: 1, kernelWidth: 3 },
    ...{ strideY: 1, strideX: 1, dilationY: 1, dilationX: 1, padTop: 0, padLeft: 1, channels: 1, units: 1, groups: 1 },
  };
  const [starts, rows, values] = [Int32Array.of(0, 1), Int32Array.of(0), Float32Array.of(Infinity)] as const;
  const result = new Float32Array(2);
  reference.conv2dSparse(s, Float32Array.of(1, 1), 1, starts, rows, values, null, 'linear', result);
  expect([...result]).toEqual([Number.NaN, Infinity]);
  reference.conv2dSparseGrad(s, Float32Array.of(1, 1), 1, starts, rows, values, result);
  expect([...result]).toEqual([Infinity, Number.NaN]);
});

test('rows of panels are paired within their panel, and an odd one is with itself, times 0', () => {
  const values = Int8Array.from({ length: 5 * 16 }, (_, i) => i + 1);
  const paired = pairedRows(Int32Array.of(0, 3, 3, 5), Int32Array.of(1, 4, 6, 0, 2), values);
  expect([...paired.starts]).toEqual([0, 2, 2, 3]);
  expect([...paired.rows]).toEqual([1, 4, 6, 6, 0, 2]);
  expect([...paired.values.subarray(0, 4)]).toEqual([1, 17, 2, 18]);
  expect([...paired.values.subarray(32, 36)]).toEqual([33, 0, 34, 0]);
  expect([...paired.values.subarray(94)]).toEqual([64, 80]);
});
