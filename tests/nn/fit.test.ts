import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  Activation,
  Adam,
  arange,
  type Callback,
  cast,
  concat,
  Dense,
  Dropout,
  DTypeError,
  digest,
  type FitOptions,
  Flatten,
  type Logs,
  loadModel,
  type Metric,
  mul,
  relu,
  reshape,
  type Samples,
  Sequential,
  SGD,
  ShapeError,
  StateError,
  saveModel,
  slice,
  step,
  type Tensor,
  tensor,
  ValueError,
  zeros,
} from '../../src/index.ts';
import { expectClose, labels, list, mean, noise, of } from './tools.ts';

const N = 25;
const draw = noise(21);
const x = of(list(N * 3, draw), [N, 3], 'float32');
const y = of(list(N, draw), [N, 1], 'float32');
const classes = labels(list(N, () => Math.floor(1.5 * (draw() + 1))));

function network(seed = 4, rate = 0.3): Sequential {
  const model = new Sequential(
    [new Dense(8, { activation: 'tanh', inputShape: [3] }), new Dropout(rate), new Dense(1)],
    { seed },
  );
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'mse', metrics: ['mae'] });
  return model;
}

/** One weight at 1 whose gradient step is visible: predicts w·x. */
function line(rate = 0): Sequential {
  const model = new Sequential([new Dense(1, { useBias: false, inputShape: [1], kernelInitializer: 'ones' })], {
    dtype: 'float64',
  });
  model.compile({ optimizer: new SGD({ learningRate: rate === 0 ? 1e-300 : rate }), loss: 'mse' });
  return model;
}
const column = (values: number[]): Tensor => of(values, [values.length, 1]);

describe('fit', () => {
  test('holds out the last samples, before it shuffles', () => {
    const whole = network().fit(x, y, { epochs: 3, batchSize: 4, validationSplit: 0.2 });
    const parts: Samples = [slice(x, [[20, 25]]), slice(y, [[20, 25]])];
    const model = network();
    const byHand = model.fit(slice(x, [[0, 20]]), slice(y, [[0, 20]]), {
      epochs: 3,
      batchSize: 4,
      validationData: parts,
    });
    expect(whole.history).toEqual(byHand.history);
    expectClose([model.evaluate(...parts).loss!], [whole.history.val_loss!.at(-1)!], 1e-6);
  });

  test('prefers validationData to validationSplit', () => {
    const validationData: Samples = [slice(x, [[0, 5]]), slice(y, [[0, 5]])];
    const [both, alone] = [{ validationData, validationSplit: 0.4 }, { validationData }].map((options) =>
      network().fit(x, y, { epochs: 2, ...options }),
    );
    expect(both!.history).toEqual(alone!.history);
  });

  test.each([1, -0.1, 0.999, Number.NaN])('refuses a validationSplit of %s of 25 samples', (validationSplit) => {
    expect(() => network().fit(x, y, { validationSplit })).toThrow(ValueError);
  });

  test('keeps the last partial batch and weighs it by its size', () => {
    const values = [1, 2, 3, 4, 10];
    const { history } = line().fit(column(values), column([0, 0, 0, 0, 0]), { batchSize: 2, shuffle: false });
    expectClose(history.loss!, [mean(values.map((v) => v * v))], 1e-12);
    const sizes: number[] = [];
    line().fit(column(values), column(values), {
      batchSize: 2,
      callbacks: [{ onBatchEnd: (_, logs) => sizes.push(logs.size!) }],
    });
    expect(sizes).toEqual([2, 2, 1]);
  });

  test('averages the loss over the real size of the last batch', () => {
    const model = line(0.1);
    model.fit(column([0, 0, 1]), column([0, 0, 0]), { batchSize: 2, shuffle: false });
    expectClose(model.getWeights()[0]!.data, [1 - 0.1 * 2], 1e-12); // d/dw of w² over one sample
  });

  test('takes a batch larger than the data as all of it', () => {
    const [a, b] = [network(), network()];
    a.fit(x, y, { batchSize: 1000, epochs: 2 });
    b.fit(x, y, { batchSize: N, epochs: 2 });
    expect(digest(a)).toBe(digest(b));
  });

  test('gives the same bits for the same seed, others for another', () => {
    const run = (seed: number, options: FitOptions = {}): string => {
      const model = network(seed);
      model.fit(x, y, { epochs: 3, batchSize: 8, ...options });
      return digest(model);
    };
    expect(run(4)).toBe(run(4));
    expect(run(5)).not.toBe(run(4));
    expect(run(4, { shuffle: false })).not.toBe(run(4));
    expect(run(4, { shuffle: false })).toBe(run(4, { shuffle: false }));
  });

  test('shows every sample once an epoch, in another order each time', () => {
    const orders: number[][] = [];
    const seen: number[] = [];
    const model = new Sequential([new Dense(1, { inputShape: [1] })], { dtype: 'float64' });
    model.compile({
      optimizer: 'sgd',
      replay: false,
      loss: (t, p) => {
        seen.push(...t.data);
        return mul(p, 0);
      },
    });
    const values = list(11, draw);
    const onEpochEnd = (): void => {
      orders.push(seen.splice(0));
    };
    model.fit(column(values), column(values), { batchSize: 3, epochs: 3, callbacks: [{ onEpochEnd }] });
    for (const order of orders) expect([...order].sort()).toEqual([...values].sort());
    expect(new Set(orders.map(String)).size).toBe(3);
  });

  test('weighs samples: the mean over the batch of weight times loss', () => {
    const [values, weights] = [list(7, draw), list(7, () => 1 + draw())];
    const zero = column(values.map(() => 0));
    const { history } = line().fit(column(values), zero, { batchSize: 7, sampleWeight: of(weights, [7]) });
    expectClose(history.loss!, [mean(values.map((v, i) => weights[i]! * v * v))], 1e-12);
    expect(() => line().fit(column(values), zero, { sampleWeight: of(weights, [7, 1]) })).toThrow(ShapeError);
    expect(() => line().fit(column(values), zero, { sampleWeight: of(weights.slice(1), [6]) })).toThrow(ShapeError);
  });

  test('weighs classes, and both weights multiply', () => {
    const target = [0, 1, 1, 0, 1];
    const values = list(5, draw);
    const loss = (i: number): number => (values[i]! - target[i]!) ** 2;
    const classWeight = { 0: 0.5, 1: 3 };
    const sampleWeight = of([1, 2, 3, 4, 5], [5]);
    const fitted = (options: FitOptions): readonly number[] =>
      line().fit(column(values), column(target), { batchSize: 5, ...options }).history.loss!;
    const weight = (i: number): number => classWeight[target[i] as 0 | 1];
    expectClose(fitted({ classWeight }), [mean(target.map((_, i) => weight(i) * loss(i)))], 1e-12);
    expectClose(
      fitted({ classWeight, sampleWeight }),
      [mean(target.map((_, i) => (i + 1) * weight(i) * loss(i)))],
      1e-12,
    );
    expect(fitted({ classWeight: { 1: 3 } })).toEqual(fitted({ classWeight: { 0: 1, 1: 3 } }));
  });

  test('weighs integer labels and one-hot rows alike', () => {
    const make = (loss: 'sparseCategoricalCrossentropy' | 'categoricalCrossentropy'): Sequential => {
      const model = new Sequential([new Dense(3, { activation: 'softmax', inputShape: [3] })]);
      model.compile({ optimizer: 'adam', loss });
      return model;
    };
    const oneHot = of(
      Array.from(classes.data).flatMap((c) => [0, 1, 2].map((j) => Number(j === c))),
      [N, 3],
      'float32',
    );
    const options = { epochs: 3, classWeight: { 0: 1, 1: 2, 2: 0.25 } };
    const [a, b] = [make('sparseCategoricalCrossentropy'), make('categoricalCrossentropy')];
    expect(a.fit(x, classes, options).history).toEqual(b.fit(x, oneHot, options).history);
    expect(digest(a)).toBe(digest(b));
  });

  test('keeps one figure an epoch under its key', () => {
    const { history, epochs, seed } = network().fit(x, y, { epochs: 5, initialEpoch: 2, validationSplit: 0.2 });
    expect(Object.keys(history).sort()).toEqual(['learning_rate', 'loss', 'mae', 'val_loss', 'val_mae']);
    for (const figures of Object.values(history)) expect(figures.length).toBe(3);
    expect([epochs, seed]).toEqual([[2, 3, 4], 4]);
    expect(network().fit(x, y, { epochs: 2, initialEpoch: 2 }).epochs).toEqual([]);
  });

  test('calls the hooks of all callbacks in order', () => {
    const calls: string[] = [];
    const make = (who: string): Callback => ({
      onTrainBegin: () => calls.push(`${who} train begin`),
      onTrainEnd: () => calls.push(`${who} train end`),
      onEpochBegin: (epoch) => calls.push(`${who} epoch ${epoch} begin`),
      onEpochEnd: (epoch, logs) => calls.push(`${who} epoch ${epoch} end ${'val_loss' in logs}`),
      onBatchBegin: (batch) => calls.push(`${who} batch ${batch} begin`),
      onBatchEnd: (batch, logs) => calls.push(`${who} batch ${batch} end ${Number.isFinite(logs.loss)}`),
    });
    network().fit(x, y, { batchSize: 10, validationSplit: 0.2, callbacks: [make('a'), make('b')] });
    const wanted = [
      'train begin',
      'epoch 0 begin',
      'batch 0 begin',
      'batch 0 end true',
      'batch 1 begin',
      'batch 1 end true',
      'epoch 0 end true',
      'train end',
    ];
    expect(calls).toEqual(wanted.flatMap((call) => [`a ${call}`, `b ${call}`]));
  });

  test('stops after the batch in which a callback says so', () => {
    let batches = 0;
    const model = network();
    const { epochs } = model.fit(x, y, {
      batchSize: 5,
      epochs: 9,
      callbacks: [
        {
          onBatchEnd(batch, _logs, m) {
            batches++;
            if (batch === 2) m.stopTraining = true;
          },
        },
      ],
    });
    expect([batches, epochs]).toEqual([3, [0]]);
    expect(model.fit(x, y, { epochs: 2 }).epochs).toEqual([0, 1]);
  });

  test.each([0, 1, 3, 4])('an epoch that ends after batch %i has the figures of its batches so far', (end) => {
    const batches: { loss: number; size: number }[] = [];
    const stop: Callback = {
      onBatchEnd(batch, { loss, size }, m) {
        batches.push({ loss: loss!, size: size! });
        if (batch === end) m.stopTraining = true;
      },
    };
    const whole = column(Array.from({ length: 13 }, (_, i) => i));
    const model = new Sequential([new Dense(1, { useBias: false, inputShape: [1], kernelInitializer: 'ones' })], {
      dtype: 'float64',
    });
    model.compile({ optimizer: new SGD({ learningRate: 1e-300 }), loss: 'mse', metrics: ['mae'] });
    const targets = column(Array.from({ length: 13 }, (_, i) => 2 * i + 1)); // an error of i + 1
    const { history } = model.fit(whole, targets, { batchSize: 3, shuffle: false, epochs: 2, callbacks: [stop] });
    const seen = Math.min(13, 3 * (end + 1));
    expect(batches.map(({ size }) => size)).toEqual([3, 3, 3, 3, 1].slice(0, end + 1));
    const errors = Array.from({ length: seen }, (_, i) => i + 1);
    expectClose(history.loss!, [mean(errors.map((e) => e * e))], 1e-14);
    expectClose(history.mae!, [mean(errors)], 1e-14);
    const total = batches.reduce((sum, { loss, size }) => sum + loss * size, 0);
    expectClose(history.loss!, [total / seen], 1e-14);
  });

  test.each([
    [zeros([0, 3]), zeros([0, 1]), /no samples/],
    [x, slice(y, [[0, 24]]), /same number of samples/],
  ] as const)('refuses sets that cannot be trained on', (a, b, text) => {
    for (const run of [
      () => network().fit(a, b),
      () => network().evaluate(a, b),
      () => network().trainOnBatch(a, b),
      () => network().fit(x, y, { validationData: [a, b] }),
    ]) {
      expect(run).toThrow(ShapeError);
      expect(run).toThrow(text);
    }
  });

  test('refuses counts that are none, other inputs, and a model that is not compiled', () => {
    for (const options of [{ batchSize: 0 }, { batchSize: 1.5 }, { epochs: -1 }, { initialEpoch: 0.5 }])
      expect(() => network().fit(x, y, options)).toThrow(ValueError);
    expect(() => network().fit(x, y, { verbose: 2 as never })).toThrow('fit: verbose must be 0 or 1, got 2');
    expect(() => new Sequential([new Dense(1)]).fit(x, y)).toThrow(StateError);
    expect(() => network().fit(reshape(x, [N, 3, 1]), y)).toThrow(ShapeError);
    expect(() => network().fit(cast(x, 'float64'), y)).toThrow(DTypeError);
    expect(() => network().fit([[1]], y)).toThrow(ShapeError);
  });

  test('leaves layers that are not trainable as they are', () => {
    const model = network();
    model.layer(0).trainable = false;
    const before = model.getWeights();
    model.fit(x, y, { epochs: 3 });
    const after = model.getWeights();
    expect([after[0]!.data, after[1]!.data]).toEqual([before[0]!.data, before[1]!.data]);
    expect(after[2]!.data).not.toEqual(before[2]!.data);
    model.layer(0).trainable = true;
    model.fit(x, y);
    expect(model.getWeights()[0]!.data).not.toEqual(before[0]!.data);
  });

  test('leaves the data as they are', () => {
    const [a, b] = [[...x.data], [...y.data]];
    network().fit(x, y, { epochs: 2, validationSplit: 0.2 });
    expect([[...x.data], [...y.data]]).toEqual([a, b]);
  });

  test('works on views', () => {
    const wide = concat([x, x], 1);
    const [a, b] = [network(), network()];
    a.fit(slice(wide, [null, [3, 6]]), y, { epochs: 2, batchSize: 4 });
    b.fit(x, y, { epochs: 2, batchSize: 4 });
    expect(digest(a)).toBe(digest(b));
  });

  test.each(['onEpochBegin', 'onBatchBegin', 'onBatchEnd', 'onEpochEnd', 'onTrainBegin'] as const)(
    'an exception in %s comes out, and the model stays usable',
    (hook) => {
      const model = network();
      let ended = 0;
      const bad: Callback = {
        [hook]: () => {
          throw new Error('mine');
        },
        onTrainEnd: () => ended++,
      };
      expect(() => model.fit(x, y, { epochs: 2, callbacks: [bad] })).toThrow('mine');
      expect(ended).toBe(1);
      expect(model.fit(x, y).history.loss![0]).toBeGreaterThan(0);
      expect(Number.isFinite(model.evaluate(x, y).loss)).toBe(true);
    },
  );

  test('an exception in the loss leaves the weights as they were', () => {
    const model = network();
    const before = digest(model);
    model.compile({
      loss: () => {
        throw new Error('mine');
      },
    });
    expect(() => model.fit(x, y)).toThrow('mine');
    expect(digest(model)).toBe(before);
    expect(model.predict(x).shape).toEqual([N, 1]);
  });
});

describe('fitAsync', () => {
  test('is fit, bit for bit, with the same history and hooks', async () => {
    const run = (): [Sequential, FitOptions, Logs[]] => {
      const logs: Logs[] = [];
      const callbacks = [{ onBatchEnd: (_: number, l: Logs) => logs.push(l) }];
      return [network(), { epochs: 4, batchSize: 6, validationSplit: 0.2, callbacks }, logs];
    };
    const [a, optionsA, logsA] = run();
    const [b, optionsB, logsB] = run();
    expect(await b.fitAsync(x, y, optionsB)).toEqual(a.fit(x, y, optionsA));
    expect(digest(b)).toBe(digest(a));
    expect(logsB).toEqual(logsA);
  });

  test('lets other work in, and refuses a second fit of the model meanwhile', async () => {
    const model = network();
    let other = 0;
    const timer = setInterval(() => other++, 0);
    const pending = model.fitAsync(x, y, { epochs: 1500, batchSize: 5 });
    expect(() => model.fit(x, y)).toThrow(StateError);
    await expect(model.fitAsync(x, y)).rejects.toThrow(/being trained already/);
    await pending;
    clearInterval(timer);
    expect(other).toBeGreaterThan(0);
    expect(model.fit(x, y).epochs).toEqual([0]);
  });

  test('two models may be fitted at once', async () => {
    const models = [network(1), network(2)];
    await Promise.all(models.map((model) => model.fitAsync(x, y, { epochs: 100, batchSize: 5 })));
    for (const [i, model] of models.entries()) {
      const alone = network(i + 1);
      alone.fit(x, y, { epochs: 100, batchSize: 5 });
      expect(digest(model)).toBe(digest(alone));
    }
  });

  test('stops with an error when it is aborted, and not a batch later', async () => {
    const controller = new AbortController();
    const model = network();
    let [batches, ended] = [0, 0];
    const callback: Callback = {
      onBatchEnd() {
        if (++batches === 3) controller.abort();
      },
      onTrainEnd: () => ended++,
    };
    const options = { epochs: 50, batchSize: 5, callbacks: [callback], signal: controller.signal };
    await expect(model.fitAsync(x, y, options)).rejects.toThrow(StateError);
    expect([batches, ended, model.steps]).toEqual([3, 1, 3]);
    await expect(model.fitAsync(x, y, options)).rejects.toThrow(/aborted/);
    expect(batches).toBe(3);
    expect(model.fit(x, y).epochs).toEqual([0]);
  });

  /** A clock that goes on by 20 ms whenever a batch is looked at, in training and of held-out samples. */
  function slow(): { readonly metric: Metric; readonly now: () => number } {
    let now = 1000;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const update = (): void => {
      now += 20;
    };
    return { metric: { name: 'slow', create: () => ({ update, result: () => 0 }) }, now: () => now };
  }
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test.each([
    ['of training', { epochs: 4 }],
    ['of held-out samples', { epochs: 1, validationData: [x, y] as const }],
  ])('lets a timer fire between batches %s, however few there are', async (_, more) => {
    const { metric, now } = slow();
    const model = network();
    model.compile({ loss: 'mse', metrics: [metric] });
    let [last, longest, fired] = [now(), 0, 0];
    let timer: ReturnType<typeof setTimeout>;
    const tick = (): void => {
      longest = Math.max(longest, now() - last);
      last = now();
      fired++;
      timer = setTimeout(tick, 0);
    };
    timer = setTimeout(tick, 0);
    await model.fitAsync(x, y, { batchSize: 5, ...more });
    clearTimeout(timer!);
    expect(fired).toBeGreaterThan(5);
    expect(longest).toBeLessThanOrEqual(40);
  });

  test('leaves a model as after its last step when it is aborted during a pause', async () => {
    const { metric } = slow();
    const controller = new AbortController();
    const [model, same] = [network(), network()];
    for (const each of [model, same]) each.compile({ optimizer: new Adam(), loss: 'mse', metrics: [metric] });
    let batches = 0;
    const callback: Callback = {
      onBatchEnd() {
        if (++batches === 7) setTimeout(() => controller.abort(), 0);
      },
    };
    const options = { epochs: 50, batchSize: 5, callbacks: [callback], signal: controller.signal };
    await expect(model.fitAsync(x, y, options)).rejects.toThrow('fitAsync: was aborted');
    expect(model.steps).toBe(7);
    same.fit(x, y, {
      epochs: 50,
      batchSize: 5,
      callbacks: [
        {
          onBatchEnd(_batch, _logs, own) {
            own.stopTraining = own.steps === 7;
          },
        },
      ],
    });
    expect(digest(model)).toBe(digest(same));
    expect(model.predict(x).data).toEqual(same.predict(x).data);
    expect(digest(loadModel(saveModel(model, { withoutCode: true })))).toBe(digest(same));
    model.fit(x, y, { epochs: 2 });
    same.fit(x, y, { epochs: 2 });
    expect(digest(model)).toBe(digest(same));
  });

  test('ends what callbacks began when it is aborted among held-out samples', async () => {
    const { metric } = slow();
    const controller = new AbortController();
    const model = network();
    model.compile({ loss: 'mse', metrics: [metric] });
    const heard: string[] = [];
    const callback: Callback = {
      onValidationBegin() {
        heard.push('begin');
        setTimeout(() => controller.abort(), 0);
      },
      onValidationEnd: () => heard.push('end'),
      onEpochEnd: () => heard.push('epoch'),
      onTrainEnd: () => heard.push('train'),
    };
    const options = { batchSize: 5, validationData: [x, y] as const, callbacks: [callback] };
    await expect(model.fitAsync(x, y, { ...options, signal: controller.signal })).rejects.toThrow(StateError);
    expect(heard).toEqual(['begin', 'end', 'train']);
    expect(model.fit(x, y).epochs).toEqual([0]);
  });
});

describe('resuming', () => {
  test('10 epochs, a file and 10 more are 20 epochs, bit for bit', () => {
    const options = { batchSize: 6, validationSplit: 0.2 };
    for (const dtype of ['float32', 'float64'] as const) {
      const make = (): Sequential => {
        const model = new Sequential(
          [new Dense(8, { activation: 'relu', inputShape: [3] }), new Dropout(0.3), new Dense(1)],
          { seed: 8, dtype },
        );
        model.compile({ optimizer: new Adam({ amsgrad: true, weightDecay: 0.01 }), loss: 'mse', metrics: ['r2'] });
        return model;
      };
      const [a, b] = [cast(x, dtype), cast(y, dtype)];
      const whole = make();
      const { history } = whole.fit(a, b, { ...options, epochs: 20 });
      const half = make();
      half.fit(a, b, { ...options, epochs: 10 });
      const resumed = loadModel(saveModel(half));
      const rest = resumed.fit(a, b, { ...options, epochs: 20, initialEpoch: 10 });
      expect(digest(resumed)).toBe(digest(whole));
      for (const [key, figures] of Object.entries(rest.history)) expect(figures).toEqual(history[key]!.slice(10));
    }
  });
});

describe('predict', () => {
  test('does not depend on the batch size, nor on dropout', () => {
    const model = network();
    const whole = model.predict(x, { batchSize: N });
    for (const batchSize of [1, 2, 7, 32]) expect(model.predict(x, { batchSize }).data).toEqual(whole.data);
    expect(model.predict(slice(x, [[0, 0]])).shape).toEqual([0, 1]);
    const still = network(4, 0);
    expect(still.predict(x).data).toEqual(whole.data);
  });

  test('and evaluate and trainOnBatch build a model that lasts', () => {
    const runs: ((model: Sequential) => unknown)[] = [
      (model) => model.predict(x),
      (model) => model.evaluate(x, y),
      (model) => model.trainOnBatch(x, y),
      (model) => step(() => relu(model.forward(x)).item === undefined),
    ];
    for (const run of runs) {
      const model = new Sequential([new Dense(4, { activation: 'relu' }), new Dense(1)]);
      model.compile({ optimizer: 'sgd', loss: 'mse' });
      run(model);
      const before = digest(model);
      step(() => mul(arange(0, 500), 2)); // would overwrite weights in the arena
      expect(digest(model)).toBe(before);
      expect(model.inputShape).toEqual([3]);
    }
  });

  test('is what evaluate measures', () => {
    const model = network();
    const errors = Array.from(model.predict(x).data, (p, i) => p - y.data[i]!);
    const { loss, mae } = model.evaluate(x, y, { batchSize: 7 });
    expectClose([loss!, mae!], [mean(errors.map((e) => e * e)), mean(errors.map(Math.abs))], 1e-6);
  });

  test('draws dropout too when the layer says so', () => {
    const model = new Sequential([new Dropout(0.5, { training: true, inputShape: [100] })]);
    const out = model.predict(tensor(new Float32Array(100).fill(1), { shape: [1, 100] })).data;
    expect(out.filter((v) => v === 0).length).toBeGreaterThan(20);
    expect(out.every((v) => v === 0 || v === 2)).toBe(true);
  });
});

describe('a model', () => {
  test('that could not be built can be built again', () => {
    const model = new Sequential([new Dense(2), new Flatten(), new Dense(1)]);
    expect(() => model.build([2 ** 20, 2 ** 12, 3])).toThrow();
    model.build([2, 3]);
    expect(model.outputShape).toEqual([1]);
  });

  test('refuses a layer twice, a layer of another model, a name twice and no layers', () => {
    const layer = new Dense(2, { inputShape: [2] });
    expect(() => new Sequential([layer, layer])).toThrow(StateError);
    new Sequential([layer]);
    expect(() => new Sequential([layer])).toThrow(/already belongs to a model/);
    expect(() => new Sequential([new Dense(1, { name: 'a' }), new Dense(1, { name: 'a' })])).toThrow(ValueError);
    expect(() => new Sequential([])).toThrow(StateError);
    expect(() => new Sequential([new Dense(1)], { seed: -1 })).toThrow(ValueError);
  });

  test('sets all weights or none', () => {
    const model = network();
    const before = digest(model);
    const weights = model.getWeights().map((w) => zeros(w.shape));
    expect(() => model.setWeights([...weights.slice(0, 3), zeros([2])])).toThrow(ShapeError);
    expect(() => model.setWeights(weights.slice(1))).toThrow(StateError);
    expect(() => model.setWeights(weights.map((w) => cast(w, 'float64')))).toThrow(DTypeError);
    expect(digest(model)).toBe(before);
    model.setWeights(weights);
    expect([...model.getWeights()[0]!.data].every((w) => w === 0)).toBe(true);
  });

  test('finds layers by name and index', () => {
    const model = new Sequential([
      new Dense(2),
      new Activation('relu'),
      new Dense(2),
      new Dense(1, { name: 'dense_2' }),
    ]);
    expect(model.layers.map(({ name }) => name)).toEqual(['dense', 'activation', 'dense_1', 'dense_2']);
    expect(model.layer('dense_1')).toBe(model.layers[2]);
    expect(model.layer(-1)).toBe(model.layers[3]);
    expect(() => model.layer('nope')).toThrow(/dense, activation, dense_1, dense_2/);
  });

  test('sums up its layers, shapes and parameters', () => {
    const model = new Sequential([
      new Dense(64, { activation: 'relu', inputShape: [100] }),
      new Dropout(0.2),
      new Dense(64, { activation: 'relu' }),
      new Dropout(0.2),
      new Dense(10, { activation: 'softmax' }),
    ]);
    expect(model.parameterCount).toBe(11_274);
    model.layer(0).trainable = false;
    expect(model.summary().split('\n')).toEqual([
      'Layer (type)         Output shape  Parameters',
      '---------------------------------------------',
      'dense (dense)        [batch, 64]        6,464',
      'dropout (dropout)    [batch, 64]            0',
      'dense_1 (dense)      [batch, 64]        4,160',
      'dropout_1 (dropout)  [batch, 64]            0',
      'dense_2 (dense)      [batch, 10]          650',
      '---------------------------------------------',
      'Parameters: 11,274, trainable: 4,810',
    ]);
    expect(() => new Sequential([new Dense(1)]).summary()).toThrow(/not built/);
  });
});

test('samples that are no tensors are refused, and the error shows the one that is none', () => {
  const model = new Sequential([new Dense(1, { inputShape: [3] })]);
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  const rows = { 0: [1, 2, 3] } as never;
  for (const use of ['fit', 'evaluate', 'trainOnBatch'] as const) {
    expect(() => model[use](rows, y)).toThrow(`${use}: x must be a tensor, nested arrays or a typed array, got`);
    expect(() => model[use](x, 'labels' as never)).toThrow(
      `${use}: y must be a tensor, nested arrays or a typed array, got "labels"`,
    );
  }
});
