import { describe, expect, test } from 'vitest';
import { type Callback, PruningSchedule, prune, type Sequential } from '../../src/index.ts';
import { kernelsOf, smallModel, threeClasses } from './tools.ts';

const sparsityOf = (model: Sequential): number => {
  const kernels = kernelsOf(model);
  const dead = kernels.reduce((sum, { mask }) => sum + (mask?.data.filter((bit) => bit === 0).length ?? 0), 0);
  return dead / kernels.reduce((sum, { value }) => sum + value.size, 0);
};
const WEIGHTS = 35 + 42 + 18;
const rounded = (sparsity: number): number => Math.round(sparsity * WEIGHTS) / WEIGHTS;

/** Sparsity after each step of a fit of 10 batches an epoch; the first entry is before the first step. */
function follow(schedule: PruningSchedule, epochs: number, model: Sequential = smallModel()): number[] {
  const seen: number[] = [];
  const watch: Callback = {
    onTrainBegin: (m) => seen.push(sparsityOf(m)),
    onBatchEnd: (_batch, _logs, m) => seen.push(sparsityOf(m)),
  };
  model.fit(...threeClasses(60), { epochs, batchSize: 6, callbacks: [schedule, watch] });
  return seen;
}

describe('PruningSchedule', () => {
  test('follows s_f + (s_i - s_f)(1 - t)³', () => {
    const schedule = new PruningSchedule({ initialSparsity: 0.2, finalSparsity: 0.8, begin: 10, end: 30 });
    expect(schedule.sparsityAt(0)).toBeCloseTo(0.2, 12);
    expect(schedule.sparsityAt(10)).toBeCloseTo(0.2, 12);
    expect(schedule.sparsityAt(15)).toBeCloseTo(0.8 - 0.6 * 0.75 ** 3, 12);
    expect(schedule.sparsityAt(20)).toBeCloseTo(0.8 - 0.6 / 8, 12);
    expect(schedule.sparsityAt(30)).toBe(0.8);
    expect(schedule.sparsityAt(1000)).toBe(0.8);
  });

  test('prunes every `frequency` steps from begin to end, and at the end exactly', () => {
    const schedule = new PruningSchedule({
      finalSparsity: 0.7,
      initialSparsity: 0.1,
      begin: 5,
      end: 27,
      frequency: 10,
    });
    const seen = follow(schedule, 4);
    const at = (step: number): number => rounded(schedule.sparsityAt(step));
    const wanted = Array.from({ length: 41 }, (_, t) =>
      t < 5 ? 0 : t < 15 ? at(5) : t < 25 ? at(15) : t < 27 ? at(25) : rounded(0.7),
    );
    expect(seen).toEqual(wanted);
  });

  test('with begin 0 prunes before the first step', () => {
    const seen = follow(new PruningSchedule({ initialSparsity: 0.5, finalSparsity: 0.6, end: 10, frequency: 5 }), 1);
    expect(seen[0]).toBe(rounded(0.5));
    expect(seen.at(-1)).toBe(rounded(0.6));
  });

  test('starts anew in each fit and does not revive what an earlier one pruned', () => {
    const schedule = new PruningSchedule({ finalSparsity: 0.5, end: 10, frequency: 2 });
    const model = smallModel();
    follow(schedule, 1, model);
    expect(follow(schedule, 1, model)).toEqual(Array(11).fill(rounded(0.5)));
    const pruned = prune(smallModel(), { sparsity: 0.3 });
    const seen = follow(schedule, 1, pruned);
    expect(seen[0]).toBe(rounded(0.3));
    expect(seen.at(-1)).toBe(rounded(0.5));
    expect(seen).toEqual([...seen].sort());
  });

  test('prunes each layer by itself with scope layer', () => {
    const model = smallModel();
    follow(new PruningSchedule({ finalSparsity: 0.5, end: 10, frequency: 2, scope: 'layer' }), 1, model);
    const dead = kernelsOf(model).map(({ mask }) => mask!.data.filter((bit) => bit === 0).length);
    expect(dead).toEqual([18, 21, 9]);
  });

  test('leaves pruned weights at +0', () => {
    const model = smallModel();
    follow(new PruningSchedule({ finalSparsity: 0.5, end: 10, frequency: 2 }), 2, model);
    for (const kernel of kernelsOf(model)) {
      kernel.mask!.data.forEach((alive, at) => {
        if (alive === 0) expect(Object.is(kernel.value.data[at], 0)).toBe(true);
      });
    }
  });

  test('refuses numbers out of range', () => {
    const make = (change: object) => () => new PruningSchedule({ finalSparsity: 0.5, end: 10, ...change });
    expect(make({ finalSparsity: 1 })).toThrow('PruningSchedule: finalSparsity must be in [0, 1), got 1');
    expect(make({ initialSparsity: Number.NaN })).toThrow('initialSparsity must be in [0, 1)');
    expect(make({ begin: -1 })).toThrow('begin must be an integer of at least 0');
    expect(make({ begin: 10 })).toThrow('end must be an integer of at least 11, got 10');
    expect(make({ frequency: 0 })).toThrow('frequency must be an integer of at least 1');
    expect(make({ scope: 'model' })).toThrow('scope must be global or layer');
  });
});
