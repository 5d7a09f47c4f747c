import { expect, test } from 'vitest';
import { cpu } from '../../../kernels/cpu/cpu.ts';
import { reference } from '../../../kernels/reference/reference.ts';
import { wasm } from '../../../kernels/wasm/wasm.ts';
import { firstDifference } from '../cases.ts';
import { Draw } from '../draw.ts';

const tables = { cpu, wasm: wasm() };

/** Rows of n numbers, of which every row but the first has something else at one place. */
const SPECIAL = [NaN, Infinity, -Infinity, 0, -0, 3e38, -3e38, 1e-45];
function rowsOf(n: number): { rows: number; x: Float32Array } {
  const rows = 2 * SPECIAL.length + 2;
  const d = new Draw(n);
  const x = Float32Array.from({ length: rows * n }, () => (d.bits() / 4294967296 - 0.5) * 40);
  SPECIAL.forEach((special, i) => {
    x[(i + 1) * n + d.below(n)] = special;
    x.fill(special, (SPECIAL.length + 1 + i) * n, (SPECIAL.length + 2 + i) * n);
  });
  return { rows, x };
}

const sizes = Array.from({ length: 70 }, (_, i) => i + 1);

test('rows of every size up to 70 have the bits of reference, whatever numbers they hold', () => {
  for (const n of sizes) {
    const { rows, x } = rowsOf(n);
    const targets = x.map((_, i) => (i % n === i % 7 ? 1 : 0));
    const results = [reference, tables.cpu, tables.wasm].map((k) => {
      const [y, log, p] = [0, 1, 2].map(() => new Float32Array(rows * n)) as [Float32Array, Float32Array, Float32Array];
      const [sums, loss] = [new Float32Array(rows), new Float32Array(rows)];
      k.softmax(rows, n, x, y);
      k.logSoftmax(rows, n, x, log);
      k.logSumExp(rows, n, 1, x, sums);
      k.softmaxCrossEntropy(rows, n, x, targets, p, loss);
      return [y, log, sums, p, loss];
    });
    for (const result of results.slice(1)) {
      expect(result.map((y, i) => firstDifference(y, results[0]![i]!))).toEqual([-1, -1, -1, -1, -1]);
    }
  }
});
