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
