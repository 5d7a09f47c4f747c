import { CheckError } from './row.ts';

/** C = A·B with A [m, k] and B [k, n], written mxkxn. */
export type GemmShape = readonly [m: number, k: number, n: number];

export const nameOfShape = ([m, k, n]: GemmShape): string => `${m}x${k}x${n}`;

/** x [rows, columns] as [columns, rows]. */
export function transposed(x: Float32Array, rows: number, columns: number): Float32Array {
  const y = new Float32Array(x.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) y[j * rows + i] = x[i * columns + j]!;
  return y;
}

/** A·B in float64, and what rounding may add to each cell when the sums are float32. */
export interface Exact {
  readonly shape: GemmShape;
  readonly cells: Float64Array;
  /** (k + 1)·2⁻²⁴·|A||B|, which holds for sums in any order (Higham 2002, section 3.5). */
  readonly bounds: Float64Array;
}

export function exactProduct([m, k, n]: GemmShape, a: Float32Array, b: Float32Array): Exact {
  const cells = new Float64Array(m * n);
  const bounds = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let p = 0; p < k; p++) {
      const x = a[i * k + p]!;
      for (let j = 0; j < n; j++) {
        const term = x * b[p * n + j]!;
        cells[i * n + j]! += term;
        bounds[i * n + j]! += Math.abs(term);
      }
    }
  }
  for (let i = 0; i < bounds.length; i++) bounds[i]! *= (k + 1) * 2 ** -24;
  return { shape: [m, k, n], cells, bounds };
}

/** Throws CheckError unless every cell is within its bound. */
export function checkProduct(name: string, c: ArrayLike<number>, { shape, cells, bounds }: Exact): void {
  const [, , n] = shape;
  for (let at = 0; at < cells.length; at++) {
    const got = c[at] ?? Number.NaN;
    if (Math.abs(got - cells[at]!) <= bounds[at]!) continue;
    const i = Math.floor(at / n);
    const j = at % n;
    const expected = cells[at]!;
    throw new CheckError(
      `${name}: gemm ${nameOfShape(shape)} gives ${got} at [${i}, ${j}], should be near ${expected}`,
    );
  }
}
