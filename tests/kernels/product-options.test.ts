import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { reference } from '../../kernels/reference/reference.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import { firstDifference } from './cases.ts';
import { floats } from './reference/tools.ts';

const tables: readonly (readonly [string, Kernels])[] = [
  ['reference', reference],
  ['cpu', cpu],
  ['wasm', wasm()],
];
const both = [false, true];

/** Sizes for each way that a product may be made. */
const sizes = [
  [1, 1, 5],
  [1, 7, 3],
  [1, 170, 6],
  [2, 1, 3],
  [5, 1, 9],
  [17, 1, 4],
  [170, 1, 2],
  [3, 5, 2],
  [4, 16, 7],
  [6, 35, 257],
] as const;

describe.each(tables.slice(1))('a product of %s has every option it was given', (_, { gemm }) => {
  test.each(sizes)('%i x %i, depth %i', (m, n, k) => {
    const [a, b, bias, before] = [floats(m * k, 1), floats(k * n, 2), floats(n, 3), floats(m * n, 4)];
    for (const transA of both)
      for (const transB of both)
        for (const added of [null, bias])
          for (const activation of ['linear', 'relu', 'relu6'] as const)
            for (const accumulate of [undefined, false, true]) {
              const [c, expected] = [before.slice(), before.slice()];
              const options = [transA, transB, added !== null, activation, accumulate];
              gemm(m, n, k, a, transA, b, transB, added, activation, c, accumulate);
              reference.gemm(m, n, k, a, transA, b, transB, added, activation, expected, accumulate);
              expect(firstDifference(c, expected), options.join(' ')).toBe(-1);
            }
  });
});

describe.each(tables)('zeros of %s', (_, { gemm }) => {
  test.each(sizes)('a sum that starts from -0 and adds nothing or -0 stays -0, also by relu: %i x %i', (m, n) => {
    for (const k of [0, 1, 5])
      for (const trans of both)
        for (const activation of ['linear', 'relu', 'relu6'] as const) {
          const [a, b, c] = [
            new Float32Array(m * k).fill(-0),
            new Float32Array(k * n).fill(1),
            new Float32Array(m * n).fill(-0),
          ];
          gemm(m, n, k, a, trans, b, !trans, null, activation, c, true);
          expect(
            c.every((x) => Object.is(x, -0)),
            `${k} ${trans} ${activation}`,
          ).toBe(true);
          gemm(m, n, k, a, trans, b, !trans, null, activation, c);
          expect(
            c.every((x) => Object.is(x, 0)),
            `${k} ${trans} ${activation}`,
          ).toBe(true); // from +0
        }
  });
});
