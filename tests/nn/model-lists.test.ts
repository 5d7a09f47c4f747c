import { describe, expect, test } from 'vitest';
import {
  add,
  cloneModel,
  Dense,
  digest,
  distill,
  EarlyStopping,
  fromData,
  input,
  loadModel,
  Model,
  mean,
  measure,
  Sequential,
  ShapeError,
  StateError,
  saveModel,
  square,
  sub,
  type Tensor,
  type Tensors,
  ValueError,
} from '../../src/index.ts';
import { list, noise, of } from './tools.ts';

const N = 20;
const samples = (shape: readonly number[], seed: number): Tensor =>
  of(list(N * shape.reduce((n, m) => n * m, 1), noise(seed)), [N, ...shape], 'float32');
const [a, b] = [samples([4], 1), samples([3], 2)];
const numbers = samples([2], 3);
const labels = fromData(Int32Array.from({ length: N }, (_, i) => (i * 7) % 3));

/** Numbers and classes of two inputs. */
function twoOfBoth(extra: Partial<Parameters<Model['compile']>[0]> = {}): Model {
  const [x, z] = [input([4]), input([3], { name: 'other' })];
  const left = new Dense(5, { activation: 'tanh', kernelRegularizer: { l1: 0, l2: 0.01 } }).apply(x);
  const value = new Dense(2, { name: 'value' }).apply(left);
  const kind = new Dense(3, { name: 'kind', activation: 'softmax' }).apply(new Dense(4).apply(z));
  const model = new Model([x, z], [value, kind], { seed: 3 });
  const loss = ['mse', 'sparseCategoricalCrossentropy'] as const;
  model.compile({ optimizer: 'adam', loss, metrics: [['mae'], ['accuracy', 'logLoss']], ...extra });
  return model;
}

/** What the first output and the second cost, out of predictions. */
function lossesOf(model: Model): [mse: number, crossentropy: number, penalty: number] {
  const [p, q] = model.predict<Tensor[]>([a, b]);
  const mse = [...p!.data].reduce((sum, v, i) => sum + (v - numbers.data[i]!) ** 2, 0) / numbers.size;
  const crossentropy = [...labels.data].reduce((sum, label, i) => sum - Math.log(q!.data[i * 3 + label]!), 0) / N;
  const kernel = [...model.layer('dense').parameter('kernel').value.data];
  const penalty = 0.01 * kernel.reduce((sum, w) => sum + w * w, 0);
  return [mse, crossentropy, penalty];
}

describe('the figures of two outputs', () => {
  test('are the sum with penalties, and the loss and the metrics of each', () => {
    const model = twoOfBoth();
    const logs = model.evaluate([a, b], [numbers, labels], { batchSize: 7 });
    expect(Object.keys(logs)).toEqual([
      'loss',
      'value_loss',
      'kind_loss',
      'value_mae',
      'kind_accuracy',
      'kind_logLoss',
    ]);
    const [mse, crossentropy, penalty] = lossesOf(model);
    expect(logs.value_loss).toBeCloseTo(mse, 5);
    expect(logs.kind_loss).toBeCloseTo(crossentropy, 5);
    expect(logs.kind_logLoss).toBeCloseTo(crossentropy, 5);
    expect(logs.loss).toBeCloseTo(mse + crossentropy + penalty, 5);
  });

  test('count in the sum by their weights, and are shown without them', () => {
    const model = twoOfBoth({ lossWeights: [0.25, 3] });
    const logs = model.evaluate([a, b], [numbers, labels]);
    const [mse, crossentropy, penalty] = lossesOf(model);
    expect(logs.loss).toBeCloseTo(0.25 * mse + 3 * crossentropy + penalty, 5);
    expect(logs.value_loss).toBeCloseTo(mse, 5);
  });

  test('are those of a step whether it is repeated or not', () => {
    const run = (replay: boolean): { readonly history: unknown; readonly digest: string; readonly model: Model } => {
      const model = twoOfBoth({ replay, lossWeights: [2, 0.5] });
      const { history } = model.fit([a, b], [numbers, labels], {
        epochs: 5,
        batchSize: 6,
        validationSplit: 0.2,
        sampleWeight: fromData(Float32Array.from({ length: N }, (_, i) => 1 + (i % 3))),
      });
      return { history, digest: digest(model), model };
    };
    const [replayed, eager] = [run(true), run(false)];
    expect(replayed.history).toEqual(eager.history);
    expect(replayed.digest).toBe(eager.digest);
    expect(replayed.model.replayStatus.replayed).toBeGreaterThan(5);
    const keys = Object.keys(replayed.history as object);
    expect(keys).toContain('val_kind_accuracy');
    expect(keys).toContain('value_loss');
  });

  test('train nothing by a loss that counts 0', () => {
    const kernelAfter = (lossWeights: readonly number[]): Tensor['data'] => {
      const model = twoOfBoth({ optimizer: 'sgd', loss: 'mse', metrics: [], lossWeights });
      model.fit([a, b], [numbers, samples([3], 9)], { epochs: 2 });
      return model.layer('kind').parameter('kernel').value.data;
    };
    const before = twoOfBoth().layer('kind').parameter('kernel').value.data;
    expect(kernelAfter([1, 0])).toEqual(before);
    expect(kernelAfter([1, 0.5])).not.toEqual(before);
  });

  test('are watched by callbacks under their names', () => {
    const model = twoOfBoth();
    const callback = new EarlyStopping({ monitor: 'val_kind_accuracy', patience: 1, restoreBestWeights: true });
    const { epochs } = model.fit([a, b], [numbers, labels], {
      epochs: 200,
      validationData: [
        [a, b],
        [numbers, labels],
      ],
      callbacks: [callback],
    });
    expect(epochs.length).toBeLessThan(200);
  });

  test('have names of their own where a layer gives two outputs', () => {
    const x = input([4]);
    const shared = new Dense(4, { name: 'shared' });
    const once = shared.apply(x);
    const model = new Model(x, [once, shared.apply(once)]);
    model.compile({ optimizer: 'sgd', loss: 'mse', metrics: ['mae'] });
    const logs = model.trainOnBatch(a, [a, a]);
    expect(Object.keys(logs)).toEqual(['loss', 'shared_loss', 'shared_1_loss', 'shared_mae', 'shared_1_mae']);
    expect(logs.loss).toBeCloseTo(logs.shared_loss! + logs.shared_1_loss!, 6);
  });
});

describe('a model with lists', () => {
  test('is saved with its losses, their weights and its metrics', () => {
    const model = twoOfBoth({ lossWeights: [2, 0.5] });
    model.fit([a, b], [numbers, labels], { epochs: 2 });
    const loaded = loadModel(saveModel(model));
    expect(
      loaded.objectives.map(({ loss, weight, metrics }) => [loss.name, weight, metrics.map((m) => m.name)]),
    ).toEqual([
      ['mse', 2, ['mae']],
      ['sparseCategoricalCrossentropy', 0.5, ['accuracy', 'logLoss']],
    ]);
    expect(loaded.graph.inputs.map(({ name }) => name)).toEqual(['input', 'other']);
    expect(loaded.evaluate([a, b], [numbers, labels])).toEqual(model.evaluate([a, b], [numbers, labels]));
    for (const each of [model, loaded, cloneModel(model)]) each.fit([a, b], [numbers, labels], { epochs: 1 });
    expect(digest(loaded)).toBe(digest(model));
  });

  test('with a loss of its own is compiled when that is given again', () => {
    const own = (t: Tensor, p: Tensor): Tensor => mean(square(sub(t, p)), { axis: 1 });
    const model = twoOfBoth({ loss: [own, 'mse'], metrics: [] });
    expect(() => saveModel(model)).toThrow('the loss custom is code');
    const bytes = saveModel(model, { withoutCode: true });
    expect(loadModel(bytes).isCompiled).toBe(false);
    expect(loadModel(bytes, { loss: [own, 'mse'] }).objectives.map(({ loss }) => loss.name)).toEqual(['custom', 'mse']);
  });

  test('takes one loss and one list of metrics for all outputs', () => {
    const model = twoOfBoth({ loss: 'mse', metrics: ['mae', 'rmse'] });
    const logs = model.evaluate([a, b], [numbers, samples([3], 9)]);
    expect(Object.keys(logs)).toEqual([
      'loss',
      'value_loss',
      'kind_loss',
      'value_mae',
      'value_rmse',
      'kind_mae',
      'kind_rmse',
    ]);
  });

  test('has a score for each output', () => {
    const { score, scoreName, scores } = measure(twoOfBoth(), {
      samples: [
        [a, b],
        [numbers, labels],
      ],
      latency: false,
    });
    expect(scores!.map((each) => each.scoreName)).toEqual(['r2', 'accuracy']);
    expect([scoreName, score]).toEqual(['mixed', (scores![0]!.score + scores![1]!.score) / 2]);
  });

  test('of several inputs is taught by one, and teaches one', () => {
    const make = (units: number): Model => {
      const [x, z] = [input([4]), input([3])];
      const sum = new Dense(units, { activation: 'relu' }).apply(x);
      return new Model([x, z], new Dense(3, { activation: 'softmax' }).apply(sum));
    };
    const options = { teacher: make(8), student: make(2), x: [a, b], y: labels, epochs: 2 };
    expect(distill(options).history.epochs.length).toBe(2);
    expect(() => distill({ ...options, teacher: twoOfBoth() })).toThrow(
      'distill: teacher and student must have the same outputs',
    );
  });

  test('gives outputs that the size of batches does not change, and a list of one for none', () => {
    const model = twoOfBoth();
    const all = model.predict<Tensor[]>([a, b]);
    const some = model.predict<Tensor[]>([a, b], { batchSize: 3 });
    expect(some.map(({ data }) => [...data])).toEqual(all.map(({ data }) => [...data]));
    expect(model.forward<Tensor[]>([a, b]).map(({ shape }) => shape)).toEqual([
      [N, 2],
      [N, 3],
    ]);
    const chain = new Sequential([new Dense(2, { inputShape: [4] })]);
    expect([...chain.predict([a]).data]).toEqual([...chain.predict(a).data]);
  });

  test('gives logits of the outputs that are asked for', () => {
    const x = input([4]);
    const y = new Dense(3, { activation: 'softmax' }).apply(x);
    const model = new Model(x, [y, y, new Dense(2, { activation: 'sigmoid' }).apply(y)], { seed: 2 });
    const plain = model.forward<Tensor[]>(a);
    const [logits, probabilities, read] = model.forward<Tensor[]>(a, { logits: [true, false, false] });
    expect([...probabilities!.data]).toEqual([...plain[1]!.data]);
    expect([...read!.data]).toEqual([...plain[2]!.data]);
    const { kernel, bias } = model.layer('dense') as Dense;
    expect(logits!.data[0]).toBeCloseTo(
      [0, 1, 2, 3].reduce((sum, i) => sum + a.data[i]! * kernel.data[i * 3]!, bias!.data[0]!),
      5,
    );
  });
});

describe('what does not fit is refused:', () => {
  const model = twoOfBoth();
  const refused = (f: () => unknown, kind: new (...args: never[]) => Error, text: string): void => {
    expect(f).toThrow(kind);
    expect(f).toThrow(text);
  };

  test('numbers of tensors', () => {
    refused(() => model.fit(a, [numbers, labels]), ValueError, 'fit: x must be a list of 2 tensors');
    refused(() => model.fit([a, b], numbers), ValueError, 'fit: y must be a list of 2 tensors');
    refused(() => model.predict([a, b, a]), ValueError, 'predict: x must be a list of 2 tensors');
    refused(() => model.forward(a), ValueError, 'forward: x must be a list of 2 tensors');
    refused(
      () => model.evaluate([a, 'b'] as unknown as Tensors, numbers),
      ValueError,
      'evaluate: x[1] must be a tensor',
    );
    const chain = new Sequential([new Dense(2, { inputShape: [4] })]);
    refused(
      () => chain.predict([a, a]),
      ValueError,
      'predict: x must be a tensor, nested arrays or a typed array, got',
    );
  });

  test('numbers of samples', () => {
    const few = samples([3], 1).shape[0]! - 1;
    const short = fromData(new Float32Array(few * 3), [few, 3]);
    refused(
      () => model.fit([a, short], [numbers, labels]),
      ShapeError,
      'all tensors of x must have the same number of samples',
    );
    refused(() => model.predict([a, short]), ShapeError, 'predict: inputs must have the same number of samples');
    refused(() => model.forward([a, short]), ShapeError, 'forward: the inputs must have the same number of samples');
    refused(
      () => model.fit([a, b], [numbers, labels], { validationData: [[a, b], numbers] }),
      ValueError,
      'fit: y of validationData must',
    );
    refused(() => model.fit([b, a], [numbers, labels]), ShapeError, 'samples of input 0 do not have the shape');
  });

  test('lists of losses, weights and metrics of another length', () => {
    const with_ = (options: object) => () => twoOfBoth(options);
    refused(
      with_({ loss: ['mse'] }),
      ValueError,
      'compile: loss must be one for all or a list of 2, one for each output',
    );
    refused(with_({ lossWeights: [1] }), ValueError, 'compile: lossWeights must be');
    refused(with_({ lossWeights: [1, -1] }), ValueError, 'compile: lossWeights[1] must be at least 0, got -1');
    refused(with_({ metrics: [['mae']] }), ValueError, 'compile: metrics must be');
    refused(
      () => model.fit([a, b], [numbers, labels], { classWeight: { 0: 1 } }),
      ValueError,
      'classWeight must be left out',
    );
  });

  test('an output whose figures would be those of held-out samples', () => {
    for (const name of ['val', 'val_a']) {
      const x = input([4]);
      const model = new Model(x, [new Dense(2, { name }).apply(x), new Dense(2, { name: 'a' }).apply(x)]);
      const compile = (): void => model.compile({ optimizer: 'sgd', loss: 'mse' });
      refused(compile, ValueError, 'compile: the name of an output must be another than val or val_...');
      const single = new Model(x, new Dense(2, { name }).apply(x));
      expect(() => single.compile({ optimizer: 'sgd', loss: 'mse' })).not.toThrow();
    }
  });

  test('losses and metrics in other forms than lists', () => {
    const model = twoOfBoth();
    const wrong = (more: object) => () => model.compile({ optimizer: 'adam', loss: 'mse', ...more });
    refused(
      wrong({ lossWeights: 2 }),
      ValueError,
      'compile: lossWeights must be a list of 2, one for each output, got 2',
    );
    refused(wrong({ metrics: { value: 'mae' } }), ValueError, 'compile: metrics must be a list of metrics');
    refused(wrong({ metrics: ['mae', ['mse']] }), ValueError, 'compile: metrics must be a list of metrics');
    refused(wrong({ loss: ['mse'] }), ValueError, 'compile: loss must be one for all or a list of 2');
    const weighted = (): unknown => model.fit([a, b], [numbers, labels], { sampleWeight: [a, b] as never });
    refused(weighted, ValueError, 'fit: sampleWeight must be a tensor, nested arrays or a typed array');
    refused(
      () => model.fit([a, b], [numbers, labels], { validationData: [[a, b], numbers] }),
      ValueError,
      'fit: y of validationData must be a list of 2 tensors',
    );
  });

  test('inputs that are none, or twice the same', () => {
    const x = input([4]);
    const y = new Dense(2).apply(x);
    refused(() => new Model([x, x], y), StateError, 'Model: one input is given twice');
    refused(() => new Model(y, new Dense(2).apply(y)), StateError, 'an input is what layer dense gives');
    refused(() => new Model([], y), ValueError, 'Model: x must be what input() or apply() gave');
    refused(() => new Model(x, [y, 3 as never]), ValueError, 'Model: y must be what input() or apply() gave');
  });
});

test('an input that nothing reads, and an output that is an input, are allowed', () => {
  const [x, unused] = [input([4]), input([3])];
  const model = new Model([x, unused], [x, new Dense(2).apply(x)], { seed: 1 });
  const [same, made] = model.predict<Tensor[]>([a, b]);
  expect([...same!.data]).toEqual([...a.data]);
  expect(made!.shape).toEqual([N, 2]);
  expect(model.outputNames).toEqual(['input', 'dense']);
  const y = new Dense(2, { name: 'd' }).apply(x);
  const named = new Model(x, [y, y, new Dense(2, { name: 'd_1' }).apply(y)]);
  expect(named.outputNames).toEqual(['d', 'd_2', 'd_1']);
  named.compile({ optimizer: 'sgd', loss: 'mse' });
  expect(Object.keys(named.evaluate(a, [samples([2], 5), samples([2], 5), samples([2], 5)]))).toEqual([
    'loss',
    'd_loss',
    'd_2_loss',
    'd_1_loss',
  ]);
  expect(add(same!, 0).shape).toEqual([N, 4]);
});
