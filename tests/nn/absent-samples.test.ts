/** Samples of weight 0 have no part in training, whatever their numbers are; and what a weight may be. */
import { describe, expect, test } from 'vitest';
import {
  Adam,
  abs,
  type CompileOptions,
  Dense,
  digest,
  div,
  Embedding,
  type FitOptions,
  Flatten,
  huber,
  input,
  log,
  Model,
  type Sequential as Plain,
  reshape,
  Sequential,
  SGD,
  square,
  sub,
  type Tensor,
  tensor,
  ValueError,
} from '../../src/index.ts';
import { labels, list, noise, of, warnings } from './tools.ts';

const draw = noise(83);
const N = 10;
const values = list(N * 2, draw);
const answers = list(N, draw).map((value) => Math.abs(value) / 2 + 0.25);
const WEIGHTS = Array.from({ length: N }, (_, i) => (i % 3 === 1 ? 0 : 1 + i / 4));
const weights = of(WEIGHTS, [N], 'float32');

/** The samples, with these numbers in those of weight 0. */
const x = (bad: number): Tensor =>
  of(
    values.map((value, i) => (WEIGHTS[i >> 1] === 0 ? bad : value)),
    [N, 2],
    'float32',
  );
/** Two columns are shares of two classes. */
const y = (bad: number, columns = 1): Tensor =>
  of(
    answers.flatMap((value, i) =>
      [value, 1 - value].slice(0, columns).map((share) => (WEIGHTS[i] === 0 ? bad : share)),
    ),
    [N, columns],
    'float32',
  );
const columnsFor = (loss: CompileOptions['loss']): 1 | 2 => (loss === 'klDivergence' ? 2 : 1);

/** log p, 1/p and |y - p|/y are infinite or NaN for many a number. */
const odd = (t: Tensor, p: Tensor): Tensor =>
  reshape(sub(div(abs(sub(t, p)), t), sub(log(abs(p)), div(0.1, p))), [p.shape[0]!]);

const LOSSES: Readonly<Record<string, CompileOptions['loss']>> = {
  mse: 'mse',
  mae: 'mae',
  huber: huber({ delta: 0.1 }),
  binaryCrossentropy: 'binaryCrossentropy',
  klDivergence: 'klDivergence',
  'one of the user': odd,
  'one of the user, replayable': { name: 'odd', call: odd, replayable: true },
};

function network(loss: CompileOptions['loss'], options: Partial<CompileOptions> = {}): Sequential {
  const model = new Sequential(
    [
      new Dense(5, { activation: 'tanh', inputShape: [2] }),
      new Dense(4, { activation: 'relu' }),
      columnsFor(loss) === 1 ? new Dense(1, { activation: 'sigmoid' }) : new Dense(2, { activation: 'softmax' }),
    ],
    { seed: 6 },
  );
  model.compile({ optimizer: new Adam({ learningRate: 0.03 }), loss, ...options });
  return model;
}

const cases = Object.keys(LOSSES).flatMap((loss) =>
  [Number.NaN, Number.POSITIVE_INFINITY, -1e38].map((bad) => [loss, bad] as const),
);

describe('a sample of weight 0', () => {
  const fitted = (loss: string, samples: Tensor, targets: Tensor, options: FitOptions = {}): [Plain, number[]] => {
    const model = network(LOSSES[loss]!);
    const { history } = model.fit(samples, targets, { epochs: 5, batchSize: 5, sampleWeight: weights, ...options });
    return [model, [...history.loss!]];
  };

  test.each(cases)('adds nothing to %s and its gradient where inputs or targets are %d', (loss, bad) => {
    const columns = columnsFor(LOSSES[loss]!);
    const [plain, losses] = fitted(loss, x(0.5), y(0.5, columns));
    expect(losses.every(Number.isFinite)).toBe(true);
    for (const [samples, targets] of [
      [x(bad), y(0.5, columns)],
      [x(0.5), y(bad, columns)],
      [x(bad), y(bad, columns)],
    ] as const) {
      const [model, found] = fitted(loss, samples, targets);
      expect(found).toEqual(losses);
      expect(digest(model)).toBe(digest(plain));
    }
    if (loss !== 'one of the user') expect(plain.replayStatus.replayed).toBeGreaterThan(4);
  });

  test.each(cases)('is absent from trainOnBatch too, first steps and repeated ones: %s, %d', (loss, bad) => {
    const [plain, model] = [network(LOSSES[loss]!), network(LOSSES[loss]!)];
    const columns = columnsFor(LOSSES[loss]!);
    for (let i = 0; i < 6; i++) {
      const wanted = plain.trainOnBatch(x(0.5), y(0.5, columns), weights);
      expect(model.trainOnBatch(x(bad), y(bad, columns), weights)).toEqual(wanted);
    }
    expect(digest(model)).toBe(digest(plain));
  });

  test('sends no gradient back, though its output be 0 and its loss infinite', () => {
    const model = new Sequential([new Dense(1, { useBias: false, kernelInitializer: 'ones', inputShape: [1] })]);
    const steep = (t: Tensor, p: Tensor): Tensor => reshape(square(sub(div(1, p), t)), [p.shape[0]!]);
    model.compile({ optimizer: new SGD({ learningRate: 0.1 }), loss: steep });
    model.fit([[1], [0]], [[2], [3]], { sampleWeight: [1, 0], epochs: 3 });
    expect(Number.isFinite(model.getWeights()[0]!.item())).toBe(true);
  });

  test('is counted by the mean: the gradient is that of the others, divided by all', () => {
    const line = (): Sequential => {
      const model = new Sequential([new Dense(1, { kernelInitializer: 'zeros', inputShape: [1] })]);
      model.compile({ optimizer: new SGD({ learningRate: 1 }), loss: 'mse' });
      return model;
    };
    const model = line();
    const { loss } = model.trainOnBatch(tensor([[1], [2]]), tensor([[2], [Number.NaN]]), tensor([1, 0]));
    expect(loss).toBe(2); // 2² / 2
    expect(model.getWeights().map((w) => w.item())).toEqual([2, 2]); // 2·2·1 / 2
    expect(line().fit(tensor([[1]]), tensor([[2]]), { sampleWeight: tensor([0]) }).history.loss).toEqual([0]);
  });

  test('leaves the given tensors alone, and is seen by no metric', () => {
    const seen: number[] = [];
    const metric = { name: 'seen', create: () => ({ update: (t: Tensor) => seen.push(...t.data), result: () => 0 }) };
    const model = network('mse', { metrics: [metric, 'mae'] });
    const [samples, targets] = [x(Number.NaN), y(7)];
    model.fit(samples, targets, { sampleWeight: weights, shuffle: false });
    expect(seen).toEqual([...targets.data].filter((_, i) => WEIGHTS[i] !== 0));
    expect([...samples.data].filter(Number.isNaN).length).toBe(6);
    const usual = network('mse', { metrics: ['mae'] });
    const present = WEIGHTS.flatMap((weight, i) => (weight === 0 ? [] : [i]));
    const outputs = usual.predict(x(0.5)).data;
    const wanted = present.reduce((sum, i) => sum + Math.abs(outputs[i]! - answers[i]!), 0) / present.length;
    const { history } = usual.fit(x(0.5), of(answers, [N, 1], 'float32'), { sampleWeight: weights, batchSize: N });
    expect(history.mae![0]).toBeCloseTo(wanted, 5);
  });

  test('is one of a class of weight 0', () => {
    const classes = labels(Array.from({ length: N }, (_, i) => (WEIGHTS[i] === 0 ? 2 : i % 2)));
    const run = (bad: number): string => {
      const model = new Sequential([new Dense(4, { activation: 'tanh' }), new Dense(3, { activation: 'softmax' })]);
      model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
      model.fit(x(bad), classes, { epochs: 3, batchSize: 4, classWeight: { 0: 1, 1: 0.5, 2: 0 } });
      return digest(model);
    };
    expect(run(Number.NaN)).toBe(run(0.5));
  });

  test('is absent from all inputs and outputs', () => {
    const run = (bad: number): string => {
      const [a, b] = [input([2]), input([2])];
      const hidden = new Dense(3, { activation: 'tanh' });
      const outputs = [new Dense(1, { name: 'one' }).apply(hidden.apply(a)), new Dense(1).apply(hidden.apply(b))];
      const model = new Model([a, b], outputs, { seed: 2 });
      model.compile({ optimizer: new SGD(), loss: ['mse', (t, p) => reshape(square(sub(t, p)), [p.shape[0]!])] });
      model.fit([x(bad), x(0.5)], [y(0.5), y(bad)], { epochs: 3, batchSize: 4, sampleWeight: weights });
      model.fit([x(0.5), x(bad)], [y(bad), y(0.5)], { epochs: 3, batchSize: 4, sampleWeight: weights });
      return digest(model);
    };
    expect(run(Number.NaN)).toBe(run(0.5));
  });

  test('of another weight spoils training as it does without weights', async () => {
    const one = of(
      WEIGHTS.map((weight) => (weight === 0 ? 1e-30 : weight)),
      [N],
      'float32',
    );
    const said = await warnings(() => {
      const [model] = fitted('mse', x(0.5), y(Number.NaN), { sampleWeight: one });
      expect(model.getWeights().some((w) => w.data.some(Number.isNaN))).toBe(true);
    });
    expect(said.length).toBe(1);
  });
});

describe('a weight that is no number of at least 0', () => {
  const with2 = (bad: number): Tensor =>
    of(
      WEIGHTS.map((weight, i) => (i === 7 ? bad : weight)),
      [N],
      'float32',
    );

  test.each([-1, -1e-30, Number.NaN, Number.POSITIVE_INFINITY])('%d is refused with its place', (bad) => {
    const model = network('mse');
    const message = `sampleWeight[7] must be a finite number of at least 0, got ${of([bad], [1], 'float32').data[0]}`;
    const before = digest(model);
    expect(() => model.fit(x(0.5), y(0.5), { sampleWeight: with2(bad) })).toThrow(`fit: ${message}`);
    expect(() => model.trainOnBatch(x(0.5), y(0.5), with2(bad))).toThrow(`trainOnBatch: ${message}`);
    expect(() => model.trainOnBatch(x(0.5), y(0.5), with2(bad))).toThrow(ValueError);
    expect(digest(model)).toBe(before);
    const classes = labels(WEIGHTS.map((_, i) => Number(i === 7)));
    model.compile({ optimizer: 'adam', loss: 'mse' });
    expect(() => model.fit(x(0.5), classes, { classWeight: { 0: 1, 1: bad } })).toThrow(
      'fit: classWeight times sampleWeight of sample 7 must be a finite number of at least 0',
    );
  });

  test('is one beyond float32 too; -0 is 0', () => {
    const far = of(
      WEIGHTS.map((_, i) => (i === 7 ? 1e30 : 1)),
      [N],
      'float64',
    );
    const classes = of(
      WEIGHTS.map(() => 1),
      [N, 1],
      'float32',
    );
    const train = (factor: number) => () =>
      network('mse').fit(x(0.5), classes, { sampleWeight: far, classWeight: { 1: factor } });
    expect(train(1e30)).toThrow('classWeight times sampleWeight of sample 7');
    expect(train(1)).not.toThrow();
    const run = (zero: number): number => {
      const sampleWeight = of(
        WEIGHTS.map((weight) => (weight === 0 ? zero : weight)),
        [N],
        'float32',
      );
      return network('mse').fit(x(Number.NaN), y(Number.NaN), { sampleWeight }).history.loss![0]!;
    };
    expect(run(-0)).toBe(run(0));
  });

  test('or none at all for one of the samples, is refused by trainOnBatch as by fit', () => {
    const short = of([1, 2], [2], 'float32');
    const model = network('mse');
    for (const run of [
      () => model.fit(x(0.5), y(0.5), { sampleWeight: short }),
      () => model.trainOnBatch(x(0.5), y(0.5), short),
    ])
      expect(run).toThrow('sampleWeight needs one number per sample');
  });
});

describe('figures of samples of weight 0', () => {
  test('are not made up of labels that they may not have', () => {
    const model = new Sequential([
      new Dense(2, { activation: 'softmax', kernelInitializer: 'zeros', inputShape: [1] }),
    ]);
    model.compile({ loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'], optimizer: new SGD() });
    const given = [tensor([[1], [2], [3]]), labels([1, -1, 7])] as const;
    expect(model.fit(...given, { sampleWeight: [1, 0, 0] }).history.accuracy).toEqual([0]);
    expect(model.trainOnBatch(...given, [0, 0, 0]).accuracy).toBeNaN();
  });

  test('are not part of penalties on activities, whatever the inputs are', () => {
    const lossOf = (far: number): number => {
      const model = new Sequential([new Dense(3, { activityRegularizer: 'l2', inputShape: [1] }), new Dense(1)]);
      model.compile({ loss: 'mse', optimizer: new SGD() });
      return model.fit([[1], [far]], [1, 1], { sampleWeight: [1, 0] }).history.loss![0]!;
    };
    expect([1, 1000, Number.NaN].map(lossOf)).toEqual(Array(3).fill(lossOf(0)));
  });

  test.each([Number.NaN, 1.5, 2 ** 40, -3, 6])('may name no entry of a table: %d', (bad) => {
    const made = (): Sequential => {
      const table = new Embedding(6, 2, { inputShape: [2] });
      const model = new Sequential([table, new Flatten(), new Dense(1)], { seed: 2 });
      model.compile({ loss: 'mse', optimizer: new SGD() });
      return model;
    };
    const lists = (other: number): [number[][], number[]] => [
      [
        [1, 2],
        [3, other],
        [4, 5],
      ],
      [0, 1, 0],
    ];
    const digestAfter = (other: number, train: (model: Sequential, given: [number[][], number[]]) => void): string => {
      const model = made();
      train(model, lists(other));
      return digest(model);
    };
    const ways: ((model: Sequential, given: [number[][], number[]]) => void)[] = [
      (model, given) => model.fit(...given, { epochs: 2, sampleWeight: [1, 0, 1] }),
      (model, given) => model.fit(...given, { epochs: 2, classWeight: { 0: 1, 1: 0 } }),
      (model, given) => model.trainOnBatch(...given, [1, 0, 1]),
    ];
    for (const way of ways) expect(digestAfter(bad, way)).toBe(digestAfter(0, way));
    // Of any other weight, and outside of training, they may not
    const wrong = /sample 1 of (x|the held-out part of x) must be of whole numbers/;
    expect(() => made().fit(...lists(bad), { sampleWeight: [0, 1, 0] })).toThrow(wrong);
    expect(() => made().trainOnBatch(...lists(bad), [0, 1, 0])).toThrow(wrong);
    expect(() => made().evaluate(...lists(bad))).toThrow(wrong);
    // Held-out samples have no weights, and are looked at before the first step
    const model = made();
    const held = (): unknown => {
      const given = [
        [
          [1, 2],
          [4, 5],
          [3, 3],
          [3, bad],
        ],
        [0, 1, 0, 0],
      ] as const;
      return model.fit(...given, { sampleWeight: [1, 1, 1, 0], validationSplit: 0.5 });
    };
    expect(held).toThrow(wrong);
    expect(model.steps).toBe(0);
  });

  test('an output of weight 0 has no part either', () => {
    const inputs = tensor([[1], [2]]);
    const train = (second: number): string => {
      const first = new Dense(1, { inputShape: [1] });
      const x = input([1]);
      const model = new Model(x, [first.apply(x), new Dense(1).apply(x)], { seed: 1 });
      model.compile({ loss: 'mse', lossWeights: [1, 0], optimizer: new SGD() });
      const { history } = model.fit(inputs, [tensor([[1], [2]]), tensor([[second], [0]])], { epochs: 4 });
      expect(history.loss!.every(Number.isFinite)).toBe(true);
      return digest(model);
    };
    expect(train(Number.NaN)).toBe(train(1));
  });
});
