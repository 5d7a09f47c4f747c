import { expect, test } from 'vitest';
import {
  cosineDecay,
  Dense,
  exponentialDecay,
  piecewiseConstant,
  Sequential,
  stepDecay,
  warmup,
} from '../../src/index.ts';
import { expectClose } from './tools.ts';

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])(
  'a schedule over %d steps, or with a rate of it, is refused by name',
  (wrong) => {
    const rest = `must be a positive number, got ${wrong}`;
    expect(() => cosineDecay(0.1, wrong)).toThrow(`cosineDecay: steps ${rest}`);
    expect(() => exponentialDecay(0.1, wrong, 0.5)).toThrow(`exponentialDecay: steps ${rest}`);
    expect(() => exponentialDecay(0.1, 10, wrong)).toThrow(`exponentialDecay: rate ${rest}`);
    expect(() => stepDecay(0.1, wrong, 0.5)).toThrow(`stepDecay: every ${rest}`);
    expect(() => warmup(wrong, () => 0.1)).toThrow(`warmup: steps ${rest}`);
  },
);

test('piecewiseConstant has one value more than boundaries', () => {
  for (const values of [[], [1, 2], [1, 2, 3, 4]]) {
    expect(() => piecewiseConstant([5, 9], values)).toThrow(/^piecewiseConstant: values must be 3 numbers, got \[/);
  }
  const schedule = piecewiseConstant([5, 9], [1, 2, 3]);
  expect([0, 4, 5, 8, 9, 100].map(schedule)).toEqual([1, 1, 2, 2, 3, 3]);
});

test('a model that has made no step says so', () => {
  const model = new Sequential([new Dense(1, { inputShape: [1] })]);
  const counts = { eager: 0, recorded: 0, replayed: 0 };
  expect(model.replayStatus).toEqual({ isReplaying: false, reason: 'no step was made yet', ...counts });
});

test('schedules have their edges where they say', () => {
  const at = (schedule: (step: number) => number, steps: readonly number[]): number[] => steps.map(schedule);
  expect(at(cosineDecay(0.1, 8, 0.3), [8, 9, 1e9])).toEqual(Array(3).fill(0.1 * 0.3)); // its end, to the bit
  expectClose(at(cosineDecay(4, 8), [0, 4, 8, 9, 12, 16]), [4, 2, 0, 0, 0, 0], 1e-9, '', 1);
  expectClose(at(cosineDecay(4, 8, 0.5), [0, 4, 8, 16]), [4, 3, 2, 2], 1e-9);
  expect(at(stepDecay(8, 3, 0.5), [0, 2, 3, 5, 6, 9])).toEqual([8, 8, 4, 4, 2, 1]);
  expect(at(stepDecay(8, 3, 0), [2, 3])).toEqual([8, 0]);
  const quarters = (staircase?: boolean) => exponentialDecay(8, 4, 0.25, staircase);
  expectClose(at(quarters(true), [0, 3, 4, 7, 8]), [8, 8, 2, 2, 0.5], 1e-12);
  expectClose(at(quarters(), [0, 2, 4, 6]), [8, 4, 2, 1], 1e-12);
  const line = (step: number): number => 8 + step;
  expect(at(warmup(4, line), [0, 1, 3, 4, 5, 9])).toEqual([2, 4, 8, 8, 9, 13]);
  expect(at(warmup(1, line), [0, 1, 2])).toEqual([8, 8, 9]);
  expect(at(piecewiseConstant([], [7]), [0, 100])).toEqual([7, 7]);
  expect(at(piecewiseConstant([0], [7, 0]), [0])).toEqual([0]);
});
