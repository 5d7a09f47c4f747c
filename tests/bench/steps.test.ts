import { describe, expect, test } from 'vitest';
import { cpu, reference, reference64 } from 'whittle-ml/kernels';
import { byHand, exactLosses } from '../../bench/by-hand.ts';
import { byLibrary } from '../../bench/by-library.ts';
import { checkAgree, checkedSteps, checkLosses, type Learner } from '../../bench/learner.ts';
import { Peers } from '../../bench/peers.ts';
import { nameOf } from '../../bench/row.ts';
import { stepRows } from '../../bench/steps.ts';
import { builtIn, reserve } from '../../bench/tables.ts';
import { nameOfTask, type Task, tasks } from '../../bench/tasks.ts';

const copy = (values: Float32Array): Float32Array => values.slice();
const small = tasks.filter(({ batch, sizes }) => batch === 32 && sizes.every((units) => units <= 100));

describe.each(small.map((task): [string, Task] => [nameOfTask(task), task]))('%s', (_, task) => {
  const first = byLibrary(task, cpu).weights();

  test('a step by hand equals trainOnBatch in loss and weights to the bit, replayed and not', () => {
    for (const replay of [true, false]) {
      const [library, hand] = [byLibrary(task, cpu, replay), byHand(task, first, cpu, copy)];
      const before = byHand(task, first, cpu, copy).step();
      checkAgree('step', library, hand, 30);
      if (task.dropout === 0) expect(hand.step()).toBeLessThan(before);
    }
  });

  test('both tables give a step by hand the same bits', () => {
    checkAgree('step', byHand(task, first, cpu, copy), byHand(task, first, reference, copy), 3);
  });

  test('reset begins again with the first weights, masks and a fresh optimizer', () => {
    for (const learner of [byLibrary(task, cpu), byHand(task, first, cpu, copy)]) {
      const run = (): [number[], Float32Array[]] => [Array.from({ length: 5 }, learner.step), learner.weights()];
      const before = run();
      learner.reset();
      expect(run()).toEqual(before);
    }
  });

  test('float32 follows the losses of float64', () => {
    const steps = checkedSteps(task);
    const exact = exactLosses(task, first, reference64, steps);
    const hand = byHand(task, first, cpu, copy);
    checkLosses('hand', Array.from({ length: steps }, hand.step), exact, 0);
  });
});

test('a single bit that differs is noticed, in a weight and in a loss', () => {
  const zeros: Learner = { step: () => 0, reset: () => {}, weights: () => [Float32Array.of(0, 0)] };
  const check = (other: Partial<Learner>) => () => checkAgree('row', { ...zeros, ...other }, zeros, 1);
  expect(check({})).not.toThrow();
  expect(check({ step: () => -0 })).toThrow('row: loss of step 0: element 0 is 0, should be 0');
  expect(check({ weights: () => [Float32Array.of(0, 2 ** -149)] })).toThrow('row: weights 0 after step 0: element 1');
});

test('losses that do not follow those of float64 are noticed, with dropout by their mean', () => {
  expect(() => checkLosses('peer', [1, 0.9], [1, 0.9005], 0)).not.toThrow();
  expect(() => checkLosses('peer', [1, 0.9], [1, 0.902], 0)).toThrow(
    'peer: losses: element 1 is 0.9, should be near 0.902',
  );
  expect(() => checkLosses('peer', [1], [1, 0.9], 0)).toThrow('gives 1 numbers, should be 2');
  expect(() => checkLosses('peer', [1.2, 0.9], [1, 0.9], 0.2)).not.toThrow();
  expect(() => checkLosses('peer', [1.5, 0.9], [1, 0.9], 0.2)).toThrow('peer: the mean of 2 losses is 1.2');
});

test('every table trains by hand, eagerly and replayed, and agrees with float64', async () => {
  const { tables } = builtIn();
  reserve(tables);
  const rows = stepRows(tables, new Peers()).filter(
    ({ name }) => name.startsWith('step 100-64-64-10 ') && name.endsWith('32'),
  );
  expect(rows).toHaveLength(2);
  for (const row of rows) {
    const contest = await row.open();
    for (const variant of contest.variants) await variant.check();
    expect(contest.variants.slice(0, 3).map(nameOf)).toEqual(['cpu by hand', 'cpu eager', 'cpu']);
    contest.close();
  }
});
