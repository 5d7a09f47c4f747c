import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/index.ts';
import * as w from '../../src/index.ts';

const p = (values: w.NestedArray, dtype: w.DType = 'float32'): Tensor => w.parameter(w.tensor(values, { dtype }));
const int32 = (values: w.NestedArray): Tensor => w.tensor(values, { dtype: 'int32' });
const numbers = (t: Tensor | null): number[] => Array.from(t!.data);

describe('one result that two losses are made of', () => {
  const weights = p([
    [1, -1],
    [2, 1],
  ]);
  const bias = p([0.5, 0]);
  const x = p([[1, 1]]);
  const shared: Readonly<Record<string, () => Tensor>> = {
    'dense with relu': () => w.dense(x, weights, bias, 'relu'),
    dense: () => w.dense(x, weights, bias),
    'an operation with a gradient of its own': () =>
      w.customGrad('own', (a, b) => ({ value: w.mul(a!, b!), pullback: (g) => [w.mul(g, b!), w.mul(g, a!)] }))(
        x,
        w.reshape(bias, [1, 2]),
      ),
    softmax: () => w.softmax(x),
    softmaxCrossEntropy: () => w.softmaxCrossEntropy(x, w.reshape(bias, [1, 2])),
    dropout: () => w.dropout(x, 0.5, new w.Random(4)),
  };
  test.each(Object.entries(shared))('has the gradients of each, and not those of the other: %s', (_, make) => {
    const gradientsOf = (loss: Tensor): number[][] => {
      for (const t of [x, weights, bias]) t.grad = null;
      w.backward(loss);
      return [x, weights, bias].filter((t) => t.grad !== null).map((t) => numbers(t.grad));
    };
    const y = make();
    const once = gradientsOf(w.sum(y));
    const thrice = gradientsOf(w.sum(w.mul(y, 3)));
    expect(thrice).toEqual(once.map((list) => list.map((g) => Math.fround(3 * g))));
    expect(gradientsOf(w.sum(y))).toEqual(once);
    for (const t of [x, weights, bias]) t.grad = null;
  });
});

describe('new numbers in what is no parameter are noticed', () => {
  const noticed: Readonly<Record<string, (x: Tensor) => { readonly loss: Tensor; readonly changed: Tensor }>> = {
    'the indices of topK': (x) => {
      const { values, indices } = w.topK(x, 2);
      return { loss: w.sum(values), changed: indices };
    },
    'the indices of gather': (x) => {
      const changed = int32([0, 2]);
      return { loss: w.sum(w.gather(x, changed)), changed };
    },
    'the indices of scatterAdd': (x) => {
      const changed = int32([0, 2, 1]);
      return { loss: w.sum(w.square(w.scatterAdd(w.zeros([3]), changed, x))), changed };
    },
    'the condition of where': (x) => {
      const changed = w.greater(x, 1);
      return { loss: w.sum(w.where(changed, x, 0)), changed };
    },
    'the targets of a loss': (x) => {
      const changed = w.tensor([0, 1, 0]);
      return { loss: w.softmaxCrossEntropy(x, changed), changed };
    },
    'a constant that was multiplied with': (x) => {
      const changed = w.tensor([0, 1, 0]);
      return { loss: w.sum(w.mul(changed, x)), changed };
    },
  };
  test.each(Object.entries(noticed))('%s', (_, make) => {
    const x = p([1, 2, 3]);
    const { loss, changed } = make(x);
    w.backward(loss);
    w.assign(changed, w.zeros(changed.shape, changed.dtype));
    expect(() => w.backward(loss)).toThrow(': its inputs or result were assigned new numbers after they were used');
  });
});

describe('grad and valueAndGrad', () => {
  test('leave a parameter a parameter, its gradient alone, and what is none none, also after an error', () => {
    const [a, b] = [p([3]), w.tensor([4])];
    a.grad = w.tensor([7]);
    w.grad(() => w.sum(w.mul(a, b)), [a, b, a]);
    expect(() => w.grad(() => w.zeros([2]), [b, a])).toThrow(w.GradientError);
    expect([a.requiresGrad, b.requiresGrad, numbers(a.grad), b.grad]).toEqual([true, false, [7], null]);
  });

  test('name themselves when the loss is no number, and take any shape of one number', () => {
    const x = w.tensor([[3]]);
    expect(() => w.valueAndGrad(() => w.zeros([2, 1]), [x])).toThrow(
      'valueAndGrad: needs a scalar loss, got [2, 1]. Reduce it with mean() first?',
    );
    expect(() => w.valueAndGrad(() => w.zeros([0]), [x])).toThrow('valueAndGrad: needs a scalar loss, got [0]');
    const { value, grads } = w.valueAndGrad(() => w.square(x), [x]);
    expect([value.shape, value.toArray(), grads[0]!.toArray()]).toEqual([[1, 1], [[9]], [[6]]]);
  });

  test('give zeros of the type and shape of what the loss does not depend on', () => {
    const [a, b] = [w.tensor([[1, 2]], { dtype: 'float64' }), w.tensor([1])];
    const [ga, gb] = w.grad(() => w.sum(b), [a, b]);
    expect(ga).toMatchObject({ dtype: 'float64', shape: [1, 2] });
    expect([numbers(ga!), numbers(gb!)]).toEqual([[0, 0], [1]]);
  });

  test('record what they compute within noGrad, which goes on afterwards', () => {
    const x = p([2]);
    w.noGrad(() => {
      expect(numbers(w.grad(() => w.sum(w.square(x)), [x])[0]!)).toEqual([4]);
      expect(w.square(x).node).toBeNull();
    });
    expect(w.square(x).node).not.toBeNull();
  });

  test('add up several paths in float64 as in float32', () => {
    for (const dtype of ['float32', 'float64'] as const) {
      const x = w.tensor([0.1, -3], { dtype });
      const [g] = w.grad(() => w.sum(w.add(w.add(w.mul(x, 2), w.mul(x, 4)), w.mul(x, 8))), [x]);
      expect([g!.dtype, numbers(g!)]).toEqual([dtype, [14, 14]]);
    }
  });
});

test('backward takes a loss of one number in any shape, and a loss of a finished step in no way', () => {
  for (const shape of [[], [1], [1, 1]]) {
    const x = w.parameter(w.full(shape, 3));
    w.backward(w.square(x));
    expect([x.grad!.shape, numbers(x.grad)]).toEqual([shape, [6]]);
  }
  expect(() => w.backward(w.zeros([0]))).toThrow('backward: needs a scalar loss, got [0]');
  const late = w.step(() => w.square(p([1])));
  expect(() => w.backward(late)).toThrow('backward: a tensor of a finished step was used');
});

test('dropout keeps the mask that it drew, whatever its generator draws afterwards', () => {
  const x = p(Array(64).fill(1));
  const random = new w.Random(9);
  const first = w.dropout(x, 0.5, random);
  const second = w.dropout(x, 0.5, random);
  random.uniform([3]);
  const gradientOf = (y: Tensor): number[] => {
    x.grad = null;
    w.backward(w.sum(y));
    return numbers(x.grad);
  };
  expect(gradientOf(second)).toEqual(numbers(second));
  expect(gradientOf(first)).toEqual(numbers(first));
  expect(numbers(first)).not.toEqual(numbers(second));
  expect(numbers(w.dropout(x, 0.5, new w.Random(9)))).toEqual(numbers(first)); // the first draw is draw 0
});

describe('trace', () => {
  const traced = (body: () => unknown): string[] => {
    const lines: string[] = [];
    w.trace(body, (line) => lines.push(line));
    return lines;
  };

  test('writes columns, of four digits, and says of nothing that it is empty', () => {
    const x = w.tensor([1.23456, -1000.5]);
    const made = traced(() => [w.neg(x), w.neg(w.zeros([0, 2])), w.sum(x), w.greater(x, 0)]);
    const line = (number: number, op: string, shapes: string, summary: string): string =>
      `   ${number}  ${op.padEnd(22)} ${shapes.padEnd(36)} ${summary}`;
    expect(made).toEqual([
      line(1, 'neg', '[2] -> [2]', 'min -1.235  mean 499.6  max 1001'),
      line(2, 'neg', '[0, 2] -> [0, 2]', 'empty'),
      line(3, 'sum', '[2] -> []', '-999.3'),
      line(4, 'greater', ' -> [2]', 'min 0  mean 0.5  max 1'),
    ]);
  });

  test('counts anew in a trace within a trace, and goes on after it', () => {
    const x = w.tensor([1]);
    let inner: string[] = [];
    const outer = traced(() => {
      w.neg(x);
      inner = traced(() => w.exp(x));
      w.abs(x);
    });
    expect([outer, inner].map((lines) => lines.map((line) => line.slice(0, 10).trim()))).toEqual([
      ['1  neg', '2  abs'],
      ['1  exp'],
    ]);
  });
});

describe('gradcheck', () => {
  const double = (values: w.NestedArray): Tensor => w.tensor(values, { dtype: 'float64' });
  test('is infinite where a number is none, on either side', () => {
    const wrong = w.customGrad('wrong', (x) => ({ value: w.square(x!), pullback: (g) => [w.mul(g, Number.NaN)] }));
    expect(w.gradcheck(wrong, [double([1, 2])])).toBe(Infinity);
    expect(w.gradcheck(w.log, [double([-1])])).toBe(Infinity);
  });

  test('is the same each time, draws from the generator that it is given, and leaves its inputs alone', () => {
    const x = double([1, 2]);
    const wrong = w.customGrad('wrong', (t) => ({ value: w.square(t!), pullback: (g) => [w.mul(g, t!)] }));
    const error = w.gradcheck(wrong, [x]);
    expect(error).toBeGreaterThan(0.01);
    expect(w.gradcheck(wrong, [x])).toBe(error);
    expect(w.gradcheck(wrong, [x], new w.Random(0))).toBe(error);
    expect(w.gradcheck(wrong, [x], new w.Random(1))).not.toBe(error);
    expect([x.requiresGrad, x.grad, numbers(x)]).toEqual([false, null, [1, 2]]);
  });

  test('takes float64 alone', () => {
    for (const dtype of ['float32', 'int32', 'bool'] as const) {
      expect(() => w.gradcheck((x) => x, [double([1]), w.ones([1], dtype)])).toThrow(
        `gradcheck: needs float64 inputs, got ${dtype}`,
      );
    }
  });
});
