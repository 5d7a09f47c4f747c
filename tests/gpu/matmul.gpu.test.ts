import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GPU_ACTIVATIONS } from '../../kernels/gpu/activations.ts';
import { add } from '../../src/autograd/arithmetic.ts';
import { matmul } from '../../src/autograd/products.ts';
import { gpuMatmul, type MatmulVariant } from '../../src/gpu/ops.ts';
import { activate } from '../../src/nn/activations.ts';
import { Random } from '../../src/tensor/random.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { backendFor, floats, MODES, through } from './tools.ts';

const at = (t: Tensor, transposed: boolean, z: number, i: number, j: number): number => {
  const [rows, cols] = t.shape.slice(-2) as [number, number];
  const matrix = t.rank === 3 && t.shape[0]! > 1 ? z * rows * cols : 0;
  return t.data[matrix + (transposed ? j * cols + i : i * cols + j)]!;
};

interface Problem {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transA: boolean;
  readonly transB: boolean;
  readonly batchA: boolean;
  readonly batchB: boolean;
}

function operands({ batch, m, n, k, transA, transB, batchA, batchB }: Problem, seed: number): [Tensor, Tensor] {
  const random = new Random(seed);
  const a = transA ? [k, m] : [m, k];
  const b = transB ? [n, k] : [k, n];
  return [random.normal(batchA ? [batch, ...a] : a), random.normal(batchB ? [batch, ...b] : b)];
}

/** Largest error in units of k·2⁻²⁴·(|A||B|): 1 is the bound of any order of additions. */
function worst(p: Problem, a: Tensor, b: Tensor, c: Tensor): number {
  let error = 0;
  for (let z = 0; z < p.batch; z++) {
    for (let i = 0; i < p.m; i++) {
      for (let j = 0; j < p.n; j++) {
        let [sum, size] = [0, 0];
        for (let q = 0; q < p.k; q++) {
          const term = at(a, p.transA, z, i, q) * at(b, p.transB, z, q, j);
          sum += term;
          size += Math.abs(term);
        }
        const got = c.data[(z * p.m + i) * p.n + j]!;
        const bound = p.k * 2 ** -24 * size + 2 ** -126; // and what a device may flush to 0
        error = Math.max(error, Math.abs(got - sum) / bound);
      }
    }
  }
  return error;
}

const side = fc.integer({ min: 1, max: 19 });
const problem: fc.Arbitrary<Problem> = fc
  .record({
    ...{ batch: fc.integer({ min: 1, max: 3 }), m: side, n: side, k: side },
    ...{ transA: fc.boolean(), transB: fc.boolean(), batchA: fc.boolean(), batchB: fc.boolean() },
  })
  .map((p) => ({ ...p, batch: p.batchA || p.batchB ? p.batch : 1 }));

describe.each(MODES)('matmul on %s', (mode) => {
  const backend = backendFor(mode);
  const variants: readonly MatmulVariant[] =
    mode === 'webgpu' ? ['naive', 'fourSums'] : ['naive', 'fourSums', 'packed'];

  test.each(variants)('%s stays within the bound for every transpose, batch and size', async (variant) => {
    await fc.assert(
      fc.asyncProperty(problem, fc.nat(), async (p, seed) => {
        const [a, b] = operands(p, seed);
        const { transA, transB } = p;
        const c = await through(backend.gpu, [a, b], (x, y) => gpuMatmul(x, y, { transA, transB, variant }));
        expect(worst(p, a, b, c)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 40 },
    );
  });

  test.each(variants)('%s adds a bias and applies an activation', async (variant) => {
    for (const n of [1, 2, 3, 4, 5, 37]) {
      const random = new Random(n);
      const [a, b, bias] = [random.normal([3, 6]), random.normal([6, n]), random.normal([n])];
      for (const name of GPU_ACTIVATIONS) {
        const activation = { name, alpha: 0.1 };
        const got = await through(backend.gpu, [a, b, bias], (x, y, z) =>
          gpuMatmul(x, y, { bias: z, activation, variant }),
        );
        const expected = activate(activation, add(matmul(a, b), bias)).data;
        for (let i = 0; i < got.size; i++) expect(Math.abs(got.data[i]! - expected[i]!)).toBeLessThan(3e-6);
      }
    }
  });

  test('long sums are not cut short', async () => {
    const p = {
      ...{ batch: 1, m: 2, n: 3, k: 2500 },
      ...{ transA: false, transB: false, batchA: false, batchB: false },
    };
    const [a, b] = operands(p, 1);
    for (const variant of variants) {
      const c = await through(backend.gpu, [a, b], (x, y) => gpuMatmul(x, y, { variant }));
      expect(worst(p, a, b, c)).toBeLessThanOrEqual(1);
    }
    const ones = floats(new Float32Array(2500).fill(1), [1, 2500]);
    const sum = await through(backend.gpu, [ones], (x) => gpuMatmul(x, x, { transB: true }));
    expect(sum.item()).toBe(2500);
  });
});
