import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpu } from '../../../kernels/cpu/cpu.ts';
import type { Kernels } from '../../../kernels/kernels.ts';
import { reference } from '../../../kernels/reference/reference.ts';
import { cases, copyOf, firstDifference, isArray } from '../cases.ts';
import { Draw } from '../draw.ts';

type Kernel = (...args: readonly unknown[]) => void;
const kernelOf = (table: Kernels, name: string): Kernel => table[name as keyof Kernels] as Kernel;
const replaced = Object.keys(cpu).filter((name) => kernelOf(cpu, name) !== kernelOf(reference, name));

test('every kernel that cpu replaces has a row in the equality table', () => {
  expect(replaced.filter((name) => cases[name] === undefined)).toEqual([]);
});

test('cpu has exactly the kernels of reference', () => {
  expect(Object.keys(cpu).sort()).toEqual(Object.keys(reference).sort());
});

describe('cpu equals reference bit for bit, writes nothing beyond its output and leaves its inputs alone', () => {
  test.each(replaced)('%s', (name) => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const call = cases[name]!(new Draw(seed));
        const [expected, actual] = [copyOf(call.args), copyOf(call.args)];
        kernelOf(reference, name)(...expected);
        kernelOf(cpu, name)(...actual);
        call.args.forEach((before, i) => {
          const after = actual[i];
          const wanted = call.written.includes(i) ? expected[i] : before;
          if (isArray(after) && isArray(wanted) && firstDifference(after, wanted) !== -1) {
            const at = firstDifference(after, wanted);
            const sizes = actual.filter((x) => !isArray(x)).join(' ');
            throw new Error(`${name}(${sizes}): argument ${i} at ${at} is ${after[at]}, not ${wanted[at]}`);
          }
        });
      }),
      { numRuns: 150 },
    );
  });
});

test.each(['add', 'sub', 'mul', 'div'] as const)('%s may write over either operand', (name) => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(20), fc.nat(20), (seed, rows, cols) => {
      const d = new Draw(seed);
      const [a, row] = [d.floats(rows * cols), d.floats(cols)];
      const expected = a.slice();
      reference[name](rows, cols, a, cols, 1, row, 0, 1, expected);
      const [over, swapped] = [a.slice(), a.slice()];
      cpu[name](rows, cols, over, cols, 1, row, 0, 1, over);
      expect(firstDifference(over, expected)).toBe(-1);
      reference[name](rows, cols, row, 0, 1, a, cols, 1, expected);
      cpu[name](rows, cols, row, 0, 1, swapped, cols, 1, swapped);
      expect(firstDifference(swapped, expected)).toBe(-1);
    }),
  );
});

test.each(['relu', 'exp', 'log', 'tanh', 'sigmoid', 'sqrt', 'neg', 'abs', 'square'] as const)(
  '%s may write over its input',
  (name) => {
    const x = new Draw(7).floats(33);
    const [expected, over] = [x.slice(), x.slice()];
    reference[name](33, x, expected);
    cpu[name](33, over, over);
    expect(firstDifference(over, expected)).toBe(-1);
  },
);

test('a size that is not a small integer inside the engine does not change a product', () => {
  const d = new Draw(3);
  const [a, b, c, expected] = [d.floats(12 * 9), d.floats(9 * 7), new Float32Array(84), new Float32Array(84)];
  const size = (x: number): number => new Float64Array([x])[0]!; // stays a double in compiled code
  cpu.gemm(size(12), size(7), size(9), a, false, b, false, null, 'linear', c);
  reference.gemm(12, 7, 9, a, false, b, false, null, 'linear', expected);
  expect(firstDifference(c, expected)).toBe(-1);
});
