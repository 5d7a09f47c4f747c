import { describe, expect, test } from 'vitest';
import { reference } from 'whittle-ml/kernels';
import { byHand, byLibrary, checkAgree, type Learner, tasks } from '../../bench/steps.ts';

describe.each(tasks)('$sizes', (task) => {
  test('a step by hand equals trainOnBatch in loss and weights to the bit', () => {
    const eager = byLibrary(task);
    const hand = byHand(task, eager.weights());
    checkAgree('step', eager, hand, 30);
    const [first, last] = [byHand(task, byLibrary(task).weights()).step(), hand.step()];
    expect(last).toBeLessThan(first);
  });

  test('both tables give a step by hand the same bits', () => {
    const first = byLibrary(task).weights();
    checkAgree('step', byHand(task, first), byHand(task, first, reference), 3);
  });

  test('reset begins again with the first weights and a fresh optimizer', () => {
    const eager = byLibrary(task);
    for (const learner of [eager, byHand(task, eager.weights())]) {
      const run = (): [number[], Float32Array[]] => [Array.from({ length: 5 }, learner.step), learner.weights()];
      const before = run();
      learner.reset();
      expect(run()).toEqual(before);
    }
  });
});

test('a single bit that differs is noticed, in a weight and in a loss', () => {
  const zeros: Learner = { step: () => 0, reset: () => {}, weights: () => [Float32Array.of(0, 0)] };
  const check = (other: Partial<Learner>) => () => checkAgree('row', { ...zeros, ...other }, zeros, 1);
  expect(check({})).not.toThrow();
  expect(check({ step: () => -0 })).toThrow('row: loss of step 0: element 0 is 0, should be 0');
  expect(check({ weights: () => [Float32Array.of(0, 2 ** -149)] })).toThrow('row: weights 0 after step 0: element 1');
});
