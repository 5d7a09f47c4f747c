import { describe, expect, test } from 'vitest';
import {
  Adam,
  type Callback,
  Dense,
  Dropout,
  DTypeError,
  digest,
  type FitOptions,
  Flatten,
  type FloatDType,
  fromData,
  ones,
  parameter,
  Sequential,
  SGD,
  type Tensor,
  ValueError,
  zeros,
} from '../../src/index.ts';
import { list, noise, of } from './tools.ts';

const draw = noise(71);
const x = of(list(12, draw), [6, 2], 'float32');
const y = of(list(6, draw), [6, 1], 'float32');

function made(options: { inputShape?: number[] } = {}): Sequential {
  const model = new Sequential([new Dense(3, { activation: 'tanh', ...options }), new Dense(1)], { seed: 2 });
  model.compile({ optimizer: new Adam({ learningRate: 0.1 }), loss: 'mse' });
  return model;
}

describe('a fit that is refused', () => {
  const wrong: Readonly<Record<string, FitOptions>> = {
    'a batch size': { batchSize: 0 },
    'a number of epochs': { epochs: -1 },
    'a first epoch': { initialEpoch: -1 },
    'a share': { validationSplit: 2 },
    'a share of everything': { validationSplit: 0.99 },
    'weights of samples': { sampleWeight: ones([5]) },
    'weights of classes': { classWeight: {} },
    'held-out samples': { validationData: [x, ones([5, 1])] },
  };

  test.each(Object.keys(wrong))('for %s builds no model and calls no callback', (name) => {
    const model = made();
    const calls: string[] = [];
    const log: Callback = { onTrainBegin: () => calls.push('begin'), onTrainEnd: () => calls.push('end') };
    expect(() => model.fit(x, y, { ...wrong[name], callbacks: [log] })).toThrow();
    expect([model.isBuilt, model.steps, calls]).toEqual([false, 0, []]);
    expect(() => model.fit(ones([6, 4]), y)).not.toThrow(); // of any shape still
  });

  test('for it is being fitted leaves the other fit and its flag alone', () => {
    const model = made();
    let refused = 0;
    const again: Callback = {
      onBatchEnd: () => {
        model.stopTraining = true;
        expect(() => model.fit(x, y)).toThrow('fit: this model is being trained already');
        expect(model.stopTraining).toBe(true);
        refused++;
      },
    };
    expect(model.fit(x, y, { epochs: 50, batchSize: 2, callbacks: [again] }).epochs).toEqual([0]);
    expect(refused).toBe(1);
  });
});

describe('a fit that ends early', () => {
  test('is over after a callback that throws at its end, and the model can be fitted', () => {
    const model = made();
    const bad: Callback = {
      onTrainEnd: () => {
        throw new Error('mine');
      },
    };
    expect(() => model.fit(x, y, { callbacks: [bad] })).toThrow('mine');
    expect(model.fit(x, y).epochs).toEqual([0]);
  });

  test('may be followed by another from the end of the first', () => {
    const model = made();
    const more: number[] = [];
    const again: Callback = { onTrainEnd: (m) => more.push(...m.fit(x, y, { epochs: 2 }).epochs) };
    model.fit(x, y, { callbacks: [again] });
    expect([more, model.steps]).toEqual([[0, 1], 3]);
  });

  test.each<[string, Callback, epochs: number[], steps: number]>([
    ['at the beginning', { onTrainBegin: stop }, [], 0],
    ['after the first epoch', { onEpochEnd: (_epoch, _logs, m) => stop(m) }, [0], 3],
    ['after the second batch', { onBatchEnd: (batch, _logs, m) => batch === 1 && stop(m) }, [0], 2],
    ['before the second batch, which is still made', { onBatchBegin: (batch, m) => batch === 1 && stop(m) }, [0], 2],
  ])('%s has the epochs and steps until then', (_when, callback, epochs, steps) => {
    const model = made();
    expect(model.fit(x, y, { epochs: 4, batchSize: 2, callbacks: [callback] }).epochs).toEqual(epochs);
    expect([model.steps, model.optimizer.iterations]).toEqual([steps, steps]);
  });

  function stop(model: Sequential): void {
    model.stopTraining = true;
  }
});

describe('inputs of another type than the model', () => {
  const inputs: Readonly<Record<string, Tensor>> = {
    float32: zeros([6, 2], 'float32'),
    float64: zeros([6, 2], 'float64'),
    int32: fromData(new Int32Array(12), [6, 2]),
    bool: fromData(new Uint8Array(12), [6, 2], 'bool'),
  };
  test.each(['float32', 'float64'] as const)('%s are refused by every use of it', (dtype: FloatDType) => {
    for (const [type, input] of Object.entries(inputs)) {
      const layers = [new Dense(1, { inputShape: [2] })];
      const model = new Sequential(layers, { dtype });
      model.compile({ optimizer: 'sgd', loss: 'mse' });
      const before = digest(model);
      const targets = zeros([6, 1], dtype);
      const uses = [
        () => model.forward(input),
        () => model.predict(input),
        () => model.evaluate(input, targets),
        () => model.trainOnBatch(input, targets),
        () => model.fit(input, targets),
      ];
      for (const use of uses) {
        if (type === dtype) expect(use).not.toThrow();
        else {
          expect(use).toThrow(DTypeError);
          expect(use).toThrow(`the input is not of the type of the model, got ${type} and ${dtype}. cast() it?`);
          expect([digest(model), model.steps]).toEqual([before, 0]);
        }
      }
    }
  });
});

describe('a model', () => {
  test.each([-1, 1.5, Number.NaN, 2 ** 53])('of the seed %s is refused', (seed) => {
    expect(() => new Sequential([new Dense(1)], { seed })).toThrow(ValueError);
    expect(() => new Sequential([new Dense(1)], { seed })).toThrow(`, got ${seed}`);
  });

  test('of samples that are single numbers is built at once', () => {
    const model = new Sequential([new Flatten({ inputShape: [] }), new Dense(2)]);
    expect([model.isBuilt, model.inputShape, model.outputShape]).toEqual([true, [], [2]]);
    expect(model.predict(ones([3])).shape).toEqual([3, 2]);
  });

  test('runs forward as outside training unless told otherwise', () => {
    const model = new Sequential([new Dropout(1, { inputShape: [4] })]);
    expect([...model.forward(ones([1, 4])).data]).toEqual([1, 1, 1, 1]);
    expect([...model.forward(ones([1, 4]), { training: true }).data]).toEqual([0, 0, 0, 0]);
  });

  test('knows the shape after each layer', () => {
    const model = new Sequential([new Dense(5, { inputShape: [2, 3] }), new Flatten(), new Dense(4)]);
    expect([0, 1, 2].map((i) => model.shapeAfter(i))).toEqual([[2, 5], [10], [4]]);
    expect([model.inputShape, model.outputShape]).toEqual([[2, 3], [4]]);
  });
});

describe('a schedule', () => {
  test('that gives no rate stops training before anything counts', () => {
    const rates = [0.5, -0.5, Number.NaN, Infinity];
    for (const bad of rates.slice(1)) {
      const p = parameter(of([1], [1]));
      const optimizer = new Adam({ learningRate: (step) => (step === 1 ? bad : 0.5) });
      optimizer.apply([p], [of([1], [1])]);
      const before = [p.data[0], optimizer.state([p])];
      expect(() => optimizer.apply([p], [of([1], [1])])).toThrow(`Adam: learningRate must be at least 0, got ${bad}`);
      expect([p.data[0], optimizer.state([p])]).toEqual(before);
    }
  });

  test('may come to 0: steps count and move nothing', () => {
    const p = parameter(of([1], [1]));
    const optimizer = new SGD({ learningRate: (step) => (step < 1 ? 0.25 : 0) });
    for (let i = 0; i < 3; i++) optimizer.apply([p], [of([1], [1])]);
    expect([p.data[0], optimizer.iterations]).toEqual([0.75, 3]);
  });
});
