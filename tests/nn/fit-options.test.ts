import { describe, expect, test, vi } from 'vitest';
import { shareOf } from '../../src/base/share.ts';
import {
  type Callback,
  type CompileOptions,
  Dense,
  digest,
  type FitOptions,
  type Metric,
  reshape,
  type Samples,
  Sequential,
  SGD,
  ShapeError,
  StateError,
  slice,
  type Tensor,
  tensor,
  ValueError,
  zeros,
} from '../../src/index.ts';
import { expectClose, labels, mean, of } from './tools.ts';

const column = (values: readonly number[]): Tensor => of(values, [values.length, 1]);
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Predicts w·x; w = 1 and stays so. */
function line(options: Partial<CompileOptions> = {}): Sequential {
  const layer = new Dense(1, { useBias: false, inputShape: [1], kernelInitializer: 'ones' });
  const model = new Sequential([layer], { dtype: 'float64', seed: 3 });
  model.compile({ optimizer: new SGD({ learningRate: 1e-300 }), loss: 'mse', ...options });
  return model;
}

/** Targets of each update, in the order of the updates. */
function recording(name: string): { metric: Metric; seen: number[][] } {
  const seen: number[][] = [];
  return {
    metric: { name, create: () => ({ update: (y) => seen.push([...y.data]), result: () => seen.length }) },
    seen,
  };
}

const x = column(range(70));

describe('batches', () => {
  test('are of 32 samples by default in fit and its held-out samples, and as many as there are in evaluate', () => {
    const sizes = (use: (model: Sequential) => unknown): number[] => {
      const { metric, seen } = recording('sizes');
      use(line({ metrics: [metric] }));
      return seen.map(({ length }) => length);
    };
    expect(sizes((m) => m.fit(x, x))).toEqual([32, 32, 6]);
    expect(sizes((m) => m.evaluate(x, x))).toEqual([70]);
    expect(sizes((m) => m.evaluate(x, x, { batchSize: 32 }))).toEqual([32, 32, 6]);
    expect(sizes((m) => m.fit(column([1]), column([1]), { validationData: [x, x] }))).toEqual([1, 32, 32, 6]);
    const held = { validationData: [x, x] as const };
    expect(sizes((m) => m.fit(x, x, { ...held, batchSize: 35 }))).toEqual([35, 35, 35, 35]);
    expect(sizes((m) => m.fit(x, x, { ...held, batchSize: 100 }))).toEqual([70, 70]);
    // so large that nobody has memory for it: all at once
    expect(sizes((m) => m.fit(x, x, { ...held, batchSize: Number.MAX_SAFE_INTEGER }))).toEqual([70, 70]);
    expect(line().predict(x).data).toEqual(x.data);
  });

  test('are told by number and size, the last partial one too', () => {
    const told: (string | number | undefined)[] = [];
    const log: Callback = {
      onBatchBegin: (batch) => told.push(`begin ${batch}`),
      onBatchEnd: (batch, { size }) => told.push(`end ${batch}`, size),
    };
    line().fit(slice(x, [[0, 7]]), slice(x, [[0, 7]]), { batchSize: 3, callbacks: [log] });
    expect(told).toEqual(['begin 0', 'end 0', 3, 'begin 1', 'end 1', 3, 'begin 2', 'end 2', 1]);
  });

  test('are in a new order by default, in that of the samples when told, each sample once', () => {
    const orders = (options: FitOptions): number[][] => {
      const { metric, seen } = recording('order');
      line({ metrics: [metric] }).fit(x, x, { epochs: 2, batchSize: 70, ...options });
      return seen;
    };
    const [first, second] = orders({}) as [number[], number[]];
    expect(first).not.toEqual(range(70));
    expect(second).not.toEqual(first);
    for (const order of [first, second]) expect([...order].sort((a, b) => a - b)).toEqual(range(70));
    expect(orders({ shuffle: true })).toEqual([first, second]);
    expect(orders({ shuffle: false })).toEqual([range(70), range(70)]);
    expect(orders({ initialEpoch: 1 })).toEqual([second]);
  });
});

describe('validationSplit', () => {
  test.each([
    [10, 0.25, 7],
    [10, 0.3, 7],
    [10, 0.99, null],
    [10, 0.01, 9],
    [2, 0.5, 1],
    [2, 0.9, null],
    [3, 0.5, 1],
    [1, 0.5, null],
    [10, 1e-17, null],
    [10, 0, 10],
  ])('of %i samples, a share of %s, leaves %s to train on, the first ones', (n, validationSplit, training) => {
    const { metric, seen } = recording('seen');
    const [all, options] = [slice(x, [[0, n]]), { validationSplit, shuffle: false, batchSize: n }];
    const trained = (): unknown => line({ metrics: [metric] }).fit(all, all, options);
    if (training === null) {
      expect(trained).toThrow(
        `fit: validationSplit must be a share that leaves samples on both sides of ${n}, got ${validationSplit}`,
      );
    } else {
      trained();
      const parts = [range(training), range(n).slice(training)].filter(({ length }) => length > 0);
      expect(seen.flat()).toEqual(parts.flat());
      expect(seen[0]!.length).toBe(training);
    }
  });

  test.each([1, -0.1, 1.5, Number.NaN])('of %s is refused', (validationSplit) => {
    expect(() => line().fit(x, x, { validationSplit })).toThrow(
      `fit: validationSplit must be in [0, 1), got ${validationSplit}`,
    );
  });
});

describe('epochs', () => {
  test.each([
    [{ epochs: 0 }, []],
    [{ epochs: 0, initialEpoch: 0 }, []],
    [{ epochs: 2, initialEpoch: 2 }, []],
    [{ epochs: 2, initialEpoch: 5 }, []],
    [{ epochs: 3, initialEpoch: 2 }, [2]],
    [{ initialEpoch: 0 }, [0]],
    [{}, [0]],
  ])('with %j are %j', (options, epochs) => {
    let calls = '';
    const log: Callback = { onTrainBegin: () => (calls += 'begin '), onTrainEnd: () => (calls += 'end') };
    const model = line();
    const history = model.fit(x, x, { ...options, callbacks: [log] });
    expect([history.epochs, history.seed, calls]).toEqual([epochs, 3, 'begin end']);
    expect(history.history).toEqual(epochs.length === 0 ? {} : { loss: [0], learning_rate: [1e-300] });
    expect(model.steps).toBe(3 * epochs.length);
  });
});

test('figures come in the order loss, metrics, held-out ones, rate, and are printed when asked', () => {
  const print = vi.spyOn(console, 'log').mockImplementation(() => {});
  try {
    const trained = (more: FitOptions): string[] => {
      print.mockClear();
      const y = column(range(4).map((v) => v + 1.23456789));
      const options = { epochs: 3, validationData: [y, y] as Samples, ...more };
      line({ metrics: ['mae'] }).fit(slice(x, [[0, 4]]), y, options);
      return print.mock.calls.map(([text]) => String(text).replace(/ {2}[\d.]+ m?s {2}[\d,]+ samples\/s$/, ''));
    };
    const figures = 'loss 1.5242  mae 1.2346  val_loss 0  val_mae 0  learning_rate 1e-300';
    expect(trained({ verbose: 1 })).toEqual([1, 2, 3].map((epoch) => `epoch ${epoch}/3  ${figures}`));
    expect(trained({ verbose: 1, initialEpoch: 2 })).toEqual([`epoch 3/3  ${figures}`]);
    expect([trained({ verbose: 0 }), trained({})]).toEqual([[], []]);
  } finally {
    print.mockRestore();
  }
});

describe('what is wrong is told by the function that was called, before anything moves:', () => {
  const [few, none] = [slice(x, [[0, 69]]), zeros([0, 1], 'float64')];
  type Use = (model: Sequential, x: Tensor, y: Tensor) => unknown;
  const USES: Readonly<Record<string, Use>> = {
    fit: (m, a, b) => m.fit(a, b),
    'fit of held-out samples': (m, a, b) => m.fit(x, x, { validationData: [a, b] }),
    evaluate: (m, a, b) => m.evaluate(a, b),
    trainOnBatch: (m, a, b) => m.trainOnBatch(a, b),
  };
  test.each(Object.keys(USES))('%s', (name) => {
    const [use, op] = [USES[name]!, name.split(' ')[0]!];
    const model = line({ optimizer: 'adam' });
    const before = digest(model);
    const isHeld = name.includes('held-out');
    const refused = (a: Tensor, b: Tensor, kind: new (...args: never[]) => Error, text: string): void => {
      const said = isHeld ? text.replace(/^x |(?<=^| )y /g, (which) => `${which}of validationData `) : text;
      expect(() => use(model, a, b)).toThrow(kind);
      expect(() => use(model, a, b)).toThrow(`${op}: ${said}`);
    };
    refused(x, few, ShapeError, 'x and y must have the same number of samples, got [70, 1] and [69, 1]');
    refused(few, x, ShapeError, 'x and y must have the same number of samples, got [69, 1] and [70, 1]');
    refused(x, tensor(1), ShapeError, 'x and y must have the same number of samples, got [70, 1] and []');
    refused(tensor(1), tensor(1), ShapeError, 'x and y must have the same number of samples, got [] and []');
    refused(none, none, ShapeError, 'there are no samples, got [0, 1]');
    refused(x, 5 as unknown as Tensor, ValueError, 'y must be a tensor, nested arrays or a typed array, got 5');
    refused(
      'x' as unknown as Tensor,
      5 as unknown as Tensor,
      ValueError,
      'x must be a tensor, nested arrays or a typed array, got "x"',
    );
    expect([digest(model), model.steps, model.optimizer.iterations]).toEqual([before, 0, 0]);
  });

  test('counts', () => {
    const wrong = [0, -1, 1.5, Number.NaN, Infinity];
    for (const batchSize of wrong) {
      const text = `batchSize must be an integer of at least 1, got ${batchSize}`;
      expect(() => line().fit(x, x, { batchSize })).toThrow(`fit: ${text}`);
      expect(() => line().evaluate(x, x, { batchSize })).toThrow(`evaluate: ${text}`);
      expect(() => line().predict(x, { batchSize })).toThrow(`predict: ${text}`);
    }
    for (const count of wrong.slice(1)) {
      const text = `must be an integer of at least 0, got ${count}`;
      expect(() => line().fit(x, x, { epochs: count })).toThrow(`fit: epochs ${text}`);
      expect(() => line().fit(x, x, { initialEpoch: count })).toThrow(`fit: initialEpoch ${text}`);
    }
  });

  test('a model that is not compiled', () => {
    const model = new Sequential([new Dense(1, { inputShape: [1] })], { dtype: 'float64' });
    const uses: Readonly<Record<string, () => unknown>> = {
      fit: () => model.fit(x, x),
      evaluate: () => model.evaluate(x, x),
      trainOnBatch: () => model.trainOnBatch(x, x),
      optimizer: () => model.optimizer,
      loss: () => model.loss,
      metrics: () => model.metrics,
      replay: () => model.replay,
    };
    expect(model.isCompiled).toBe(false);
    for (const [op, use] of Object.entries(uses)) {
      expect(use).toThrow(StateError);
      expect(use).toThrow(`${op}: the model is not compiled: call compile({ optimizer, loss }) first`);
    }
    model.compile({ loss: 'mse' });
    expect([model.isCompiled, model.replay, model.metrics]).toEqual([true, true, []]);
  });

  test('a compile that is refused leaves what was compiled', () => {
    const model = line({ metrics: ['mae'] });
    const { optimizer, loss, metrics } = model;
    for (const wrong of [{ optimizer: 'nope' }, { loss: 'nope' }, { metrics: ['nope'] }])
      expect(() => model.compile({ loss: 'mae', ...wrong } as CompileOptions)).toThrow(ValueError);
    expect([model.optimizer, model.loss, model.metrics]).toEqual([optimizer, loss, metrics]);
  });

  test('a model that is held, by the name of what asks', () => {
    const model = line();
    const letGo = model.hold('mine');
    expect(() => model.hold('other')).toThrow('other: this model is being trained already');
    expect(() => model.fit(x, x)).toThrow('fit: this model is being trained already');
    letGo();
    model.hold('other')();
    expect(model.fit(x, x).epochs).toEqual([0]);
  });
});

describe('weights', () => {
  const y = labels([0, 2, 2]);
  const three = slice(x, [[1, 4]]);
  const loss = (options: FitOptions): number => {
    const model = line({ loss: (_, p) => reshape(p, [p.size]) }); // the loss of a sample is its number
    return model.fit(three, y, { ...options, epochs: 1 }).history.loss![0]!;
  };

  test('of 0 count for nothing, and no class but those there are needs one', () => {
    expectClose([loss({ classWeight: { 0: 0, 2: 3 } })], [(3 * (2 + 3)) / 3], 1e-12);
    expectClose([loss({ sampleWeight: of([0, 0, 2], [3]) })], [(2 * 3) / 3], 1e-12);
    expectClose([loss({ classWeight: { 0: 5, 2: 0 }, sampleWeight: of([2, 1, 1], [3]) })], [10 / 3], 1e-12);
    expectClose([loss({ classWeight: { 0: 5, 2: 1 }, sampleWeight: of([0, 2, 0], [3]) })], [(2 * 2) / 3], 1e-12);
  });

  test('of samples are asked for by their shape', () => {
    const trained = (options: FitOptions): unknown => line().fit(three, y, options);
    for (const shape of [[3, 1], [2], [4], []])
      expect(() => trained({ sampleWeight: zeros(shape) })).toThrow(
        `fit: sampleWeight needs one number per sample, got [${shape.join(', ')}] and [3]`,
      );
  });

  test('may be of any type', () => {
    const values = [2, 0, 1];
    const wanted = mean([2 * 1, 0, 3]);
    for (const sampleWeight of [of(values, [3], 'float32'), of(values, [3]), labels(values)])
      expectClose([loss({ sampleWeight })], [wanted], 1e-7);
    expectClose([loss({ sampleWeight: tensor([true, false, true]) })], [mean([1, 0, 3])], 1e-12);
  });
});

test('a fit that is aborted before it begins makes no step and calls no callback', async () => {
  const model = line();
  const calls: string[] = [];
  const log: Callback = { onTrainBegin: () => calls.push('begin'), onBatchBegin: () => calls.push('batch') };
  await expect(model.fitAsync(x, x, { signal: { aborted: true }, callbacks: [log] })).rejects.toThrow(
    'fitAsync: was aborted',
  );
  expect([model.steps, calls]).toEqual([0, []]);
  expect((await model.fitAsync(x, x, { signal: { aborted: false } })).epochs).toEqual([0]);
  const reason = new Error('the page is left');
  for (const signal of [AbortSignal.abort(reason), { aborted: true, reason }])
    await expect(model.fitAsync(x, x, { signal })).rejects.toMatchObject({ code: 'state', cause: reason });
  await expect(model.fitAsync(x, x, { signal: { aborted: true } })).rejects.not.toHaveProperty('cause');
});

test('a share of the samples is exact, though its product with their number is not', () => {
  const trainedOn = (n: number, validationSplit: number): number => {
    const few = zeros([n, 1], 'float64');
    const model = line();
    model.fit(few, few, { validationSplit, batchSize: 1 });
    return model.steps;
  };
  expect([trainedOn(10, 0.8), trainedOn(100, 0.9), trainedOn(10, 0.9)]).toEqual([2, 10, 1]);
  for (let n = 2; n <= 200; n++)
    for (let hundredths = 1; hundredths < 100; hundredths++)
      expect(shareOf(n, hundredths / 100), `${hundredths} % of ${n}`).toBe(Math.floor((n * hundredths + 99) / 100));
  expect([shareOf(10, 1e-17), shareOf(10, 0.31), shareOf(0, 0.5), shareOf(1e9, 0.1)]).toEqual([0, 4, 0, 1e8]);
});

test('a figure may be called as anything that objects have', () => {
  const figure = (name: string): Metric => ({ name, create: () => ({ update: () => {}, result: () => 7 }) });
  const { history } = line({ metrics: ['constructor', 'toString', 'valueOf'].map(figure) }).fit(x, x, { epochs: 2 });
  for (const name of ['constructor', 'toString', 'valueOf']) expect(history[name]).toEqual([7, 7]);
  expect(() => line({ metrics: [figure('__proto__')] })).toThrow(
    'compile: metrics must be of names that no other figure has',
  );
});

test('classWeight refuses targets of which no class can be told', () => {
  const refused = (y: Tensor, got: string): void =>
    expect(() => line().fit(column(range(y.shape[0]!)), y, { classWeight: { 0: 1, 1: 2 } })).toThrow(`fit: ${got}`);
  const labelled = 'targets with classWeight must be whole-number labels, one-hot rows, or 0 and 1 in one column, got ';
  refused(column([10, 20]), 'classWeight must be a number for a class of the targets or more (10, 20), got'); // numbers
  refused(column([0, 0.9]), `${labelled}0.9`); // soft labels
  const several = 'a row of targets must be of one class; for labels that do not exclude each other';
  refused(of([1, 1, 0, 1], [2, 2]), several);
  refused(of([0, 1, 0, 0], [2, 2]), several); // none
  refused(column([0, Number.NaN]), `${labelled}NaN`);
  line().fit(column([0, 1]), column([1, 0]), { classWeight: { 0: 1, 1: 2 } });
});
