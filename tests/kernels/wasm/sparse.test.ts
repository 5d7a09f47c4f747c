import { describe, expect, test } from 'vitest';
import { cpu } from '../../../kernels/cpu/cpu.ts';
import type { SparseWidth } from '../../../kernels/interface/sparse.ts';
import type { AnyKernel } from '../../../kernels/kernels.ts';
import { reference } from '../../../kernels/reference/reference.ts';
import { Engine } from '../../../kernels/wasm/engine.ts';
import { Heap } from '../../../kernels/wasm/heap.ts';
import { sparseProducts } from '../../../kernels/wasm/sparse-products.ts';
import { wasm } from '../../../kernels/wasm/wasm.ts';
import { gathered, patternOf } from '../../../src/graph/sparse.ts';
import { firstDifference } from '../cases.ts';
import { Draw } from '../draw.ts';

const table = wasm();
const WIDTHS: readonly SparseWidth[] = [1, 4, 16];
/** Numbers that long sums stay finite with. */
const moderate = (d: Draw, n: number): Float32Array =>
  d
    .floats(n)
    .slice(0, n)
    .map((x) => (Math.abs(x) < 100 ? x : 0.3));

/** A matrix [k, n] of which about `share` is held, in blocks of `width` columns. */
function matrix(d: Draw, k: number, n: number, width: SparseWidth, share: number) {
  const dense = moderate(d, k * n);
  for (let p = 0; p * width < n; p++)
    for (let row = 0; row < k; row++)
      if (d.below(1000) >= 1000 * share) dense.fill(0, row * n + p * width, row * n + Math.min(n, (p + 1) * width));
  const pattern = patternOf(dense, n, width);
  return { ...pattern, values: gathered(dense, n, pattern), dense };
}

describe('sparse products of several blocks are the bits of the dense ones, and of reference', () => {
  const shapes = [
    [33, 130, 600, 0.2],
    [1, 517, 700, 0.3],
    [100, 37, 1030, 0.05],
    [17, 300, 64, 1],
  ] as const;
  test.each(shapes)('%i x %i, depth %i, %d held', (m, n, k, share) => {
    for (const width of WIDTHS) {
      const d = new Draw(m + n + k + width);
      const { starts, rows, values, dense } = matrix(d, k, n, width, share);
      const [x, dy, bias] = [moderate(d, m * k), moderate(d, m * n), moderate(d, n)];
      const [y, dx, wholeY, wholeDx] = [m * n, m * k, m * n, m * k].map((size) => new Float32Array(size).fill(7));
      reference.gemm(m, n, k, x, false, dense, false, bias, 'relu6', wholeY!);
      reference.gemm(m, k, n, dy, false, dense, true, null, 'linear', wholeDx!);
      for (const kernels of [table, cpu, reference]) {
        kernels.gemmSparse(m, n, k, x, width, starts, rows, values, bias, 'relu6', y!);
        kernels.gemmSparseGrad(m, n, k, dy, width, starts, rows, values, dx!);
        expect(wholeY!.every(Number.isFinite) && wholeDx!.every(Number.isFinite)).toBe(true);
        expect([firstDifference(y!, wholeY!), firstDifference(dx!, wholeDx!)]).toEqual([-1, -1]);
      }
    }
  });
});

test('a heap without room for transposed rows leaves products to TypeScript, and is not linked', () => {
  for (const width of WIDTHS) {
    const d = new Draw(width);
    const [m, n, k] = [3, 20, 30];
    const { starts, rows, values } = matrix(d, k, n, width, 0.5);
    const [x, dy] = [moderate(d, m * k), moderate(d, m * n)];
    const heap = new Heap();
    const engine = new Engine(heap, cpu);
    const { gemmSparse, gemmSparseGrad } = engine.compiled(sparseProducts(engine));
    const [y, dx] = [heap.allocate('float32', m * n), heap.allocate('float32', m * k)];
    heap.limit = heap.counters().used;
    const forward = [m, n, k, x, width, starts, rows, values, null, 'linear', y] as const;
    const backward = [m, n, k, dy, width, starts, rows, values, dx] as const;
    gemmSparse(...forward);
    gemmSparseGrad(...backward);
    expect(heap.counters().staged).toBe(0);
    expect(engine.link(gemmSparse as AnyKernel, forward)).toBeNull();
    expect(engine.link(gemmSparseGrad as AnyKernel, backward)).toBeNull();
    const [expectedY, expectedDx] = [new Float32Array(m * n), new Float32Array(m * k)];
    reference.gemmSparse(m, n, k, x, width, starts, rows, values, null, 'linear', expectedY);
    reference.gemmSparseGrad(m, n, k, dy, width, starts, rows, values, expectedDx);
    expect([firstDifference(y, expectedY), firstDifference(dx, expectedDx)]).toEqual([-1, -1]);
  }
});

test('a heap that grows for transposed rows, where `starts` lies in it and the rest does not', () => {
  const heap = new Heap();
  const engine = new Engine(heap, cpu);
  const { gemmSparse } = sparseProducts(engine);
  const starts = heap.allocate('int32', 2);
  starts.set([0, 2]);
  const [m, k] = [2, 2 ** 20];
  const x = new Float32Array(m * k);
  [x[3], x[k - 1], x[k + 3], x[2 * k - 1]] = [2, 3, 4, 5];
  const [rows, values, y] = [Int32Array.of(3, k - 1), Float32Array.of(10, 100), new Float32Array(m)];
  gemmSparse(m, 1, k, x, 1, starts, rows, values, null, 'linear', y);
  expect(heap.counters().growths).toBeGreaterThan(0);
  expect([...y]).toEqual([320, 540]);
});
