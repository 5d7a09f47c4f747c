import { describe, expect, test } from 'vitest';
import { checkCount, checkRange, messageOf } from '../../src/base/errors.ts';
import { defined } from '../../src/base/options.ts';
import {
  broadcastShapes,
  elementsOf,
  normalizeAxes,
  normalizeAxis,
  sameShape,
  size,
  stridesOf,
} from '../../src/base/shape.ts';
import { Adam, GradientError, LimitError, SGD, ShapeError, ValueError } from '../../src/index.ts';

const TINY = Number.MIN_VALUE;
const NEVER = [Number.NaN, Infinity, -Infinity];

describe('checkRange', () => {
  test.each([
    ['positive', [TINY, 1e-9, 1, 1e300], [0, -0, -TINY, -1]],
    ['at least 0', [0, -0, TINY, 1e300], [-TINY, -1]],
    ['between 0 and 1', [0, -0, TINY, 0.5, 1], [-TINY, 1 + Number.EPSILON, 2]],
    ['in [0, 1)', [0, -0, 0.5, 1 - Number.EPSILON], [-TINY, 1, 2]],
    ['a positive integer', [1, 2, 2 ** 53 - 1], [0, -1, 0.5, 1.5, 2 ** 53]],
  ] as const)('%s', (range, good, bad) => {
    for (const value of good) expect(() => checkRange('op', 'field', value, range)).not.toThrow();
    for (const value of [...bad, ...NEVER]) {
      const check = (): void => checkRange('op', 'field', value, range);
      expect(check, String(value)).toThrow(ValueError);
      expect(check).toThrow(`op: field must be ${range}, got `);
    }
    for (const value of ['1', null, true]) {
      expect(() => checkRange('op', 'field', value as never, range)).toThrow(ValueError);
    }
  });

  test('keeps infinite rates and momenta out of optimizers', () => {
    expect(() => new SGD({ learningRate: Infinity })).toThrow('SGD: learningRate must be positive, got Infinity');
    expect(() => new Adam({ epsilon: Infinity })).toThrow(/^Adam: epsilon must be .*, got Infinity$/);
  });
});

test('checkCount takes integers from the least on, which is 1 if nothing is said', () => {
  for (const [value, least] of [
    [1, undefined],
    [0, 0],
    [-3, -3],
    [2, 2],
    [2 ** 53 - 1, 5],
  ] as const) {
    expect(() => checkCount('op', 'n', value, least)).not.toThrow();
  }
  expect(() => checkCount('op', 'n', 0)).toThrow('op: n must be an integer of at least 1, got 0');
  expect(() => checkCount('op', 'n', 1, 2)).toThrow('op: n must be an integer of at least 2, got 1');
  for (const bad of [1.5, 2 ** 53, '3', null, ...NEVER]) {
    expect(() => checkCount('op', 'n', bad as never, 0)).toThrow(ValueError);
  }
});

test('messageOf says what was thrown, error or not', () => {
  const errors = [new GradientError('op', 'no'), new TypeError('bad'), 'text', undefined, null, 7, { a: 1 }];
  expect(errors.map(messageOf)).toEqual(['op: no', 'bad', 'text', 'undefined', 'null', '7', '[object Object]']);
});

test('defined keeps all that is not undefined', () => {
  const options = { a: 0, b: undefined, c: null, d: false, e: '', f: Number.NaN, g: [] };
  const kept = defined(options);
  expect(Object.keys(kept)).toEqual(['a', 'c', 'd', 'e', 'f', 'g']);
  expect(kept).toEqual({ a: 0, c: null, d: false, e: '', f: Number.NaN, g: [] });
});

describe('shapes', () => {
  test('have a size, checked to the last dimension, also where one is 0', () => {
    expect([[], [3], [2, 3, 4], [0], [5, 0, 2], [2 ** 31 - 1, 1]].map((s) => size('op', s))).toEqual([
      1,
      3,
      24,
      0,
      0,
      2 ** 31 - 1,
    ]);
    for (const bad of [-1, 0.5, '2', null, 2 ** 53, ...NEVER]) {
      expect(() => size('op', [0, bad as never])).toThrow(/^op: dimension 1 must be an integer of at least 0, got /);
      expect(() => size('op', [bad as never, 0])).toThrow(/^op: dimension 0 must be an integer of at least 0, got /);
    }
    expect(() => size('op', [2 ** 31])).toThrow(LimitError);
    expect(() => size('op', [0, 2 ** 16, 2 ** 15])).toThrow(
      'op: the size of shape [0, 65536, 32768] is 2147483648, the limit is 2147483647',
    );
    expect(size('op', Array(8).fill(1))).toBe(1);
    expect(() => size('op', Array(9).fill(0))).toThrow('op: 9 axes are more than 8');
  });

  test('have strides, row-major', () => {
    expect([[], [3], [2, 3, 4], [2, 1, 3]].map(stridesOf)).toEqual([[], [1], [12, 4, 1], [3, 3, 1]]);
    expect([[], [3], [2, 3, 4], [2, 0]].map(elementsOf)).toEqual([1, 3, 24, 0]);
  });

  test('are the same with the same axes alone', () => {
    expect(sameShape([], [])).toBe(true);
    expect(sameShape([2, 3], [2, 3])).toBe(true);
    expect([sameShape([2], [2, 1]), sameShape([1, 2], [2]), sameShape([2, 3], [3, 2]), sameShape([0], [])]).toEqual(
      Array(4).fill(false),
    );
  });

  test('broadcast from the last axis on, 1 and 0 included', () => {
    for (const [a, b, wanted] of [
      [[], [], []],
      [[], [2, 3], [2, 3]],
      [[1], [0], [0]],
      [
        [2, 1],
        [1, 0],
        [2, 0],
      ],
      [
        [3, 1],
        [2, 1, 4],
        [2, 3, 4],
      ],
      [[1, 1], [1], [1, 1]],
    ] as const) {
      expect(broadcastShapes('op', a, b)).toEqual(wanted);
      expect(broadcastShapes('op', b, a)).toEqual(wanted);
    }
    expect(() => broadcastShapes('op', [2, 0], [2, 3])).toThrow(
      'op: sizes 0 and 3 do not broadcast, got [2, 0] and [2, 3]',
    );
    expect(() => broadcastShapes('op', [4, 5], [2, 4, 6])).toThrow('op: sizes 5 and 6 do not broadcast');
  });
});

describe('axes', () => {
  test('count from either end, and are integers within the rank', () => {
    expect([0, 2, -1, -3].map((axis) => normalizeAxis('op', axis, 3))).toEqual([0, 2, 2, 0]);
    for (const bad of [null, { axis: 1 }, [1]])
      expect(() => normalizeAxis('op', bad as never, 3)).toThrow(
        'op: axis must be a number by itself, as in op(x, 1), got ',
      );
    for (const bad of [3, -4, 0.5, -0.5, '1', undefined, ...NEVER]) {
      expect(() => normalizeAxis('op', bad as never, 3)).toThrow(ShapeError);
      expect(() => normalizeAxis('op', bad as never, 3)).toThrow(/^op: axis .* is out of range for rank 3$/);
    }
    expect(() => normalizeAxis('op', 0, 0)).toThrow('op: axis 0 is out of range for rank 0');
  });

  test('are all, one or some, sorted, each once, and the list that was given stays as it was', () => {
    const given = [2, -3, 1];
    expect(normalizeAxes('op', given, 3)).toEqual([0, 1, 2]);
    expect(given).toEqual([2, -3, 1]);
    expect(normalizeAxes('op', undefined, 3)).toEqual([0, 1, 2]);
    expect(normalizeAxes('op', undefined, 0)).toEqual([]);
    expect(normalizeAxes('op', [], 3)).toEqual([]);
    expect(normalizeAxes('op', -1, 3)).toEqual([2]);
    expect(normalizeAxes('op', 0, 3)).toEqual([0]);
    expect(() => normalizeAxes('op', [1, 0, -2], 3)).toThrow('op: axis 1 is given twice in [1, 0, -2]');
  });
});
