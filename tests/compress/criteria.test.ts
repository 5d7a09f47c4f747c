import { describe, expect, test } from 'vitest';
import {
  Add,
  BatchNorm,
  type Callback,
  Conv2D,
  Conv2DTranspose,
  Dense,
  DepthwiseConv2D,
  Dropout,
  decodeWeight,
  Embedding,
  Flatten,
  fromData,
  input,
  Layer,
  LayerNorm,
  loadModel,
  Model,
  MovementScores,
  mul,
  ones,
  Parameter,
  PruningSchedule,
  parameter,
  prune,
  quantize,
  type SampleLists,
  type ScoreOptions,
  Sequential,
  SGD,
  saveModel,
  slice,
  type Tensor,
  tensor,
  toNetwork,
  weightScores,
} from '../../src/index.ts';
import { kernelsOf, normal, smallModel, threeClasses, values } from './tools.ts';

const samples64 = (shape: readonly number[], seed = 1): Tensor =>
  fromData(Float64Array.from(normal(shape, seed).data), shape);

const kernelsIn = (model: Model): Parameter[] => model.weights.filter(({ name }) => name.endsWith('/kernel'));

/** A network of every kind of kernel, one of them used twice, in float64. */
function images(): Model {
  const x = input([5, 5, 2]);
  const shared = new Conv2D(2, 3, { padding: 'same', name: 'shared' });
  const a = shared.apply(shared.apply(x));
  const b = new Conv2D(4, 3, { strides: 2, groups: 2, name: 'grouped', activation: 'tanh' }).apply(a);
  const c = new BatchNorm().apply(new DepthwiseConv2D(2, { padding: 'same', name: 'depthwise' }).apply(b));
  const d = new Conv2DTranspose(3, 2, { strides: 2, name: 'transposed', activation: 'tanh' }).apply(c);
  const y = new Dense(2, { name: 'head' }).apply(new Dropout(0.5).apply(new Flatten().apply(d)));
  return new Model(x, y, { seed: 5, dtype: 'float64' });
}

/** The derivative of a sum of losses with respect to each weight, by differences. */
function slopes(model: Model, [x, y]: [Tensor, Tensor], { value }: Parameter): number[] {
  const { array } = value.storage;
  const n = x.shape[0]!;
  return Array.from(array, (w, i) => {
    const at = (shift: number): number => {
      array[i] = w + shift;
      return n * model.evaluate(x, y).loss!;
    };
    const slope = (at(1e-6) - at(-1e-6)) / 2e-6;
    array[i] = w;
    return slope;
  });
}

describe('taylor and snip', () => {
  test('are |g·w|, in networks of every kernel: of batches of 16 samples, and of all', () => {
    const model = images();
    model.compile({ loss: 'mse', optimizer: new SGD() });
    const [x, y] = [samples64([37, 5, 5, 2]), samples64([37, 2], 2)];
    const parts = [0, 16, 32].map((start): [Tensor, Tensor] => {
      const rows = [[start, Math.min(37, start + 16)]] as const;
      return [slice(x, rows), slice(y, rows)];
    });
    const [taylor, snip] = (['taylor', 'snip'] as const).map((criterion) =>
      weightScores(model, { criterion, samples: [x, y] }),
    );
    expect([...taylor!.keys()]).toEqual(kernelsIn(model).map(({ name }) => name));
    const all = kernelsIn(model).map((kernel) => ({ kernel, g: parts.map((part) => slopes(model, part, kernel)) }));
    const wanted = all.map(({ kernel, g }) =>
      Array.from(kernel.value.data, (w, i) => {
        const own = g.map((slope) => slope[i]! * w);
        return { batches: own.reduce((sum, p) => sum + Math.abs(p), 0), whole: Math.abs(own[0]! + own[1]! + own[2]!) };
      }),
    );
    const total = wanted.flat().reduce((sum, { whole }) => sum + whole, 0);
    wanted.forEach((own, k) => {
      const { name } = all[k]!.kernel;
      const most = Math.max(...own.map(({ batches }) => batches));
      expect(own.filter(({ batches, whole }) => batches > 1.01 * whole).length).toBeGreaterThan(0);
      own.forEach(({ batches, whole }, i) => {
        expect(Math.abs(taylor!.get(name)![i]! - batches)).toBeLessThan(1e-7 * Math.max(1, most));
        expect(Math.abs(snip!.get(name)![i]! - whole / total)).toBeLessThan(1e-7);
      });
    });
  });

  test('taylor is no less where gradients of batches cancel, snip is 0', () => {
    const model = new Sequential([new Dense(1, { inputShape: [2], useBias: false })], { seed: 1, dtype: 'float64' });
    model.compile({ loss: 'mse', optimizer: 'sgd' });
    const [kernel] = kernelsOf(model);
    kernel!.value.storage.array.set([3, 2]);
    // Of the first input the error is 1 in the first batch and -1 in the second; the second is read in the first alone
    const x = fromData(
      Float64Array.from({ length: 64 }, (_, i) => (i % 2 === 0 ? 1 : i < 32 ? 0.5 : 0)),
      [32, 2],
    );
    const y = fromData(
      Float64Array.from({ length: 32 }, (_, i) => (i < 16 ? 3 : 4)),
      [32, 1],
    );
    const of = (criterion: 'taylor' | 'snip') => [
      ...weightScores(model, { criterion, samples: [x, y] }).get(kernel!.name)!,
    ];
    // g = 2 · error · x: 16 · 2 of each batch, times w = 3; and 16 · 2 · 0.5 times w = 2
    expect(of('taylor')).toEqual([2 * 16 * 2 * 3, 16 * 2 * 0.5 * 2]);
    expect(of('snip')).toEqual([0, 1]);
    const gone = (criterion: 'taylor' | 'snip') => {
      return values(kernelsOf(prune(model, { count: 1, criterion, samples: [x, y] }))[0]!.mask!);
    };
    expect([gone('taylor'), gone('snip')]).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });

  test('snip is a share of the whole, before any step alone', () => {
    const model = smallModel();
    const samples = threeClasses();
    const snip = weightScores(model, { criterion: 'snip', samples });
    const total = [...snip.values()].flatMap((own) => [...own]).reduce((sum, score) => sum + score);
    expect(total).toBeCloseTo(1, 12);
    model.fit(...samples, { batchSize: 60 });
    expect(() => prune(model, { sparsity: 0.8, criterion: 'snip', samples })).toThrow(
      'prune: snip ranks weights before training, and 1 steps have trained these: taylor is for them',
    );
    expect(() => prune(loadModel(saveModel(model)), { sparsity: 0.8, criterion: 'snip', samples })).toThrow('1 steps');
  });

  test('see that a weight which the loss does not feel goes first', () => {
    const model = new Sequential([new Dense(2, { inputShape: [3], useBias: false })], { seed: 1 });
    model.compile({ loss: 'mse', optimizer: 'sgd' });
    const x = tensor([
      [1, 0, 2],
      [-1, 0, 1],
    ]); // the second input is always 0
    const { mask } = kernelsOf(prune(model, { count: 2, criterion: 'taylor', samples: [x, ones([2, 2])] }))[0]!;
    expect(values(mask!)).toEqual([1, 1, 0, 0, 1, 1]);
  });
});

describe('wanda', () => {
  /** Σ x² over what a weight multiplies: what comes out of its layer alone if it is 1 and every other is 0. */
  function squares(layer: Layer, shape: readonly number[], x: Tensor): number[] {
    const own = new Sequential([layer], { dtype: 'float64' });
    own.build(shape);
    const { array } = own.weights[0]!.value.storage;
    return Array.from(array, (_, i) => {
      array.fill(0);
      array[i] = 1;
      return values(own.predict(x)).reduce((sum, y) => sum + y * y, 0);
    });
  }
  const linear = { useBias: false } as const;
  const layers: [string, () => Layer, number[]][] = [
    ['dense', () => new Dense(3, linear), [4]],
    ['dense on two axes', () => new Dense(3, linear), [3, 4]],
    ['a convolution', () => new Conv2D(3, [3, 2], { ...linear, strides: 2, padding: 'same' }), [5, 6, 2]],
    ['a dilated convolution', () => new Conv2D(2, 2, { ...linear, dilationRate: 2 }), [5, 6, 2]],
    ['groups', () => new Conv2D(4, 3, { ...linear, groups: 2, padding: 'same' }), [4, 4, 6]],
    ['a depthwise convolution', () => new DepthwiseConv2D(3, { ...linear, padding: 'same' }), [4, 5, 3]],
    [
      'a transposed convolution',
      () => new Conv2DTranspose(3, 3, { ...linear, strides: 2, padding: 'same' }),
      [3, 4, 2],
    ],
  ];

  test.each(layers)('is |w| times the norm of what a weight multiplies, in %s', (_, make, shape) => {
    const x = samples64([35, ...shape]);
    const model = new Sequential([make()], { seed: 3, dtype: 'float64' });
    model.build(shape);
    const { name, value } = model.weights[0]!;
    const wanted = squares(make(), shape, x).map((square, i) => Math.abs(value.data[i]!) * Math.sqrt(square));
    const samples = [x, ones([35, 1])] as const;
    for (const subject of [model, toNetwork(model)]) {
      const scores = weightScores(subject, { criterion: 'wanda', samples });
      expect([...scores.keys()]).toEqual([name]);
      scores.get(name)!.forEach((score, i) => {
        expect(Math.abs(score - wanted[i]!)).toBeLessThan(1e-12 * Math.max(...wanted));
      });
    }
  });

  test('adds up what all uses of a shared kernel read', () => {
    const x = input([3]);
    const shared = new Dense(3, { useBias: false, name: 'shared' });
    const model = new Model(x, shared.apply(shared.apply(x)), { seed: 2, dtype: 'float64' });
    const data = samples64([20, 3]);
    const { data: kernel } = shared.kernel;
    const scores = weightScores(model, { criterion: 'wanda', samples: [data, data] }).get('shared/kernel')!;
    scores.forEach((score, i) => {
      const row = Math.floor(i / 3);
      let sum = 0;
      for (let n = 0; n < 20; n++) {
        const own = values(data).slice(3 * n, 3 * n + 3);
        const made = [0, 1, 2].map((u) => own.reduce((s, each, k) => s + each * kernel[3 * k + u]!, 0));
        sum += own[row]! ** 2 + made[row]! ** 2;
      }
      expect(score).toBeCloseTo(Math.abs(kernel[i]!) * Math.sqrt(sum), 10);
    });
  });

  test('prefers a small weight of a large input to a large one of a small', () => {
    const model = new Sequential([new Dense(1, { inputShape: [2], useBias: false })]);
    kernelsOf(model)[0]!.value.storage.array.set([0.1, 2]);
    const samples = [tensor([[1000, 1]]), ones([1, 1])] as const;
    expect(values(kernelsOf(prune(model, { count: 1, criterion: 'wanda', samples }))[0]!.mask!)).toEqual([1, 0]);
    expect(values(kernelsOf(prune(model, { count: 1 }))[0]!.mask!)).toEqual([0, 1]);
  });
});

describe('random', () => {
  test('draws by the seed, the same for a network and for each kernel whatever others there are', () => {
    const model = smallModel(7);
    const scores = (options: ScoreOptions): number[][] =>
      [...weightScores(model, { criterion: 'random', ...options }).values()].map((own) => [...own]);
    expect(scores({})).toEqual(scores({ seed: 7 }));
    expect(scores({ seed: 8 })).not.toEqual(scores({}));
    const network = weightScores(toNetwork(model), { criterion: 'random', seed: 7 });
    expect([...network.values()].map((own) => [...own])).toEqual(scores({}));
    const all = scores({}).flat();
    expect(new Set(all).size).toBe(all.length);
    expect(all.every((score) => score >= 0 && score < 1)).toBe(true);
  });
});

describe('movement', () => {
  test('sums w·Δw over the steps of a fit, which begins anew', () => {
    const model = smallModel();
    const movement = new MovementScores();
    const [x, y] = threeClasses();
    const wanted: number[][] = [];
    for (let fit = 0; fit < 2; fit++) {
      let before: number[][] = [];
      wanted.splice(0, wanted.length, ...kernelsOf(model).map(({ value }) => Array<number>(value.size).fill(0)));
      const own: Callback = {
        onBatchBegin: () => {
          before = kernelsOf(model).map(values);
        },
        onBatchEnd: () => {
          kernelsOf(model).forEach((kernel, k) => {
            values(kernel).forEach((w, i) => {
              wanted[k]![i]! += before[k]![i]! * (w - before[k]![i]!);
            });
          });
        },
      };
      model.fit(x, y, { epochs: 2, batchSize: 16, callbacks: [movement, own] });
    }
    expect(model.replayStatus.replayed).toBeGreaterThan(0);
    expect([...movement.scores.keys()]).toEqual(kernelsOf(model).map(({ name }) => name));
    expect([...movement.scores.values()].map((own) => [...(own as Float64Array)])).toEqual(wanted);
    const pruned = prune(model, { sparsity: 0.5, criterion: movement.scores });
    const least = wanted.flat().sort((p, q) => p - q)[Math.round(0.5 * 95) - 1]!;
    const gone = kernelsOf(pruned).flatMap(({ mask }) => values(mask!));
    wanted.flat().forEach((score, i) => {
      if (gone[i] === 0) expect(score).toBeLessThanOrEqual(least);
    });
  });

  test('is of what grows: a weight that shrinks towards 0 goes before a smaller one that grows', () => {
    const model = new Sequential([new Dense(1, { inputShape: [2], useBias: false })]);
    model.compile({ loss: 'mse', optimizer: new SGD({ learningRate: 0.1 }) });
    kernelsOf(model)[0]!.value.storage.array.set([3, 0.5]);
    const movement = new MovementScores();
    const x = tensor([
      [1, 0],
      [0, 1],
    ]);
    model.fit(x, tensor([[0], [2]]), { epochs: 3, callbacks: [movement] });
    expect(values(kernelsOf(prune(model, { count: 1, criterion: movement.scores }))[0]!.mask!)).toEqual([0, 1]);
    expect(values(kernelsOf(prune(model, { count: 1 }))[0]!.mask!)).toEqual([1, 0]);
  });
});

test('scores of movement that were taken stay as they were through further fits', () => {
  const model = smallModel();
  const movement = new MovementScores();
  const [x, y] = threeClasses();
  model.fit(x, y, { epochs: 1, callbacks: [movement] });
  const { scores } = movement;
  const numbers = () => [...scores].map(([key, own]) => [key, ...Array.from(own)]);
  const before = numbers();
  expect([...movement.scores].map(([key, own]) => [key, ...Array.from(own)])).toEqual(before);
  const pruned = prune(model, { sparsity: 0.5, criterion: scores });
  let early: readonly [MovementScores['scores'], string] | null = null;
  const told = (from: MovementScores['scores']) => [...from.values()].map((own) => Array.from(own).join()).join();
  const watch: Callback = {
    onBatchEnd: () => {
      early ??= [movement.scores, told(movement.scores)]; // of the first step, and more follow
    },
  };
  model.fit(x, y, { epochs: 2, callbacks: [movement, watch] });
  expect(told(early![0])).toBe(early![1]);
  expect(told(movement.scores)).not.toBe(early![1]);
  expect(numbers()).toEqual(before);
  expect([...movement.scores].map(([key, own]) => [key, ...Array.from(own)])).not.toEqual(before);
  const masks = (from: Model) => kernelsIn(from).map(({ mask }) => values(mask!));
  expect(masks(prune(pruned, { sparsity: 0.5, criterion: scores }))).toEqual(masks(pruned));
});

describe('a model of several inputs and outputs, one of them words', () => {
  test('is ranked by every criterion, tables and norms are left alone', () => {
    const [words, x] = [input([4]), input([3])];
    const embedded = new LayerNorm().apply(new Embedding(9, 3).apply(words));
    const hidden = new Flatten().apply(embedded);
    const a = new Dense(5, { activation: 'relu', name: 'a' }).apply(hidden);
    const b = new Dense(5, { activation: 'relu', name: 'b' }).apply(x);
    const both = new Add().apply([a, b]);
    const model = new Model(
      [words, x],
      [new Dense(2, { name: 'c' }).apply(both), new Dense(1, { name: 'd' }).apply(b)],
    );
    model.compile({ loss: 'mse', optimizer: 'adam' });
    const entries = fromData(
      Int32Array.from({ length: 40 }, (_, i) => (i * 7) % 9),
      [10, 4],
    );
    const samples: SampleLists = [
      [entries, normal([10, 3])],
      [normal([10, 2], 1), normal([10, 1], 2)],
    ];
    for (const criterion of ['magnitude', 'random', 'snip', 'taylor', 'wanda'] as const) {
      const pruned = prune(model, { sparsity: 0.5, criterion, samples, scope: 'layer' });
      const dead = pruned.weights.map(({ name, mask }) => [name, mask?.data.filter((bit) => bit === 0).length]);
      expect(Object.fromEntries(dead.filter(([, count]) => count !== undefined))).toEqual({
        'a/kernel': 30,
        'b/kernel': 8,
        'c/kernel': 5,
        'd/kernel': 3,
      });
    }
    expect(() => prune(model, { sparsity: 0.5, criterion: 'wanda', samples: [samples[0], []] })).not.toThrow();
    const wrong: SampleLists = [entries, samples[1]];
    expect(() => prune(model, { sparsity: 0.5, criterion: 'wanda', samples: wrong })).toThrow('a list of 2 tensors');
  });
});

describe('MovementScores', () => {
  test('has none before a step, and takes no options', () => {
    const movement = new MovementScores();
    expect(() => movement.scores).toThrow('MovementScores: no step was seen yet: give it to the callbacks of fit');
    smallModel().fit(...threeClasses(), { epochs: 0, callbacks: [movement] });
    expect(() => movement.scores).toThrow('no step was seen yet');
    expect(() => Reflect.construct(MovementScores, [{ begin: 3 }])).toThrow('the options must be left out');
  });

  test('of another model do not fit', () => {
    const movement = new MovementScores();
    const other = new Sequential([new Dense(4, { inputShape: [5] }), new Dense(3)]);
    other.compile({ loss: 'mse', optimizer: 'sgd' });
    other.fit(normal([8, 5]), normal([8, 3]), { callbacks: [movement] });
    const ask = (): Model => prune(smallModel(), { sparsity: 0.5, criterion: movement.scores });
    expect(ask).toThrow('scores of dense/kernel must be a list of 35');
    smallModel().fit(...threeClasses(), { callbacks: [movement] });
    expect(ask).not.toThrow(); // the last fit counts
  });
});

describe('a layer of the user', () => {
  class Scale extends Layer {
    override readonly type = 'scale';
    override build(shape: readonly number[]): readonly number[] {
      this.weights = [new Parameter(`${this.name}/kernel`, parameter(ones([...shape], 'float32')))];
      return shape;
    }
    override call(x: Tensor): Tensor {
      return mul(x, this.parameter('kernel').value);
    }
    override clone(): Scale {
      return new Scale({ name: this.name });
    }
  }

  test('is ranked by whatever does not ask what its weights multiply', () => {
    const model = new Sequential([new Dense(4, { inputShape: [5] }), new Scale({ name: 'mine' }), new Dense(3)]);
    model.compile({ loss: 'mse', optimizer: 'sgd' });
    const samples = [normal([10, 5]), normal([10, 3])] as const;
    for (const criterion of ['magnitude', 'random', 'taylor', 'snip'] as const) {
      const scores = weightScores(model, { criterion, samples });
      expect(scores.get('mine/kernel')).toHaveLength(4);
      expect(
        prune(model, { sparsity: 0.5, scope: 'layer', criterion, samples }).weights.map(({ mask }) => mask?.size),
      ).toEqual([20, undefined, 4, 12, undefined]);
    }
    expect(() => prune(model, { sparsity: 0.5, criterion: 'wanda', samples })).toThrow(
      "prune: mine is code of one's own: what its weights multiply is not known. Rank them by another criterion than wanda",
    );
  });
});

describe('scores', () => {
  test('that are NaN count as the largest, whatever gives them', () => {
    const model = smallModel();
    const samples = threeClasses();
    (samples[0].data as Float32Array)[7] = Number.NaN;
    for (const criterion of ['taylor', 'wanda'] as const) {
      const scores = weightScores(model, { criterion, samples });
      expect([...scores.values()].some((own) => own.some(Number.isNaN))).toBe(true);
    }
    const own = new Map(kernelsOf(model).map(({ name, value }) => [name, values(value).map((_, i) => i)]));
    own.get('dense/kernel')![0] = Number.NaN;
    const masks = kernelsOf(prune(model, { sparsity: 0.5, scope: 'layer', criterion: own })).map(({ mask }) =>
      values(mask!),
    );
    expect(masks[0]).toEqual(Array.from({ length: 35 }, (_, i) => Number(i === 0 || i > 18)));
    expect(masks[1]).toEqual(Array.from({ length: 42 }, (_, i) => Number(i >= 21)));
  });

  const model = smallModel();
  const [x, y] = threeClasses();
  const one = (n: number, key = 'dense/kernel'): ReadonlyMap<string, number[]> => new Map([[key, Array(n).fill(1)]]);
  test.each<[object, string]>([
    [{ criterion: 'l1' }, 'criterion must be one of magnitude, random, taylor, snip, wanda, movement, or a Map'],
    [{ criterion: 'tailor', samples: [x, y] }, 'Did you mean taylor?'],
    [{ criterion: { 'dense/kernel': [] } }, 'criterion must be a name, or a Map of scores by key'],
    [{ criterion: new MovementScores() }, 'Give its scores'],
    [
      { criterion: 'movement' },
      'movement is seen in training alone. Give new MovementScores() to the callbacks of fit',
    ],
    [{ criterion: 'taylor' }, 'samples must be a list of x and y'],
    [{ criterion: 'wanda', samples: x }, 'samples must be a list of x and y'],
    [
      { criterion: 'wanda', samples: [normal([3, 4]), y] },
      'samples do not have the shape the model was built for, [5], got [4]',
    ],
    [{ criterion: 'snip', samples: [x, y.data.slice(1)] }, 'must have the same number of samples'],
    [{ criterion: 'random', seed: -1 }, 'seed must be an integer from 0'],
    [{ criterion: one(35) }, 'scores must be there for dense_1/kernel too'],
    [{ criterion: one(34) }, 'scores of dense/kernel must be a list of 35, one for each number of it'],
    [
      { criterion: one(35, 'dense/bias') },
      'a key of scores must be among dense/kernel, dense_1/kernel, dense_2/kernel',
    ],
    [{ criterion: new Map([['dense/kernel', Array(35).fill('1')]]) }, 'scores of dense/kernel [0] must be a number'],
    [{ criterion: one(35, 'dense') }, 'got "dense". Did you mean dense/kernel?'],
    [{ criterion: new Map([['dense/kernel', 3]]) }, 'scores of dense/kernel must be a list of 35'],
  ])('refuse options %#', (options, message) => {
    expect(() => prune(model, { sparsity: 0.5, ...(options as ScoreOptions) })).toThrow(message);
    expect(() => weightScores(model, options as ScoreOptions)).toThrow(message);
    expect(kernelsOf(model).every(({ mask }) => mask === null)).toBe(true);
  });

  test('that need gradients ask for a compiled model', () => {
    const samples = threeClasses();
    const network = toNetwork(model);
    for (const criterion of ['taylor', 'snip'] as const) {
      expect(() => prune(network, { sparsity: 0.5, criterion, samples })).toThrow(
        'prune: taylor and snip need the gradient of a loss, which a network does not have: give the model',
      );
      const bare = new Sequential([new Dense(3, { inputShape: [5] })]);
      expect(() => prune(bare, { sparsity: 0.5, criterion, samples })).toThrow('not compiled');
    }
    const int8 = quantize(model, { calibration: samples[0] });
    expect(() => prune(int8, { sparsity: 0.5, criterion: 'wanda', samples })).toThrow('is int8 already: prune before');
    expect(decodeWeight(network.weights.get('dense/kernel')!)).toHaveLength(35);
  });

  test('of a schedule are named in its errors', () => {
    expect(() => new PruningSchedule({ finalSparsity: 0.5, end: 9, criterion: 'wanda' })).toThrow(
      'PruningSchedule: samples must be a list of x and y',
    );
  });
});
