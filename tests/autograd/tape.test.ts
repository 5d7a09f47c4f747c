import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/index.ts';
import * as w from '../../src/index.ts';
import { bits } from './tools.ts';

const p = (values: number[], dtype: w.DType = 'float32'): Tensor => w.parameter(w.tensor(values, { dtype }));
const numbers = (t: Tensor | null): number[] => Array.from(t!.data);

describe('backward', () => {
  test('adds up the gradients of a tensor that is used twice', () => {
    const x = p([2, 3]);
    w.backward(w.sum(w.mul(x, x)));
    expect(numbers(x.grad)).toEqual([4, 6]);
    const y = p([2, 3]);
    w.backward(w.sum(w.add(w.add(y, y), y)));
    expect(numbers(y.grad)).toEqual([3, 3]);
  });

  test('adds up the paths of a diamond, also when twelve of them double it', () => {
    const x = p([3]);
    const left = w.square(x);
    const right = w.mul(x, 5);
    w.backward(w.sum(w.mul(left, right))); // 5x³
    expect(numbers(x.grad)).toEqual([135]);
    const start = p([1]);
    let y: Tensor = start;
    for (let i = 0; i < 12; i++) y = w.add(y, y);
    w.backward(w.sum(y));
    expect(numbers(start.grad)).toEqual([4096]);
  });

  test('reduces the gradient of a broadcast operand to its shape', () => {
    const bias = p([1, 2, 3]);
    const column = w.parameter(w.ones([2, 1]));
    const one = w.parameter(w.scalar(1));
    const x = w.tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    w.backward(w.sum(w.mul(w.mul(w.mul(x, bias), column), one)));
    expect(numbers(bias.grad)).toEqual([5, 7, 9]);
    expect(column.grad!.shape).toEqual([2, 1]);
    expect(numbers(column.grad)).toEqual([14, 32]);
    expect(one.grad!.shape).toEqual([]);
    expect(numbers(one.grad)).toEqual([46]);
  });

  test('works through 100,000 operations', () => {
    const x = p([1]);
    let y: Tensor = x;
    for (let i = 0; i < 100_000; i++) y = w.add(y, 1);
    w.backward(w.sum(y));
    expect(numbers(x.grad)).toEqual([1]);
  });

  test('never writes into a gradient that it has borrowed', () => {
    const [a, b, c] = [p([1, 2]), p([3, 4]), p([5, 6])];
    // Addition hands one gradient to both inputs, and `a` gets more afterwards: from `early`, then from `late`.
    const early = w.mul(a, 10);
    const late = w.mul(a, 100);
    const middle = w.add(a, b);
    w.backward(w.sum(w.add(w.add(w.add(late, middle), early), c)));
    expect(numbers(a.grad)).toEqual([111, 111]);
    expect(numbers(b.grad)).toEqual([1, 1]);
    expect(numbers(c.grad)).toEqual([1, 1]);
  });

  test('never writes into the gradient that another tensor holds when it is called again', () => {
    const [a, b] = [p([1]), p([1])];
    w.backward(w.sum(w.add(a, b)));
    w.backward(w.sum(w.mul(a, 5)));
    expect(numbers(a.grad)).toEqual([6]);
    expect(numbers(b.grad)).toEqual([1]);
  });

  test('adds to the gradients of earlier calls, also on one graph', () => {
    const x = p([3]);
    const loss = w.sum(w.square(x));
    w.backward(loss);
    w.backward(loss);
    expect(numbers(x.grad)).toEqual([12]);
  });

  test('gives the gradient 1 to a loss that is itself a parameter', () => {
    const x = w.parameter(w.scalar(4));
    w.backward(x);
    expect(numbers(x.grad)).toEqual([1]);
  });

  test('leaves tensors that are no parameters without a gradient', () => {
    const [x, c] = [p([1]), w.tensor([2])];
    const h = w.mul(x, c);
    w.backward(w.sum(h));
    expect(c.grad).toBeNull();
    expect(h.grad).toBeNull();
  });

  test('computes no gradient that nobody asked for', () => {
    const asked: string[] = [];
    const op = w.customGrad('op', (a, b) => ({ value: w.mul(a!, b!), pullback: () => [w.ones([1]), w.ones([1])] }));
    const spy = (name: string, x: Tensor): Tensor =>
      w.record('spy', w.mul(w.detach(x), 1), [
        x,
        (g) => {
          asked.push(name);
          return g;
        },
      ]);
    w.backward(w.sum(op(spy('parameter', p([1])), spy('constant', w.tensor([1])))));
    expect(asked).toEqual(['parameter']);
  });

  test('needs a scalar loss that depends on a parameter', () => {
    expect(() => w.backward(w.zeros([32, 10]))).toThrow(
      new w.GradientError('backward', 'needs a scalar loss, got [32, 10]. Reduce it with mean() first?'),
    );
    expect(() => w.backward(w.sum(w.zeros([2])))).toThrow('backward: the loss depends on no parameter');
  });

  test('refuses a loss of a finished step', () => {
    const x = p([1]);
    const loss = w.step(() => w.sum(w.square(x)));
    expect(() => w.backward(loss)).toThrow(w.DisposedError);
  });
});

describe('assign', () => {
  const text = /: its inputs or result were assigned new numbers after they were used/;

  test('after a parameter was used makes backward refuse', () => {
    const x = p([1, 2]);
    const loss = w.sum(w.square(x));
    w.assign(x, w.tensor([5, 5]));
    expect(() => w.backward(loss)).toThrow(w.GradientError);
    expect(() => w.backward(loss)).toThrow(/^square/);
    expect(x.grad).toBeNull();
    w.backward(w.sum(w.square(x)));
    expect(numbers(x.grad)).toEqual([10, 10]);
  });

  test('through a view is noticed too', () => {
    const x = p([1, 2, 3]);
    const loss = w.sum(w.exp(x));
    w.assign(w.slice(x, [[1, 2]]), w.tensor([9]));
    expect(() => w.backward(loss)).toThrow(text);
  });

  test('to a constant operand, a result, a condition or indices is noticed too', () => {
    const x = p([1, 2]);
    const batch = w.tensor([3, 4]);
    const product = w.sum(w.mul(x, batch));
    w.assign(batch, w.tensor([0, 0]));
    expect(() => w.backward(product)).toThrow(text);

    const y = w.exp(x);
    w.assign(y, w.tensor([0, 0]));
    expect(() => w.backward(w.sum(w.square(y)))).toThrow(text);

    const condition = w.greater(x, 1);
    const chosen = w.sum(w.where(condition, x, 0));
    w.assign(condition, w.less(x, 9));
    expect(() => w.backward(chosen)).toThrow(text);

    const indices = w.tensor([0, 0], { dtype: 'int32' });
    const picked = w.sum(w.gather(x, indices));
    w.assign(indices, w.tensor([1, 1], { dtype: 'int32' }));
    expect(() => w.backward(picked)).toThrow(text);
  });

  test('before use, or to something else, changes nothing', () => {
    const x = p([1, 2]);
    w.assign(x, w.tensor([3, 4]));
    const loss = w.sum(w.square(x));
    w.assign(p([7]), w.tensor([8]));
    w.backward(loss);
    expect(numbers(x.grad)).toEqual([6, 8]);
  });
});

describe('what is not recorded', () => {
  test('noGrad keeps operations off the tape, and recording goes on after an exception', () => {
    const x = p([1]);
    expect(w.noGrad(() => w.mul(x, 2)).node).toBeNull();
    expect(() =>
      w.noGrad(() => {
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(w.mul(x, 2).node).not.toBeNull();
  });

  test('detach cuts the graph where it is asked to', () => {
    const x = p([3]);
    w.backward(w.sum(w.mul(w.detach(w.square(x)), x)));
    expect(numbers(x.grad)).toEqual([9]);
  });

  test('sign has the gradient zero', () => {
    for (const op of [w.sign, w.round, w.floor, w.ceil])
      expect(numbers(w.grad(() => w.sum(op(x)), [x])[0]!)).toEqual([0, 0]);
  });
  const x = w.tensor([1.5, -2]);

  test('an operation on constants alone', () => {
    expect(w.add(x, 1).node).toBeNull();
  });

  test('a graph is never cut silently: an operation without a gradient refuses', () => {
    const refused = w.record('floor', w.tensor([1]), [
      p([1.5]),
      () => {
        throw new w.GradientError('floor', 'has no gradient');
      },
    ]);
    expect(() => w.backward(w.sum(refused))).toThrow(w.GradientError);
  });
});

describe('grad and valueAndGrad', () => {
  test('give value and gradients, zeros where nothing depends, and leave the tensors as they were', () => {
    const [a, b, c] = [w.tensor([2, 3]), w.tensor([4, 5]), w.tensor([1])];
    const { value, grads } = w.valueAndGrad(() => w.sum(w.mul(a, b)), [a, b, c]);
    expect(value.item()).toBe(23);
    expect(grads.map(numbers)).toEqual([[4, 5], [2, 3], [0]]);
    expect([a, b, c].map((t) => [t.requiresGrad, t.grad])).toEqual(Array(3).fill([false, null]));
  });

  test('leave the tensors as they were when the loss throws or one of them is no float', () => {
    const [a, i] = [w.tensor([1]), w.tensor([1], { dtype: 'int32' })];
    expect(() => w.grad(() => w.mul(w.zeros([2]), w.zeros([3])), [a])).toThrow(w.ShapeError);
    expect(() => w.grad(() => w.sum(a), [a, i])).toThrow('parameter: needs float32 or float64, got int32');
    expect(a.requiresGrad).toBe(false);
  });

  test('work inside noGrad, and with the same tensor asked for twice', () => {
    const a = w.tensor([3]);
    const [first, second] = w.noGrad(() => w.grad(() => w.sum(w.square(a)), [a, a]));
    expect([numbers(first!), numbers(second!)]).toEqual([[6], [6]]);
  });

  test('give the gradient of a value in the middle of a graph', () => {
    const a = p([3]);
    const middle = w.square(a);
    const [g] = w.grad(() => w.sum(w.mul(middle, 7)), [middle]);
    expect(numbers(g!)).toEqual([7]);
  });

  test('may run inside a pullback: checkpointing leaves the outer gradients whole', () => {
    const x = p([2]);
    const checkpointed = w.customGrad('checkpoint', (h) => ({
      value: w.square(h!),
      pullback: (g) => w.grad(() => w.sum(w.mul(w.square(h!), g)), [h!]),
    }));
    const h = w.mul(x, 3);
    w.backward(w.sum(w.add(checkpointed(h), h))); // 9x² + 3x
    expect(numbers(x.grad)).toEqual([39]);
  });
});

describe('customGrad', () => {
  test('uses the pullback it is given, once for all inputs', () => {
    let calls = 0;
    const op = w.customGrad('op', (a, b) => ({
      value: w.add(a!, b!),
      pullback: (g) => {
        calls++;
        return [w.mul(g, 10), w.mul(g, 20)];
      },
    }));
    const [a, b] = [p([1]), p([1])];
    w.backward(w.sum(op(a, b)));
    expect([numbers(a.grad), numbers(b.grad), calls]).toEqual([[10], [20], 1]);
  });

  test('may return its input as the value', () => {
    const reversed = w.customGrad('reverse', (x) => ({ value: x!, pullback: (g) => [w.neg(g)] }));
    const x = p([1]);
    w.backward(w.sum(w.mul(reversed(x), 3)));
    expect(numbers(x.grad)).toEqual([-3]);
    expect(x.node).toBeNull();
  });

  test('refuses gradients of the wrong number, shape or type', () => {
    const giving = (gradients: readonly Tensor[]) => () => {
      const op = w.customGrad('op', (x) => ({ value: w.mul(x!, 1), pullback: () => gradients }));
      w.backward(w.sum(op(p([1, 2]))));
    };
    expect(giving([])).toThrow('op: its pullback gave 0 gradients for 1 inputs');
    expect(giving([w.ones([3])])).toThrow('op: the gradient is float32 [3], its input float32 [2]');
    expect(giving([w.ones([2], 'float64')])).toThrow('op: the gradient is float64 [2], its input float32 [2]');
  });
});

describe('element types', () => {
  test('float32 and float64 do not mix, and integers are not computed with', () => {
    const [single, double, whole] = [w.ones([2]), w.ones([2], 'float64'), w.ones([2], 'int32')];
    expect(() => w.add(single, double)).toThrow(
      'add: element types differ, got float32 and float64. cast() one operand?',
    );
    expect(() => w.mul(single, whole)).toThrow(w.DTypeError);
    expect(() => w.parameter(whole)).toThrow(w.GradientError);
  });

  test('cast between floats carries the gradient back, in the type of its input', () => {
    const x = p([0.5, 2]);
    const c = w.tensor([3, 4], { dtype: 'float64' });
    w.backward(w.cast(w.sum(w.mul(w.cast(x, 'float64'), c)), 'float32'));
    expect(bits(x.grad!)).toBe('float32 [2] 3 4');
    expect(w.cast(x, 'int32').node).toBeNull();
    expect(w.cast(x, 'float32')).toBe(x);
  });

  test('a number operand takes the type of the tensor', () => {
    expect(w.add(w.tensor([0], { dtype: 'float64' }), 0.1).item()).toBe(0.1);
    expect(w.add(w.tensor([0]), 0.1).item()).toBe(Math.fround(0.1));
  });
});

describe('trace', () => {
  test('reports each operation forward and backward and returns what the body returns', () => {
    const lines: string[] = [];
    const x = p([1, -2]);
    const result = w.trace(
      () => {
        const loss = w.sum(w.mul(x, w.tensor([3, 4])));
        w.backward(loss);
        return loss.item();
      },
      (line) => lines.push(line.replace(/ +/g, ' ').trim()),
    );
    expect(result).toBe(-5);
    expect(lines).toEqual([
      '1 mul [2] [2] -> [2] min -8 mean -2.5 max 3',
      '2 sum [2] -> [] -5',
      '3 reshape [] -> [1] 1',
      '4 broadcastTo [1] -> [2] min 1 mean 1 max 1',
      '5 mul [2] [2] -> [2] min 3 mean 3.5 max 4',
    ]);
    w.add(x, 1);
    expect(lines.length).toBe(5);
  });
});
