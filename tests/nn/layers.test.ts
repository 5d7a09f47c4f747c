import { describe, expect, test } from 'vitest';
import { isIdle } from '../../src/graph/facts.ts';
import {
  type ActivationChoice,
  assign,
  cloneModel,
  Dense,
  Dropout,
  Flatten,
  full,
  Layer,
  type LossName,
  l1l2,
  loadModel,
  mul,
  ones,
  Parameter,
  parameter,
  type Regularizer,
  Sequential,
  type Shape,
  ShapeError,
  StateError,
  saveModel,
  sub,
  type Tensor,
  zeros,
} from '../../src/index.ts';
import { list, noise, of } from './tools.ts';

describe('an activity penalty is of the outputs, not of what the activation is given,', () => {
  const draw = noise(61);
  const x = of(list(15, draw), [5, 3]);
  const y = of([1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1], [5, 3]);

  test.each<[ActivationChoice, LossName]>([
    ['linear', 'mse'],
    ['relu', 'mse'],
    ['tanh', 'mse'],
    ['sigmoid', 'mse'],
    ['softmax', 'mse'],
    ['sigmoid', 'binaryCrossentropy'], // these two work on logits
    ['softmax', 'categoricalCrossentropy'],
  ])('%s under %s', (activation, loss) => {
    const make = (rule: { activityRegularizer?: Regularizer }): Sequential => {
      const layers = [
        new Dense(4, { activation, ...rule, inputShape: [3], biasInitializer: 'ones' }),
        new Dense(3, { activation, ...rule }),
      ];
      const model = new Sequential(layers, { seed: 3, dtype: 'float64' });
      model.compile({ optimizer: 'sgd', loss });
      return model;
    };
    const [plain, penalized] = [make({}), make({ activityRegularizer: l1l2({ l1: 0.5, l2: 0.25 }) })];
    const hidden = new Sequential([plain.layers[0]!.clone()], { seed: 3, dtype: 'float64' });
    const outputs = [...hidden.predict(x).data, ...plain.predict(x).data];
    const wanted = outputs.reduce((sum, v) => sum + 0.5 * Math.abs(v) + 0.25 * v * v, 0) / 5;
    const [{ loss: without }, { loss: measured }] = [plain.evaluate(x, y), penalized.evaluate(x, y)];
    expect(measured! - without!).toBeCloseTo(wanted, 10);
    expect(penalized.trainOnBatch(x, y).loss).toBeCloseTo(measured!, 10);
  });
});

describe('Dropout', () => {
  const x = ones([4, 6]);

  test('of 0 drops nothing and of 1 everything, in training and after a file', () => {
    for (const [rate, wanted] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const model = new Sequential([new Dropout(rate, { inputShape: [6], training: true })]);
      for (const one of [model, loadModel(saveModel(model)), new Sequential([model.layers[0]!.clone()])]) {
        expect([...one.forward(x, { training: true }).data]).toEqual(Array(24).fill(wanted));
        expect([...one.predict(x).data]).toEqual(Array(24).fill(wanted));
      }
      expect([...new Sequential([new Dropout(rate)]).predict(x).data]).toEqual(Array(24).fill(1));
    }
  });

  test.each([-0.1, 1.1, Number.NaN, Number.POSITIVE_INFINITY])('of %s is refused', (rate) => {
    expect(() => new Dropout(rate)).toThrow(`Dropout: rate must be between 0 and 1, got ${rate}`);
  });

  test('acts in training, outside only when told so, and never at a rate of 0', () => {
    const acts = (rate: number, options = {}): boolean[] =>
      [true, false].map((on) => {
        const { graph } = new Sequential([new Dropout(rate, { ...options, inputShape: [2] })]);
        return !isIdle(graph.nodes[0]!, on);
      });
    expect(acts(0.5)).toEqual([true, false]);
    expect(acts(0.5, { training: false })).toEqual([true, false]);
    expect(acts(0.5, { training: true })).toEqual([true, true]);
    expect(acts(0)).toEqual([false, false]);
    expect(acts(0, { training: true })).toEqual([false, false]);
  });

  test('draws by the step that it is told, 0 too, else by the steps of the model', () => {
    const model = new Sequential([new Dropout(0.5, { inputShape: [40] })]);
    const at = (context: { step?: number } = {}): number[] => [
      ...model.forward(ones([1, 40]), { training: true, ...context }).data,
    ];
    const [first, third] = [at({ step: 0 }), at({ step: 2 })];
    expect(first).not.toEqual(third);
    expect(at()).toEqual(first);
    model.steps = 2;
    expect(at()).toEqual(third);
    expect(at({ step: 0 })).toEqual(first);
  });
});

describe('Flatten', () => {
  test.each<[Shape, number]>([
    [[], 1],
    [[5], 5],
    [[2, 3], 6],
    [[2, 3, 1], 6],
    [[0], 0],
    [[2, 0], 0],
  ])('makes samples %j to %i numbers, in batches of any size, 0 too', (shape, size) => {
    const model = new Sequential([new Flatten()]);
    model.build(shape);
    expect(model.outputShape).toEqual([size]);
    for (const n of [0, 1, 3]) {
      expect(model.forward(zeros([n, ...shape])).shape).toEqual([n, size]);
      expect(model.predict(zeros([n, ...shape])).shape).toEqual([n, size]);
    }
  });
});

class Nothing extends Layer {
  override readonly type = 'nothing';
  override clone(): Nothing {
    return new Nothing();
  }
}

describe('a layer that is not built says so by its name:', () => {
  const context = { training: true, step: 0, penalties: [] };

  test.each<[string, () => unknown, string]>([
    ['the kernel', () => new Dense(2, { name: 'mine' }).kernel, 'Dense: layer mine is not built yet'],
    ['the bias', () => new Dense(2, { name: 'mine' }).bias, 'Dense: layer mine is not built yet'],
    ['a call', () => new Dense(2, { name: 'mine' }).call(ones([1, 2]), context), 'dense: layer mine has no call()'],
    [
      'a layer that is none',
      () => new Sequential([new Nothing({ name: 'mine' })]).build([2]),
      'neither lower() nor build()',
    ],
  ])('%s', (_what, use, message) => {
    expect(use).toThrow(StateError);
    expect(use).toThrow(message);
  });

  test('one without bias has none, built or not', () => {
    const layer = new Dense(2, { useBias: false });
    expect(layer.bias).toBe(null);
    new Sequential([layer]).build([3]);
    expect(layer.bias).toBe(null);
    expect(layer.weights.map(({ name }) => name)).toEqual(['dense/kernel']);
  });
});

test('Dense acts on the last axis of samples with more than one, and needs one', () => {
  const layer = new Dense(2, { name: 'mine', kernelInitializer: 'ones', biasInitializer: 'ones' });
  const model = new Sequential([layer]);
  expect(() => model.build([])).toThrow(ShapeError);
  expect(() => model.build([])).toThrow('Dense: layer mine needs at least one axis, got []');
  model.build([2, 3]);
  expect([layer.kernel.shape, layer.bias!.shape, model.outputShape]).toEqual([[3, 2], [2], [2, 2]]);
  const y = model.predict(of([1, 2, 3, 4, 5, 6], [1, 2, 3], 'float32'));
  expect([y.shape, [...y.data]]).toEqual([
    [1, 2, 2],
    [7, 7, 16, 16],
  ]);
});

test.each([0, -1, 1.5, Number.NaN])('Dense of %s units is refused', (units) => {
  expect(() => new Dense(units)).toThrow(`Dense: units must be a positive integer, got ${units}`);
});

test('a statistic is stored and copied as other weights are, and no optimizer moves it', () => {
  class Centred extends Layer {
    override readonly type = 'centred';
    override readonly replayable = true;
    override build(shape: readonly number[]): readonly number[] {
      const made = (role: string): Parameter =>
        new Parameter(`${this.name}/${role}`, parameter(ones([...shape], 'float32')));
      this.weights = [made('mean'), made('gain')];
      this.weights[0]!.isStatistic = true;
      return shape;
    }
    override call(x: Tensor): Tensor {
      return mul(sub(x, this.parameter('mean').value), this.parameter('gain').value);
    }
    override clone(): Centred {
      return new Centred();
    }
  }
  for (const replay of [true, false]) {
    const model = new Sequential([new Dense(3, { inputShape: [2] }), new Centred({ name: 'own' })]);
    model.compile({ optimizer: 'adam', loss: 'mse', replay });
    expect(model.trainable.map(({ name }) => name)).toEqual(['dense/kernel', 'dense/bias', 'own/gain']);
    assign(model.layer('own').parameter('mean').value, full([3], 0.5, 'float32'));
    model.fit(ones([8, 2]), ones([8, 3]), { epochs: 5, batchSize: 2 });
    const [mean, gain] = ['mean', 'gain'].map((role) => [...model.layer('own').parameter(role).value.data]);
    expect(mean).toEqual([0.5, 0.5, 0.5]);
    expect(gain).not.toContain(1);
    expect(model.getWeights()).toHaveLength(4);
    const copy = cloneModel(model);
    expect([...copy.layer('own').parameter('mean').value.data]).toEqual(mean);
    expect(copy.trainable.map(({ name }) => name)).toEqual(['dense/kernel', 'dense/bias', 'own/gain']);
  }
});
