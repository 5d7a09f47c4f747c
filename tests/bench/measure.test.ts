import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { cpu, type Kernels } from 'whittle-ml/kernels';
import { checkProduct, gemmInt8Rows, gemmRows } from '../../bench/gemm.ts';
import { kernelRows } from '../../bench/kernels.ts';
import { measure, type Row, sink } from '../../bench/measure.ts';
import { renderRow } from '../../bench/report.ts';

test('variants are sampled in turns, each reset before it runs, another one first each round', () => {
  const log: string[] = [];
  const variants = ['a', 'b'].map((name) => ({ name, run: () => 1, reset: () => void log.push(name) }));
  const row: Row = {
    name: 'row',
    work: 1,
    unit: 'steps/s',
    ratio: 'time',
    limit: 1e9,
    variants,
    check: () => void log.push('check'),
  };
  const before = sink.total;
  const result = measure(row, { rounds: 4, minTime: 1e-4, warmUp: 1e-9 });
  expect(log.join(' ')).toBe('check a b a b b a a b b a');
  expect(result.variants.map((v) => v.samples.length)).toEqual([4, 4]);
  expect(result.variants[0]!.ratio).toEqual({ median: 1, mad: 0 });
  expect(sink.total).toBeGreaterThan(before);
  expect(renderRow(result)).toContain('within the limit of 1000000000');
});

test('every rung and table computes the product, and the two tables the same bits', () => {
  for (const row of [...gemmRows(), ...gemmInt8Rows(), ...kernelRows()]) if (row.work < 4e6) row.check();
});

test('a product that is a little wrong, or leaves a cell out, is noticed', () => {
  const [a, b] = [Float32Array.of(1, 2, 3, 4), Float32Array.of(5, 6, 7, 8)];
  const check = (spoil: (c: Float32Array) => void) => () =>
    checkProduct('mine', [2, 2, 2], a, b, (c) => {
      cpu.gemm(2, 2, 2, a, false, b, false, null, 'linear', c);
      spoil(c);
    });
  expect(check(() => {})).not.toThrow();
  expect(check((c) => c.set([50.25], 3))).toThrow('mine: gemm 2x2x2 gives 50.25 at [1, 1], should be near 50');
  expect(check((c) => c.set([Number.NaN], 2))).toThrow('mine: gemm 2x2x2 gives NaN at [1, 0], should be near 43');
});

test('the kernel of the README is right', async () => {
  const readme = readFileSync(new URL('../../bench/README.md', import.meta.url), 'utf8');
  const [, code] = /```js\n(.*?)```/s.exec(readme)!;
  const url = `data:text/javascript,${encodeURIComponent(code!)}`;
  const { gemm } = (await import(url)) as Pick<Kernels, 'gemm'>;
  const row = gemmRows({ own: gemm }).find(({ name }) => name === 'gemm 32x100x64')!;
  expect(row.variants.at(-1)!.name).toBe('own');
  row.check();
});
