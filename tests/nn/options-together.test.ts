import { describe, expect, test } from 'vitest';
import {
  binaryCrossentropy,
  type Callback,
  type CompileOptions,
  categoricalCrossentropy,
  Dense,
  Dropout,
  digest,
  exponentialDecay,
  type FitOptions,
  flip,
  type Loss,
  l2,
  loadModel,
  mean as meanOf,
  reshape,
  Sequential,
  SGD,
  ShapeError,
  saveModel,
  slice,
  sparseCategoricalCrossentropy,
  square,
  sub,
  sum,
  type Tensor,
  tensor,
} from '../../src/index.ts';
import { expectClose, labels, list, mean, noise, of } from './tools.ts';

/** Options that are each right alone. */

const N = 22;
const draw = noise(83);
const values = list(N, draw);
const side = list(N, () => Number(draw() > 0.2));
const own = list(N, () => 1 + draw());
const column = (numbers: readonly number[]): Tensor => of(numbers, [numbers.length, 1]);
const x = column(values);
const y = column(side);
const sampleWeight = of(own, [N]);
const classWeight = { 0: 0.25, 1: 3 };
const weightOf = (i: number): number => classWeight[side[i] as 0 | 1];

/** Predicts w·x, w = 1. */
function line(options: Partial<CompileOptions> = {}): Sequential {
  const layer = new Dense(1, { useBias: false, inputShape: [1], kernelInitializer: 'ones' });
  const model = new Sequential([layer], { dtype: 'float64' });
  model.compile({ optimizer: new SGD({ learningRate: 1e-300 }), loss: 'mse', metrics: ['mae'], ...options });
  return model;
}
const errors = values.map((v, i) => v - side[i]!);

describe('weights of classes and of samples', () => {
  const both = { classWeight, sampleWeight };
  const product = side.map((_, i) => weightOf(i) * own[i]!);

  test('multiply, and stay with their samples in shuffled batches', () => {
    const figures = (options: FitOptions): readonly number[] =>
      line().fit(x, y, { epochs: 4, batchSize: 5, ...options }).history.loss!;
    const weighted = (weights: (i: number) => number): number => mean(errors.map((e, i) => weights(i) * e * e));
    const four = (value: number): number[] => [value, value, value, value];
    expectClose(figures({ sampleWeight }), four(weighted((i) => own[i]!)), 1e-12);
    expectClose(figures({ classWeight }), four(weighted(weightOf)), 1e-12);
    expectClose(figures(both), four(weighted((i) => product[i]!)), 1e-12);
    const views = [flip(of([...own].reverse(), [N]), [0]), slice(of([9, ...own], [N + 1]), [[1, null]])];
    for (const view of views) {
      expectClose(figures({ sampleWeight: view }), four(weighted((i) => own[i]!)), 1e-12);
      expectClose(figures({ classWeight, sampleWeight: view }), four(weighted((i) => product[i]!)), 1e-12);
    }
    expectClose(figures({ sampleWeight: labels(side) }), four(weighted((i) => side[i]!)), 1e-12);
  });

  test('are those of the training part where samples are held out, whose figures and metrics are not weighted', () => {
    const part = 16; // of 22: the last quarter, rounded up, is held out
    const { history } = line().fit(x, y, { ...both, epochs: 3, batchSize: 5, validationSplit: 0.25 });
    const trained = errors.slice(0, part);
    const held = errors.slice(part);
    for (let epoch = 0; epoch < 3; epoch++) {
      const logs = ['loss', 'mae', 'val_loss', 'val_mae'].map((key) => history[key]![epoch]!);
      const wanted = [
        mean(trained.map((e, i) => product[i]! * e * e)),
        mean(trained.map(Math.abs)),
        mean(held.map((e) => e * e)),
        mean(held.map(Math.abs)),
      ];
      expectClose(logs, wanted, 1e-12, `epoch ${epoch}`);
    }
    const fitted = (options: FitOptions, n = N): string => {
      const model = line({ optimizer: new SGD({ learningRate: 0.3 }) });
      model.fit(slice(x, [[0, n]]), slice(y, [[0, n]]), { epochs: 3, batchSize: 5, ...options });
      return digest(model);
    };
    const byHand = fitted({ classWeight, sampleWeight: slice(sampleWeight, [[0, part]]) }, part);
    expect(fitted({ ...both, validationSplit: 0.25 })).toBe(byHand);
    const validationData = [slice(x, [[part, N]]), slice(y, [[part, N]])] as const;
    expect(fitted({ ...both, validationData, validationSplit: 0.25 })).toBe(fitted({ ...both, validationData }));
    expect(fitted({ ...both, validationData })).not.toBe(byHand);
  });

  test('leave metrics and penalties of a batch as they are', () => {
    const layer = (): Dense =>
      new Dense(1, {
        useBias: false,
        inputShape: [1],
        kernelInitializer: 'ones',
        kernelRegularizer: l2(0.5),
        activityRegularizer: l2(0.25),
      });
    const penalties = 0.5 + 0.25 * mean(values.map((v) => v * v));
    for (const weights of [own]) {
      const model = new Sequential([layer()], { dtype: 'float64' });
      model.compile({ optimizer: new SGD({ learningRate: 1e-300 }), loss: 'mse', metrics: ['mae'] });
      for (let i = 0; i < 3; i++) {
        const { loss, mae } = model.trainOnBatch(x, y, of(weights, [N]));
        expectClose([loss!], [mean(errors.map((e, j) => weights[j]! * e * e)) + penalties], 1e-12);
        expectClose([mae!], [mean(errors.map(Math.abs))], 1e-12);
      }
    }
    const model = new Sequential([layer()], { dtype: 'float64' });
    model.compile({ optimizer: new SGD({ learningRate: 1e-300 }), loss: 'mse', metrics: ['mae'] });
    const absent = values.map(() => 0);
    for (let i = 0; i < 3; i++)
      expect(model.trainOnBatch(x, y, of(absent, [N]))).toEqual({ loss: 0.5, mae: Number.NaN });
  });

  test('need one class a sample: sequences of labels and rows of integers are refused', () => {
    const sequence = new Sequential([new Dense(2, { activation: 'softmax', inputShape: [3, 1] })], {
      dtype: 'float64',
    });
    sequence.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    const inputs = of(list(12, draw), [4, 3, 1]);
    const steps = tensor(
      Int32Array.from({ length: 12 }, (_, i) => i % 2),
      { shape: [4, 3] },
    );
    const before = digest(sequence);
    expect(() => sequence.fit(inputs, steps, { classWeight })).toThrow(ShapeError);
    expect(() => sequence.fit(inputs, steps, { classWeight })).toThrow('classWeight needs one class per sample');
    expect(digest(sequence)).toBe(before);
    const rowsOfIntegers = tensor(Int32Array.of(0, 1, 1, 0), { shape: [2, 2] });
    const model = new Sequential([new Dense(2, { inputShape: [1] })], { dtype: 'float64' });
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    expect(() => model.fit(column([1, 2]), rowsOfIntegers, { classWeight })).toThrow(ShapeError);
  });
});

describe('a loss of the user and weights', () => {
  const perSample = (t: Tensor, p: Tensor): Tensor => reshape(square(sub(p, t)), [p.shape[0]!]);

  test('go together where there is one loss a sample', () => {
    const { history } = line({ loss: perSample }).fit(x, y, { classWeight, sampleWeight, batchSize: 5 });
    expectClose(history.loss!, [mean(errors.map((e, i) => weightOf(i) * own[i]! * e * e))], 1e-12);
  });

  test('are refused where there is another number of losses, and nothing moves', () => {
    const losses: readonly ((t: Tensor, p: Tensor) => Tensor)[] = [
      (t, p) => sum(square(sub(p, t))),
      (t, p) => meanOf(square(sub(p, t)), { keepDims: true, axis: 0 }),
      (t, p) => square(sub(p, t)), // [batch, 1]
      (t, p) => reshape(meanOf(square(sub(p, t))), [1]),
    ];
    for (const loss of losses) {
      const model = line({ loss, optimizer: new SGD({ learningRate: 0.1 }) });
      const before = digest(model);
      for (const attempt of [
        () => model.fit(x, y, { sampleWeight }),
        () => model.fit(x, y, { classWeight, batchSize: 5 }),
        () => model.trainOnBatch(x, y, sampleWeight),
      ]) {
        expect(attempt).toThrow(ShapeError);
        expect(attempt).toThrow('sample weights need one loss per sample');
      }
      expect([digest(model), model.steps, model.optimizer.iterations]).toEqual([before, 0, 0]);
      expect(model.trainOnBatch(x, y).loss).toBeGreaterThan(0);
    }
  });
});

describe('resuming', () => {
  const make = (): Sequential => {
    const layers = [new Dense(6, { activation: 'tanh', inputShape: [1] }), new Dropout(0.3), new Dense(1)];
    const model = new Sequential(layers, { seed: 5, dtype: 'float64' });
    const learningRate = exponentialDecay(0.2, 10, 0.7);
    const optimizer = new SGD({ learningRate, momentum: 0.8, nesterov: true, globalClipNorm: 0.5, clipValue: 0.2 });
    model.compile({ optimizer, loss: 'mse', metrics: ['r2'] });
    return model;
  };
  const common = { batchSize: 5, validationSplit: 0.2, classWeight, sampleWeight } as const;

  test.each([true, false])(
    'gives the bits of training in one go, with weights, clipping, a schedule; shuffle: %s',
    (shuffle) => {
      const options = { ...common, shuffle };
      const whole = make();
      const { history } = whole.fit(x, y, { ...options, epochs: 5 });
      const parts = make();
      const first = parts.fit(x, y, { ...options, epochs: 2 });
      const second = parts.fit(x, y, { ...options, epochs: 5, initialEpoch: 2 });
      expect(digest(parts)).toBe(digest(whole));
      expect([first.epochs, second.epochs]).toEqual([
        [0, 1],
        [2, 3, 4],
      ]);
      for (const [key, figures] of Object.entries(history))
        expect([...first.history[key]!, ...second.history[key]!], key).toEqual(figures);
    },
  );

  test('without shuffling takes the samples in their order in every epoch', () => {
    const seen: number[] = [];
    const loss = (t: Tensor, p: Tensor): Tensor => {
      seen.push(...t.data);
      return square(sub(p, t));
    };
    line({ loss, replay: false }).fit(x, column(values), { batchSize: 5, shuffle: false, initialEpoch: 3, epochs: 5 });
    expect(seen).toEqual([...values, ...values]);
  });

  test('draws the order of an epoch by its number alone', () => {
    const orders = (options: FitOptions): number[][] => {
      const epochs: number[][] = [];
      const model = line({
        replay: false,
        loss: (t, p) => {
          epochs.at(-1)!.push(...t.data);
          return square(sub(p, t));
        },
      });
      const begin: Callback = { onEpochBegin: () => void epochs.push([]) };
      model.fit(x, column(values), { batchSize: 5, callbacks: [begin], ...options });
      return epochs;
    };
    const five = orders({ epochs: 5 });
    expect(orders({ epochs: 5, initialEpoch: 3 })).toEqual(five.slice(3));
    expect(new Set(five.map(String)).size).toBe(5);
  });
});

describe('smoothed labels and logits', () => {
  const classes = list(N, () => Math.floor(1.5 * (draw() + 1)));
  const hot = of(
    classes.flatMap((c) => [0, 1, 2].map((j) => Number(j === c))),
    [N, 3],
    'float32',
  );
  const inputs = of(list(N * 2, draw), [N, 2], 'float32');
  type Make = (options: { fromLogits: boolean; labelSmoothing: number }) => Loss;
  const cases: readonly (readonly [string, 'softmax' | 'sigmoid', Tensor, Make])[] = [
    ['categoricalCrossentropy', 'softmax', hot, categoricalCrossentropy],
    ['sparseCategoricalCrossentropy', 'softmax', labels(classes), sparseCategoricalCrossentropy],
    ['binaryCrossentropy', 'sigmoid', hot, binaryCrossentropy],
  ];

  test.each(cases)(
    '%s trains as with an activation, to the bit, and as it was saved',
    (_, activation, targets, loss) => {
      const make = (labelSmoothing: number, fromLogits: boolean): Sequential => {
        const layer = new Dense(3, { inputShape: [2], activation: fromLogits ? 'linear' : activation });
        const model = new Sequential([layer], { seed: 3 });
        model.compile({ optimizer: new SGD({ learningRate: 0.5 }), loss: loss({ fromLogits, labelSmoothing }) });
        return model;
      };
      const fitted = (model: Sequential): string => {
        model.fit(inputs, targets, { epochs: 4, batchSize: 7, sampleWeight: of(own, [N]) });
        return digest(model);
      };
      const logits = make(0.2, true);
      expect(fitted(loadModel(saveModel(logits)))).toBe(fitted(make(0.2, false)));
      expect(fitted(logits)).toBe(fitted(make(0.2, false)));
      expect(fitted(make(0, true))).not.toBe(fitted(make(0.2, true)));
    },
  );
});

describe('clipping and', () => {
  test('a penalty: what is clipped is the whole gradient', () => {
    const options = { useBias: false, inputShape: [1], kernelInitializer: 'ones', kernelRegularizer: l2(4) } as const;
    const model = new Sequential([new Dense(1, options)], { dtype: 'float64' });
    model.compile({ optimizer: new SGD({ learningRate: 0.5, clipValue: 0.1 }), loss: 'mse' });
    model.trainOnBatch(
      x,
      y,
      of(
        list(N, () => 0),
        [N],
      ),
    ); // the penalty's gradient alone, 2·4·w = 8
    expectClose(model.getWeights()[0]!.data, [1 - 0.5 * 0.1], 1e-12);
  });

  test('a frozen layer: the norm is of the gradients that are used', () => {
    const model = new Sequential([new Dense(3, { inputShape: [1] }), new Dense(1)], { dtype: 'float64', seed: 2 });
    model.compile({ optimizer: new SGD({ learningRate: 0.5, globalClipNorm: 1e-3 }), loss: 'mse' });
    model.layer(0).trainable = false;
    const before = model.getWeights().flatMap((w) => [...w.data]);
    model.trainOnBatch(x, y);
    const moved = model
      .getWeights()
      .flatMap((w) => [...w.data])
      .map((w, i) => w - before[i]!);
    expect(moved.slice(0, 6)).toEqual([0, 0, 0, 0, 0, 0]);
    expectClose([Math.hypot(...moved)], [0.5 * 1e-3], 1e-10);
  });
});
