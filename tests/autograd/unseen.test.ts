/** What a loss does not see has gradient 0, also where the slope of an operation is infinite. */
import { describe, expect, test } from 'vitest';
import {
  add,
  Dense,
  digest,
  div,
  exp,
  expm1,
  gelu,
  geluTanh,
  grad,
  greater,
  greaterEqual,
  log,
  log1p,
  mean,
  mul,
  parameter,
  pow,
  reciprocal,
  rsqrt,
  Sequential,
  silu,
  sqrt,
  square,
  sum,
  type Tensor,
  tensor,
  where,
} from '../../src/index.ts';

const gradientOf = (at: readonly number[], loss: (x: Tensor) => Tensor): number[] => {
  const x = parameter(tensor([...at], { dtype: 'float64' }));
  return [...grad(() => sum(loss(x)), [x])[0]!.data];
};

const constant = (values: readonly number[]): Tensor => tensor([...values], { dtype: 'float64' });

/** An operation, a point where its slope is infinite or none, another, and the slope there. */
const ROWS: readonly (readonly [name: string, f: (x: Tensor) => Tensor, bad: number, good: number, slope: number])[] = [
  ['sqrt', sqrt, 0, 4, 1 / 4],
  ['sqrt below 0', sqrt, -1, 4, 1 / 4],
  ['rsqrt', rsqrt, 0, 4, -1 / 16],
  ['reciprocal', reciprocal, 0, 4, -1 / 16],
  ['log', log, 0, 4, 1 / 4],
  ['log below 0', log, -1, 4, 1 / 4],
  ['log1p', log1p, -1, 3, 1 / 4],
  ['exp', exp, 1000, 0, 1],
  ['expm1', expm1, 1000, 0, 1],
  ['a power', (x) => pow(x, -1.5), 0, 4, -1.5 / 32],
  ['a root as a power', (x) => pow(x, 0.5), 0, 4, 1 / 4],
  ['an exponent', (x) => pow(10, x), 400, 0, Math.LN10],
  ['a divisor', (x) => div(3, x), 0, 4, -3 / 16],
  ['a dividend', (x) => div(x, constant([0, 4])), 5, 5, 1 / 4],
  ['a quotient of itself', (x) => div(x, x), 0, 4, 0],
  ['a product with a logarithm', (x) => mul(x, log(x)), 0, 1, 1],
  ['a logarithm times it', (x) => mul(log(x), x), 0, 1, 1],
  ['a chain', (x) => log(sqrt(mul(x, 2))), 0, 4, 1 / 8],
];

describe('the branch that where does not take', () => {
  test.each(ROWS)('has no gradient: %s', (_name, f, bad, good, slope) => {
    const taken = (x: Tensor): Tensor => where(tensor([false, true]), f(x), 0);
    const other = (x: Tensor): Tensor => where(tensor([true, false]), mul(x, 7), f(x));
    expect(gradientOf([bad, good], taken)[0]).toBe(0);
    expect(gradientOf([bad, good], taken)[1]).toBeCloseTo(slope, 12);
    expect(gradientOf([bad, good], other)[0]).toBe(7);
    expect(gradientOf([bad, good], other)[1]).toBeCloseTo(slope, 12);
  });

  test.each(ROWS.filter(([name]) => !name.startsWith('exp') && !name.startsWith('an exp')))(
    'has its slope, infinite or none, if it is taken: %s',
    (_name, f, bad, good) => {
      expect(gradientOf([bad, good], f)[0]).not.toBe(0);
    },
  );

  test('of a condition on the same numbers is that of the textbook', () => {
    expect(gradientOf([0, 4], (x) => where(greater(x, 0), sqrt(x), 0))).toEqual([0, 0.25]);
    const entropy = (p: Tensor): Tensor => where(greater(p, 0), mul(p, log(p)), 0);
    expect(gradientOf([0, 1, Math.E], entropy)).toEqual([0, 1, 2]);
    const softplus = (x: Tensor): Tensor => where(greaterEqual(x, 30), x, log1p(exp(x)));
    expect(gradientOf([-1000, 0, 1000], softplus)).toEqual([0, 0.5, 1]);
    const [n, total] = [constant([0, 2]), constant([0, 6])];
    expect(gradientOf([0, 1], (x) => where(greater(n, 0), div(mul(x, total), n), 0))).toEqual([0, 3]);
  });

  test('needs a harmless input where an infinite number is squared, as it says', () => {
    const plain = (x: Tensor): Tensor => where(greater(x, 0), square(log(x)), 0);
    const twice = (x: Tensor): Tensor => where(greater(x, 0), square(log(where(greater(x, 0), x, 1))), 0);
    expect(gradientOf([0, 1], plain)[0]).toBeNaN();
    expect(gradientOf([0, Math.E], twice)).toEqual([0, 2 / Math.E]);
  });

  test('is multiplied by 0 to the same end', () => {
    expect(gradientOf([0, 4], (x) => mul(sqrt(x), constant([0, 1])))).toEqual([0, 0.25]);
  });

  test('broadcasts', () => {
    const x = parameter(constant([0]));
    const loss = (): Tensor => sum(where(tensor([false, true, false]), add(div(constant([1, 2, 3]), x), 1), 0));
    expect([...grad(loss, [x])[0]!.data]).toEqual([-Infinity]);
    const none = (): Tensor => sum(where(tensor([false, false, false]), div(constant([1, 2, 3]), x), 0));
    expect([...grad(none, [x])[0]!.data]).toEqual([0]);
  });
});

test('a loss with such branches is repeated to the bit, and trains', () => {
  const train = (replay: boolean): Sequential => {
    const model = new Sequential([new Dense(1, { kernelInitializer: 'ones', useBias: false, inputShape: [1] })]);
    const call = (yTrue: Tensor, p: Tensor): Tensor =>
      mean(where(greater(yTrue, 0), mul(div(sqrt(p), yTrue), log(p)), 0), { axis: 1 });
    model.compile({ optimizer: 'sgd', loss: { name: 'roots', call, replayable: true }, replay });
    for (let i = 0; i < 6; i++) model.trainOnBatch(tensor([[0], [2], [4]]), tensor([[0], [1], [2]]));
    return model;
  };
  const [repeated, eager] = [train(true), train(false)];
  expect(digest(repeated)).toBe(digest(eager));
  expect(repeated.replayStatus.replayed).toBe(4);
  expect(Number.isFinite(repeated.getWeights()[0]!.item())).toBe(true);
});

test('activations have a slope of 0 or 1 however far out they are asked for', () => {
  for (const f of [gelu, geluTanh, silu])
    for (const far of [1e20, 1e38]) {
      const p = parameter(tensor([far, -far]));
      expect([...grad(() => sum(f(p)), [p])[0]!.data].map(Math.abs)).toEqual([1, 0]);
    }
});
