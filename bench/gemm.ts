import { cpu, gemmLadder, type Kernels, reference } from 'whittle-ml/kernels';
import { int8, normal } from './data.ts';
import { CheckError, type Row } from './measure.ts';

/** C = A·B with A [m, k] and B [k, n], written mxkxn. */
export type GemmShape = readonly [m: number, k: number, n: number];

const SQUARES: readonly GemmShape[] = [32, 64, 128, 256, 512].map((n) => [n, n, n] as const);
/** The products of networks on a batch of 32, and one on a single sample. */
const SKINNY: readonly GemmShape[] = [
  [32, 784, 128],
  [32, 100, 64],
  [32, 64, 64],
  [32, 64, 10],
  [1, 784, 128],
];

type Product = (c: Float32Array) => void;

/**
 * Throws CheckError unless |C - A·B| ≤ (k + 1)·2⁻²⁴·|A||B| everywhere, the bound of float32 sums in any order (Higham
 * 2002, section 3.5), A·B in float64. C starts as NaN, so that a cell left out is noticed.
 */
export function checkProduct(
  name: string,
  [m, k, n]: GemmShape,
  a: Float32Array,
  b: Float32Array,
  product: Product,
): void {
  const c = new Float32Array(m * n).fill(Number.NaN);
  product(c);
  const [exact, size] = [new Float64Array(n), new Float64Array(n)];
  for (let i = 0; i < m; i++) {
    exact.fill(0);
    size.fill(0);
    for (let p = 0; p < k; p++) {
      const x = a[i * k + p]!;
      for (let j = 0; j < n; j++) {
        const term = x * b[p * n + j]!;
        exact[j]! += term;
        size[j]! += Math.abs(term);
      }
    }
    for (let j = 0; j < n; j++) {
      const got = c[i * n + j]!;
      if (Math.abs(got - exact[j]!) <= (k + 1) * 2 ** -24 * size[j]!) continue;
      throw new CheckError(`${name}: gemm ${m}x${k}x${n} gives ${got} at [${i}, ${j}], should be near ${exact[j]}`);
    }
  }
}

/** float32: every rung of the ladder, the tables, and kernels of the reader's own. */
export function gemmRows(own: Readonly<Record<string, Kernels['gemm']>> = {}): Row[] {
  return [...SQUARES, ...SKINNY].map((shape): Row => {
    const [m, k, n] = shape;
    const [a, b] = [normal(m * k, 1), normal(k * n, 2)];
    const rungs = gemmLadder.map(({ name, gemm }): [string, Product] => [name, (c) => gemm(m, n, k, a, b, c)]);
    const tables = Object.entries({ reference: reference.gemm, cpu: cpu.gemm, ...own }).map(
      ([name, gemm]): [string, Product] => [name, (c) => gemm(m, n, k, a, false, b, false, null, 'linear', c)],
    );
    const products = [...rungs, ...tables];
    const c = new Float32Array(m * n);
    return {
      name: `gemm ${m}x${k}x${n}`,
      work: 2 * m * n * k,
      unit: 'GFLOP/s',
      ratio: 'speed',
      variants: products.map(([name, product]) => ({
        name,
        run: () => {
          product(c);
          return c[0]! + c[c.length - 1]!;
        },
      })),
      check: () => {
        for (const [name, product] of products) checkProduct(name, shape, a, b, product);
      },
    };
  });
}

/** The product of bytes against that of floats. */
export function gemmInt8Rows(): Row[] {
  const shapes: readonly GemmShape[] = [
    [64, 64, 64],
    [256, 256, 256],
    [32, 784, 128],
    [32, 100, 64],
    [1, 784, 128],
  ];
  return shapes.map(([m, k, n]): Row => {
    const [a, b, c] = [normal(m * k, 1), normal(k * n, 2), new Float32Array(m * n)];
    const [a8, b8, c32] = [int8(m * k, 1), int8(k * n, 2), new Int32Array(m * n)];
    return {
      name: `gemmInt8 ${m}x${k}x${n}`,
      work: 2 * m * n * k,
      unit: 'GOP/s',
      ratio: 'speed',
      variants: [
        {
          name: 'float32 cpu',
          run: () => {
            cpu.gemm(m, n, k, a, false, b, false, null, 'linear', c);
            return c[0]!;
          },
        },
        {
          name: 'int8 cpu',
          run: () => {
            cpu.gemmInt8(m, n, k, a8, b8, c32);
            return c32[0]!;
          },
        },
      ],
      check: () => {
        cpu.gemmInt8(m, n, k, a8, b8, c32);
        for (let at = 0; at < c32.length; at++) {
          const [i, j] = [Math.floor(at / n), at % n];
          let sum = 0; // a double holds every sum of these exactly
          for (let p = 0; p < k; p++) sum += a8[i * k + p]! * b8[p * n + j]!;
          if (sum !== c32[at]) throw new CheckError(`int8 cpu: [${i}, ${j}] is ${c32[at]}, should be ${sum}`);
        }
      },
    };
  });
}
