import { describe, expect, test } from 'vitest';
import { Patience } from '../../bench/gpu/patience.ts';
import { deviceRows } from '../../bench/gpu/session.ts';
import { clockedHere, variantOf } from '../../bench/gpu/variants.ts';
import type { VariantResult } from '../../bench/measure.ts';
import { checkProduct, exactProduct } from '../../bench/product.ts';
import { nameOf, type Variant } from '../../bench/row.ts';
import { sink } from '../../bench/sampler.ts';

describe('rows', () => {
  test('have names of their own, and larger products of a kind come after smaller ones', () => {
    expect(new Set(deviceRows.map(({ name }) => name)).size).toBe(deviceRows.length);
    for (const kind of ['matmul', 'int8']) {
      const squares = deviceRows.filter(({ name }) => new RegExp(`^${kind} (\\d+)x\\1x\\1$`).test(name));
      const works = squares.map(({ work }) => work);
      expect(works.length).toBeGreaterThan(2);
      expect(works).toEqual([...works].sort((p, q) => p - q));
    }
  });

  test('that are quick are some of each kind, without the large products', () => {
    const quick = deviceRows.filter((row) => row.quick).map(({ name }) => name);
    for (const kind of ['matmul', 'int8', 'train', 'predict'])
      expect(quick.some((name) => name.startsWith(`${kind} `))).toBe(true);
    expect(quick.filter((name) => /512|1024x/.test(name))).toEqual([]);
    expect(quick).toContain('matmul 32x784x128');
  });
});

describe('a variant of a device', () => {
  const exact = exactProduct([2, 2, 2], Float32Array.of(1, 2, 3, 4), Float32Array.of(5, 6, 7, 8));
  const check = (name: string, c: ArrayLike<number>): void => checkProduct(name, c, exact);
  const variantGiving = (...c: number[]) => variantOf('naive', 'resident', async () => Float32Array.from(c), check);

  test('is right, or refused before it is timed', async () => {
    await variantGiving(19, 22, 43, 50).check();
    await expect(variantGiving(19, 22, 43, 50.25).check()).rejects.toThrow(
      'naive resident: gemm 2x2x2 gives 50.25 at [1, 1], should be near 50',
    );
    await expect(variantGiving(19, 22, 43).check()).rejects.toThrow('gives NaN at [1, 1]');
    // what a lost WebGL context reads as
    await expect(variantGiving(0, 0, 0, 0).check()).rejects.toThrow('gives 0 at [0, 0]');
  });

  test('works as often as it is asked, one call after the other, and its results are used', async () => {
    let running = 0;
    const work = async (): Promise<number[]> => {
      expect(++running).toBe(1);
      await null;
      running--;
      return [2, 1000];
    };
    const before = sink.total;
    const seconds = await variantOf('naive', '', work, () => {}).time(5);
    expect(seconds).toBeGreaterThanOrEqual(0);
    expect(sink.total - before).toBe(10);
  });

  test('is clocked as kernels are, which keep their checks', async () => {
    let calls = 0;
    const kernels = { who: 'cpu', how: '', ours: true, check: () => {}, run: () => ++calls };
    const clocked = clockedHere(kernels);
    expect(await clocked.time(3)).toBeGreaterThanOrEqual(0);
    expect(calls).toBe(3);
    expect(clocked.check).toBe(kernels.check);
    expect('run' in clocked).toBe(false);
  });
});

describe('patience', () => {
  const variants = ['naive', 'packed'].map((who) => ({ who, how: 'resident' })) as unknown as Variant[];
  const result = (name: string, work: number, times: Record<string, number>) => ({
    name,
    work,
    variants: Object.entries(times).map(([who, median]) => ({ name: `${who} resident`, median })) as VariantResult[],
  });
  const skippedAt = (patience: Patience, name: string, work: number): string[] =>
    patience.sort({ name, work }, variants).skipped.map((skipped) => skipped.name);

  test('leaves out what would take more than three seconds, and says so', () => {
    const patience = new Patience();
    patience.learn(result('matmul small', 1000, { naive: 0.5, packed: 0.2 }));
    const { kept, skipped } = patience.sort({ name: 'matmul large', work: 8000 }, variants);
    expect(kept.map(nameOf)).toEqual(['packed resident']);
    expect(skipped).toEqual([
      { name: 'naive resident', reason: 'a call would take about 4 s, judged by smaller rows' },
    ]);
  });

  test('has nothing against rows of another kind, or variants that it has not seen', () => {
    const patience = new Patience();
    expect(skippedAt(patience, 'matmul large', 1e12)).toEqual([]);
    patience.learn(result('matmul small', 1, { naive: 5 }));
    expect(skippedAt(patience, 'int8 large', 8)).toEqual([]);
    expect(skippedAt(patience, 'matmul large', 8)).toEqual(['naive resident']);
  });

  test('judges by the best pace, since small work is mostly waiting', () => {
    const patience = new Patience();
    patience.learn(result('matmul tiny', 1, { naive: 0.01 }));
    patience.learn(result('matmul small', 100, { naive: 0.02 }));
    patience.learn(result('matmul skinny', 2, { naive: 0.02 }));
    expect(skippedAt(patience, 'matmul large', 10_000)).toEqual([]);
  });
});
