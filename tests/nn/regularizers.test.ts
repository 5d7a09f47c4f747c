import { describe, expect, test } from 'vitest';
import { Dense, l1, l1l2, l2, type RegularizerChoice, Sequential, valueAndGrad } from '../../src/index.ts';
import { penalty, regularizer } from '../../src/nn/regularizers.ts';
import { of } from './tools.ts';

describe('a regularizer', () => {
  test.each([
    ['l1()', l1(), { l1: 0.01, l2: 0 }],
    ['l2()', l2(), { l1: 0, l2: 0.01 }],
    ['l1l2()', l1l2(), { l1: 0, l2: 0 }],
    ['l1(0)', l1(0), { l1: 0, l2: 0 }],
    ['l2(0)', l2(0), { l1: 0, l2: 0 }],
    ['l1(0.5)', l1(0.5), { l1: 0.5, l2: 0 }],
    ['l2(0.5)', l2(0.5), { l1: 0, l2: 0.5 }],
    ['l1l2({ l1 })', l1l2({ l1: 0.5 }), { l1: 0.5, l2: 0 }],
    ['l1l2({ l2 })', l1l2({ l2: 0.5 }), { l1: 0, l2: 0.5 }],
    ['l1l2({ l1, l2 })', l1l2({ l1: 0.25, l2: 0.5 }), { l1: 0.25, l2: 0.5 }],
    ['"l1"', regularizer('l1'), { l1: 0.01, l2: 0 }],
    ['"l2"', regularizer('l2'), { l1: 0, l2: 0.01 }],
    ['"l1_l2"', regularizer('l1_l2'), { l1: 0.01, l2: 0.01 }],
    ['an object', regularizer({ l1: 2, l2: 3 }), { l1: 2, l2: 3 }],
    ['none', regularizer(undefined), null],
  ])('%s has its factors', (_, made, wanted) => {
    expect(made).toEqual(wanted);
  });

  test('with a factor below 0 or not finite is refused by the name of the factor, also as an object', () => {
    for (const wrong of [-0.1, Number.NaN, Infinity, -Infinity]) {
      const refused = (field: string): string =>
        `regularizer: ${field} must be a finite number of at least 0, got ${wrong}`;
      expect(() => l1(wrong)).toThrow(refused('l1'));
      expect(() => l2(wrong)).toThrow(refused('l2'));
      expect(() => l1l2({ l1: 1, l2: wrong })).toThrow(refused('l2'));
      expect(() => regularizer({ l1: wrong, l2: 1 })).toThrow(refused('l1'));
      for (const field of ['kernelRegularizer', 'biasRegularizer'] as const)
        expect(() =>
          new Sequential([new Dense(2, { inputShape: [2], [field]: { l1: 0, l2: wrong } })]).build([2]),
        ).toThrow(refused('l2'));
    }
    for (const wrong of ['L1', 'l1l2', ''])
      expect(() => regularizer(wrong as RegularizerChoice)).toThrow(
        `regularizer: the name must be l1, l2 or l1_l2, got "${wrong}"`,
      );
  });
});

describe('the penalty', () => {
  const w = of([-3, 0, 2], [3, 1]);

  test.each([
    [{ l1: 0.5, l2: 0 }, 2.5, [-0.5, 0, 0.5]],
    [{ l1: 0, l2: 0.5 }, 6.5, [-3, 0, 2]],
    [{ l1: 2, l2: 0.5 }, 16.5, [-5, 0, 4]],
    [{ l1: 0, l2: 0 }, 0, [0, 0, 0]],
  ])('of %o is l1·Σ|w| + l2·Σw², with its slope', (rule, wanted, slopes) => {
    const { value, grads } = valueAndGrad(() => penalty(w, rule), [w]);
    expect([value.shape, value.dtype, value.item()]).toEqual([[], 'float64', wanted]);
    expect(Array.from(grads[0]!.data, (v) => v + 0)).toEqual(slopes);
  });

  test('of one kind alone does not multiply an overflow of the other by 0', () => {
    const large = of([1e30], [1], 'float32'); // its square overflows
    expect(penalty(large, { l1: 1, l2: 0 }).item()).toBe(Math.fround(1e30));
    expect(penalty(of([Infinity], [1]), { l1: 0, l2: 1 }).item()).toBe(Infinity);
  });
});
