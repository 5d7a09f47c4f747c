import { describe, expect, test } from 'vitest';
import {
  binaryCrossentropy,
  categoricalCrossentropy,
  Dense,
  hinge,
  huber,
  klDivergence,
  type Loss,
  loadModel,
  meanAbsoluteError,
  meanSquaredError,
  Sequential,
  ShapeError,
  saveModel,
  sparseCategoricalCrossentropy,
  square,
  sub,
  sum,
  type Tensor,
  tensor,
  valueAndGrad,
} from '../../src/index.ts';
import { lossByName, lossOf, reduceLoss } from '../../src/nn/losses.ts';
import { recipeOf } from '../../src/nn/recipes.ts';
import { expectClose, labels, list, mean, of } from './tools.ts';

const smoothed = { fromLogits: false, labelSmoothing: 0.25 };
const onLogits = { fromLogits: true, labelSmoothing: 0.25 };

const elementwise: readonly (readonly [name: string, loss: Loss, f: (t: number, p: number) => number])[] = [
  ['mse', meanSquaredError(), (t, p) => (t - p) ** 2],
  ['mae', meanAbsoluteError(), (t, p) => Math.abs(t - p)],
  ['huber', huber({ delta: 100 }), (t, p) => (t - p) ** 2 / 2],
  ['hinge', hinge(), (t, p) => Math.max(0, 1 - t * p)],
  [
    'binaryCrossentropy',
    binaryCrossentropy({ fromLogits: true }),
    (t, p) => Math.max(p, 0) - t * p + Math.log1p(Math.exp(-Math.abs(p))),
  ],
];

const named: readonly (readonly [name: string, loss: Loss])[] = [
  ...elementwise.map(([name, loss]) => [name, loss] as const),
  ['klDivergence', klDivergence()],
  ['binaryCrossentropy', binaryCrossentropy()],
  ['categoricalCrossentropy', categoricalCrossentropy()],
  ['categoricalCrossentropy', categoricalCrossentropy(onLogits)],
];

function thrown<T>(body: () => unknown): T {
  try {
    body();
  } catch (error) {
    return error as T;
  }
  return expect.fail('nothing was thrown');
}

describe('every loss', () => {
  test.each(named)('%s has its name, also in its errors, which show targets first', (name, loss) => {
    expect(loss.name).toBe(name);
    expect(recipeOf(loss)).toEqual({ name, ...loss.options });
    const error = thrown<ShapeError>(() => loss.call(of([0, 1, 0], [3]), of([0, 1, 0], [3, 1])));
    expect(error).toBeInstanceOf(ShapeError);
    expect([error.op, error.shapes]).toEqual([name, [[3], [3, 1]]]);
  });

  test('of labels names what came in their place', () => {
    const loss = sparseCategoricalCrossentropy();
    expect(loss.name).toBe('sparseCategoricalCrossentropy');
    const p = of([0.5, 0.5, 0.5, 0.5], [2, 2]);
    for (const dtype of ['float32', 'uint8', 'bool'] as const)
      expect(() => loss.call(tensor([0, 1], { dtype }), p)).toThrow(
        `sparseCategoricalCrossentropy: labels must be int32, got ${dtype}`,
      );
    for (const count of [1, 3])
      expect(() => loss.call(labels(list(count, () => 0)), p)).toThrow(
        `sparseCategoricalCrossentropy: needs one label per row of predictions, got [${count}] and [2, 2]`,
      );
  });

  test.each([
    [binaryCrossentropy, 'binaryCrossentropy'],
    [categoricalCrossentropy, 'categoricalCrossentropy'],
    [sparseCategoricalCrossentropy, 'sparseCategoricalCrossentropy'],
  ])('refuses a smoothing out of range by its own name: %#', (make, name) => {
    for (const labelSmoothing of [-0.1, 1, Number.NaN])
      expect(() => make({ labelSmoothing })).toThrow(
        `${name}: labelSmoothing must be in [0, 1), got ${labelSmoothing}`,
      );
    expect(make({ labelSmoothing: 0 }).options).toEqual({ fromLogits: false, labelSmoothing: 0 });
  });

  test.each([
    ['mse', meanSquaredError(), undefined, null],
    ['mae', meanAbsoluteError(), undefined, null],
    ['huber', huber(), { delta: 1 }, null],
    ['huber', huber({ delta: 0.5 }), { delta: 0.5 }, null],
    ['hinge', hinge(), undefined, null],
    ['klDivergence', klDivergence(), undefined, null],
    ['binaryCrossentropy', binaryCrossentropy(smoothed), smoothed, 'sigmoid'],
    ['binaryCrossentropy', binaryCrossentropy(onLogits), onLogits, null],
    ['categoricalCrossentropy', categoricalCrossentropy(smoothed), smoothed, 'softmax'],
    ['categoricalCrossentropy', categoricalCrossentropy(onLogits), onLogits, null],
    ['sparseCategoricalCrossentropy', sparseCategoricalCrossentropy(smoothed), smoothed, 'softmax'],
    ['sparseCategoricalCrossentropy', sparseCategoricalCrossentropy(onLogits), onLogits, null],
  ] as const)('%s is made again from its options, %#', (name, loss, options, activation) => {
    expect(loss.options).toEqual(options);
    const again = lossByName(name, loss.options ?? {});
    for (const one of [loss, again]) {
      expect([one.name, one.replayable, one.activation ?? null]).toEqual([name, true, activation]);
      expect(one.callLogits !== undefined).toBe(activation !== null);
    }
    expect(again.options).toEqual(options);
    const t = name.startsWith('sparse') ? labels([0, 1]) : of([1, 0, 0, 1], [2, 2]);
    const p = of([0.7, 0.3, -4, 9], [2, 2]);
    expect([...again.call(t, p).data]).toEqual([...loss.call(t, p).data]);
  });

  test.each(elementwise)('%s has one number a sample, whatever the shape', (_, loss, f) => {
    for (const shape of [[6], [6, 1], [1, 6], [2, 3, 1], [2, 1, 3], [6, 1, 1], [1, 1, 6], [1], [1, 1], [0], [0, 3]]) {
      const size = shape.reduce((p, q) => p * q, 1);
      const [t, p] = [list(size, () => -1), list(size, () => 0)];
      p.forEach((_p, i) => {
        p[i] = i - 2.5;
      });
      const width = size === 0 ? 1 : size / shape[0]!;
      const found = loss.call(of(t, shape), of(p, shape));
      expect(found.shape).toEqual([shape[0]]);
      const wanted = Array.from({ length: shape[0]! }, (_n, row) =>
        mean(list(width, () => 0).map((_z, i) => f(-1, p[row * width + i]!))),
      );
      expectClose(found.data, wanted, 1e-14);
    }
  });
});

describe('huber', () => {
  test('takes a delta of any positive size, and none that is not finite', () => {
    const p = of([3, -0.25], [2, 1]);
    const zeros = of([0, 0], [2, 1]);
    for (const [delta, wanted] of [
      [1e-3, [1e-3 * (3 - 5e-4), 1e-3 * (0.25 - 5e-4)]],
      [3, [4.5, 0.03125]],
      [1e6, [4.5, 0.03125]],
    ] as const)
      expectClose(huber({ delta }).call(zeros, p).data, wanted, 1e-12);
    for (const delta of [0, -1, Number.NaN, Infinity])
      expect(() => huber({ delta })).toThrow(`huber: delta must be positive, got ${delta}`);
  });

  test('has a slope of delta at and beyond delta', () => {
    const p = of([-5, -2, -1, 2, 5], [5, 1]);
    const { grads } = valueAndGrad(
      () =>
        sum(
          huber({ delta: 2 }).call(
            of(
              list(5, () => 0),
              [5, 1],
            ),
            p,
          ),
        ),
      [p],
    );
    expect([...grads[0]!.data]).toEqual([-2, -2, -1, 2, 2]);
  });
});

describe('hinge', () => {
  const of2 = (t: number[], p: number[]): number[] => [...hinge().call(of(t, [t.length]), of(p, [p.length])).data];

  test('takes a target of 0 as -1, whatever the others of the batch are', () => {
    expect(of2([0, 0], [0.5, -2])).toEqual([1.5, 0]);
    expect(of2([1, 1], [0.5, 2])).toEqual([0.5, 0]);
    expect(of2([0, 1], [0.5, 0.5])).toEqual([1.5, 0.5]);
    expect(of2([-1, 1], [0.5, 0.5])).toEqual([1.5, 0.5]);
    expect(of2([0, 0.5], [0.5, 0.5])).toEqual([1.5, 0.75]);
    expect(of2([-1, 0, 1], [0.5, 0.5, 0.5])).toEqual([1.5, 1.5, 0.5]);
    expect(of2([1], [1])).toEqual([0]);
  });
});

test('klDivergence keeps 1 as it is, and probabilities of 0 at 1e-7', () => {
  const kl = (t: number[], p: number[]): number[] => [...klDivergence().call(of(t, [1, 2]), of(p, [1, 2])).data];
  expect(kl([1, 0], [1, 0])).toEqual([0]);
  expectClose(kl([0.5, 0.5], [1, 0]), [0.5 * Math.log(0.5) + 0.5 * Math.log(0.5 / 1e-7)], 1e-12);
  expectClose(kl([1, 0], [0.5, 0.5]), [Math.log(2) + 1e-7 * Math.log(1e-7 / 0.5)], 1e-12);
  expectClose(kl([2, 0], [1, 1]), [1e-7 * Math.log(1e-7)], 1e-12); // no target above 1
});

test('probabilities of crossentropies are kept 1e-7 from 0 and 1', () => {
  const far = -Math.log(1e-7);
  const near = -Math.log(1 - 1e-7);
  const [one, zero] = [of([1, 1], [2, 1]), of([0, 1], [2, 1])];
  expectClose(binaryCrossentropy().call(one, zero).data, [far, near], 1e-9);
  expectClose(categoricalCrossentropy().call(of([1, 0], [1, 2]), of([0, 1], [1, 2])).data, [far], 1e-12);
  expectClose(categoricalCrossentropy().call(of([0, 1], [1, 2]), of([0, 3], [1, 2])).data, [near], 1e-9);
});

describe('the loss of a batch', () => {
  test('is the mean, with weights the mean of weighted losses, in the type of the losses', () => {
    for (const dtype of ['float32', 'float64'] as const) {
      const losses = of([1, 2, 6], [3], dtype);
      expect(reduceLoss(losses, null).item()).toBe(3);
      for (const weights of [of([2, 0, 1], [3]), of([2, 0, 1], [3], 'float32'), labels([2, 0, 1])]) {
        const found = reduceLoss(losses, weights);
        expect([found.dtype, found.item()]).toEqual([dtype, Math[dtype === 'float32' ? 'fround' : 'abs'](8 / 3)]);
      }
    }
    expect(() => reduceLoss(of([1], []), of([1, 1], [2]))).toThrow(
      'loss: sample weights need one loss per sample, got [] and [2]',
    );
    expect(() => reduceLoss(of([1, 2], [2]), of([1], [1]))).toThrow(/got \[2\] and \[1\]/);
  });
});

describe('a loss of the user', () => {
  function mse(t: Tensor, p: Tensor): Tensor {
    return square(sub(t, p));
  }

  test('is called custom whatever its function is called, and is not repeated without being asked', () => {
    expect(lossOf(mse)).toEqual({ name: 'custom', call: mse });
    expect(recipeOf(lossOf(mse))).toBe(undefined);
    const own: Loss = { name: 'mine', call: mse, replayable: true };
    expect(lossOf(own)).toBe(own);
    const model = new Sequential([new Dense(1, { inputShape: [1] })]);
    model.compile({ loss: mse });
    expect(loadModel(saveModel(model, { withoutCode: true })).isCompiled).toBe(false);
  });
});
