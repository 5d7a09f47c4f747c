import { describe, expect, test } from 'vitest';
import { ruleOf } from '../../src/gpu/weights.ts';
import { FACTS } from '../../src/graph/facts.ts';
import {
  Adagrad,
  Adam,
  AdamW,
  Conv1D,
  Conv2D,
  Conv2DTranspose,
  cloneModel,
  cosineDecay,
  cpu,
  Dense,
  DepthwiseConv2D,
  digest,
  Embedding,
  Flatten,
  Layer,
  LayerNorm,
  loadModel,
  matmul,
  maxNorm,
  mean,
  type Optimizer,
  Parameter,
  Proximal,
  type ProximalOptions,
  parameter,
  prune,
  RMSprop,
  reference,
  Sequential,
  SGD,
  type Shape,
  StateError,
  saveModel,
  setBackend,
  square,
  sub,
  type Tensor,
  ValueError,
  wasm,
  zeros,
} from '../../src/index.ts';
import { isNamedOptimizer, optimizerByName, optimizerOf } from '../../src/nn/optimizers.ts';
import { expectClose, list, noise, of } from './tools.ts';

const any = (value: unknown): never => value as never;
const draw = noise(5);

/** One step on gradients of 0 is the map alone. */
function mapped(weights: readonly Parameter[], options: ProximalOptions, learningRate = 0.5): number[][] {
  const optimizer = new Proximal(new SGD({ learningRate }), options);
  optimizer.apply(
    weights,
    weights.map(({ value }) => zeros(value.shape, value.dtype as 'float64')),
  );
  return weights.map(({ value }) => [...value.data]);
}

/** A kernel by hand. */
function kernel(values: readonly number[], shape: readonly number[], unitAxis: number | null = -1): Parameter {
  const made = new Parameter('mine/kernel', parameter(of(values, shape)));
  made.unitAxis = unitAxis;
  return made;
}

/** The groups of a kernel by the group that each number is in, worked out index by index. */
function grouped(
  values: readonly number[],
  shape: readonly number[],
  groupOf: (at: readonly number[]) => string,
): number[][] {
  const groups = new Map<string, number[]>();
  values.forEach((_, i) => {
    let rest = i;
    const at = [...shape]
      .reverse()
      .map((n) => {
        const index = rest % n;
        rest = Math.floor(rest / n);
        return index;
      })
      .reverse();
    const key = groupOf(at);
    groups.set(key, [...(groups.get(key) ?? []), i]);
  });
  return [...groups.values()];
}

describe('maps', () => {
  test('soft: what is within learning rate times lambda of 0 is 0, all else comes nearer by that', () => {
    const [w] = mapped([kernel([1, -1, 0.1, -0.1, 0.25, 0], [2, 3])], { lambda: 0.5 });
    expect(w).toEqual([0.75, -0.75, 0, 0, 0, 0]);
  });

  const SHAPES: readonly [string, readonly number[], number][] = [
    ['a dense kernel', [4, 5], -1],
    ['a convolution of sequences', [3, 2, 4], -1],
    ['a convolution of images', [2, 3, 2, 4], -1],
    ['a transposed convolution', [2, 3, 4, 2], -2],
  ];
  describe.each(SHAPES)('of %s', (_, shape, units) => {
    const size = shape.reduce((p, q) => p * q);
    const values = list(size, draw);
    const unitOf = (at: readonly number[]): string => `${at.at(units)}`;
    const others = (at: readonly number[]): string => `${at.filter((__, axis) => axis !== at.length + units)}`;

    test.each([
      ['row', others],
      ['column', unitOf],
    ] as const)('group: %ss shrink by their norms, and die whole', (groups, groupOf) => {
      const all = grouped(values, shape, groupOf);
      const means = all.map((places) => Math.hypot(...places.map((i) => values[i]!)) / Math.sqrt(places.length));
      const lambda = Math.min(...means) + Math.max(...means); // between them: some die, some live
      const expected = [...values];
      let dead = 0;
      for (const places of all) {
        const norm = Math.sqrt(places.reduce((total, i) => total + values[i]! ** 2, 0));
        const factor = Math.max(0, 1 - (0.5 * lambda * Math.sqrt(places.length)) / norm);
        if (factor === 0) dead++;
        for (const i of places) expected[i] = values[i]! * factor;
      }
      expect(dead).toBeGreaterThan(0);
      expect(dead).toBeLessThan(all.length);
      const [w] = mapped([kernel(values, shape, units)], { lambda, groups });
      expectClose(w!, expected, 1e-12);
      expect(w!.every((each, i) => (each === 0) === (expected[i] === 0) && !Object.is(each, -0))).toBe(true);
    });

    test.each([
      ['element', null],
      ['row', others],
      ['column', unitOf],
    ] as const)('minimal: the smallest %ss are 0, all others as they were', (groups, groupOf) => {
      const all = groupOf === null ? values.map((__, i) => [i]) : grouped(values, shape, groupOf);
      for (const sparsity of [0, 0.3, 0.5, 0.999]) {
        const [w] = mapped([kernel(values, shape, units)], { sparsity, groups, map: 'minimal' });
        const norm = (places: readonly number[]): number => places.reduce((total, i) => total + values[i]! ** 2, 0);
        const dead = [...all].sort((p, q) => norm(p) - norm(q));
        dead.length = Math.min(all.length - 1, Math.ceil(sparsity * all.length));
        const gone = new Set(dead.flat());
        expect(w).toEqual(values.map((value, i) => (gone.has(i) ? 0 : value)));
      }
    });

    test('channel: only convolutions have some', () => {
      const [w] = mapped([kernel(values, shape, units)], { lambda: 0.95, groups: 'channel' });
      const [columns] = mapped([kernel(values, shape, units)], { lambda: 0.95, groups: 'column' });
      expect(w).toEqual(shape.length > 2 ? columns : values);
    });
  });

  test('a group of one number shrinks as that number does, and equals die by their place', () => {
    const values = [1, -2, 0.2, -0.3];
    const [soft] = mapped([kernel(values, [2, 2])], { lambda: 0.8 });
    const [single] = mapped([kernel(values, [2, 2])], { lambda: 0.8, groups: 'element', map: 'group' });
    expectClose(single!, soft!, 1e-12);
    const [w] = mapped([kernel([1, -1, 1, 1], [2, 2])], { sparsity: 0.5, map: 'minimal' });
    expect(w).toEqual([0, 0, 1, 1]);
    const [seven] = mapped([kernel(list(100, draw), [10, 10])], { sparsity: 0.55, map: 'minimal' });
    expect(seven!.filter((each) => each === 0).length).toBe(55); // 0.55·100 is 55.00000000000001
  });

  test('without a threshold nothing moves, not even what is dead', () => {
    for (const options of [{ lambda: 0 }, { lambda: 0, groups: 'column' }, { lambda: 0, groups: 'row' }] as const)
      expect(mapped([kernel([1, -2, 0, 3, -4, 0], [2, 3])], options)).toEqual([[1, -2, 0, 3, -4, 0]]);
  });

  test('what is no kernel stays: other weights of models, and tensors of less than two axes', () => {
    const vector = parameter(of([0.1, -0.1], [2]));
    const matrix = parameter(of([0.1, -0.1], [1, 2]));
    const bias = kernel([0.1, -0.1], [1, 2], null);
    const optimizer = new Proximal(new SGD({ learningRate: 1 }), { lambda: 1 });
    const trained = [vector, matrix, bias];
    optimizer.apply(trained, [zeros([2], 'float64'), zeros([1, 2], 'float64'), zeros([1, 2], 'float64')]);
    expect([[...vector.data], [...matrix.data], [...bias.value.data]]).toEqual([
      [0.1, -0.1],
      [0, 0],
      [0.1, -0.1],
    ]);
    const flat = kernel([0.1, -0.1], [2]);
    expect(mapped([flat], { lambda: 9, groups: 'column' })).toEqual([[0.1, -0.1]]);
    expect(mapped([kernel([], [0, 3])], { lambda: 9, groups: 'row' })).toEqual([[]]);
  });
});

test('kernels of models are those that pruning takes, each with its axis of units', () => {
  const pruned = Object.entries(FACTS).flatMap(([op, { weights }]) =>
    Object.entries(weights ?? {}).flatMap(([role, { isPruned }]) => (isPruned ? [`${op} ${role}`] : [])),
  );
  expect(pruned.sort()).toEqual(['conv kernel', 'convTranspose kernel', 'dense kernel']);
  class Own extends Layer {
    override readonly type = 'own';
    override build(shape: Shape): Shape {
      for (const role of ['kernel', 'offset'])
        this.weights.push(new Parameter(`${this.name}/${role}`, parameter(of([1, 2], [2, 1], 'float32'))));
      return shape;
    }
    override call(t: Tensor): Tensor {
      return t;
    }
    override clone(): Own {
      return new Own();
    }
  }
  const axes = (layers: Layer[], shape: readonly number[]): Record<string, number | null> => {
    const model = new Sequential(layers);
    model.build([...shape]);
    return Object.fromEntries(model.weights.map(({ name, unitAxis }) => [name, unitAxis]));
  };
  expect(
    axes(
      [
        new DepthwiseConv2D(2),
        new Conv2DTranspose(3, 2),
        new Conv2D(2, 2),
        new Flatten(),
        new LayerNorm(),
        new Dense(2),
        new Own(),
      ],
      [5, 5, 2],
    ),
  ).toEqual({
    'depthwiseConv2D/kernel': -1,
    'depthwiseConv2D/bias': null,
    'conv2DTranspose/kernel': -2,
    'conv2DTranspose/bias': null,
    'conv2D/kernel': -1,
    'conv2D/bias': null,
    'layerNorm/gamma': null,
    'layerNorm/beta': null,
    'dense/kernel': -1,
    'dense/bias': null,
    'own/kernel': -1,
    'own/offset': null,
  });
  expect(axes([new Embedding(5, 3), new Conv1D(2, 2)], [4])).toEqual({
    'embedding/embeddings': null,
    'conv1D/kernel': -1,
    'conv1D/bias': null,
  });
});

const INNER: Readonly<Record<string, () => Optimizer>> = {
  SGD: () => new SGD({ learningRate: 0.05, momentum: 0.9, nesterov: true, clipValue: 0.5 }),
  Adam: () => new Adam({ learningRate: 0.02, amsgrad: true, clipNorm: 1 }),
  AdamW: () => new AdamW({ learningRate: 0.02, weightDecay: 0.1, globalClipNorm: 1 }),
  RMSprop: () => new RMSprop({ learningRate: 0.03, momentum: 0.5 }),
  Adagrad: () => new Adagrad({ learningRate: 0.05 }),
};
const OPTIONS: readonly ProximalOptions[] = [
  { lambda: 0.3 },
  { lambda: 1, groups: 'row' },
  { lambda: 1.5, groups: 'column' },
  { lambda: 2, groups: 'channel' },
  { sparsity: 0.4, map: 'minimal' },
  { sparsity: 0.5, map: 'minimal', groups: 'column' },
];

const x = of(list(24 * 16, draw), [24, 4, 4, 1], 'float32');
const y = of(list(24 * 3, draw), [24, 3], 'float32');

function network(optimizer: Optimizer, replay = true, dtype: 'float32' | 'float64' = 'float32'): Sequential {
  const layers = [
    new Conv2D(4, 2, { activation: 'relu', inputShape: [4, 4, 1] }),
    new Flatten(),
    new Dense(6, { activation: 'tanh', kernelConstraint: maxNorm(1) }),
    new Dense(3),
  ];
  const model = new Sequential(layers, { seed: 2, dtype });
  model.compile({ optimizer, loss: 'mse', replay });
  return model;
}

const zerosOf = (model: Sequential): number =>
  model.weights.reduce((n, { value }) => n + value.data.filter((each) => each === 0).length, 0);

describe.each(Object.keys(INNER))('around %s', (name) => {
  const make = INNER[name]!;

  test('a step is its step, then the map, then constraint and mask', () => {
    const plain = make();
    const wrapped = new Proximal(make(), { lambda: 0.1 });
    const alone = kernel([0.5, -0.5, 0.02, -0.001], [2, 2]);
    const w = kernel([0.5, -0.5, 0.02, -0.001], [2, 2]);
    for (let i = 0; i < 4; i++) {
      alone.value.storage.array.set(w.value.data);
      const gradient = of(list(4, draw), [2, 2]);
      plain.apply([alone], [gradient]);
      wrapped.apply([w], [gradient]);
      const t = plain.learningRate * 0.1;
      const expected = [...alone.value.data].map((each) => Math.max(each - t, 0) + Math.min(each + t, 0));
      expect([...w.value.data]).toEqual(expected);
    }
    expect(wrapped.iterations).toBe(4);
  });

  test.each(OPTIONS)('%j: repeated steps are eager ones, on every table', (options) => {
    const digests = [reference, cpu, wasm()].flatMap((table) =>
      [true, false].map((replay) => {
        const before = setBackend(table);
        try {
          const model = network(new Proximal(make(), options), replay);
          model.fit(x, y, { epochs: 4, batchSize: 8 });
          if (replay) expect(model.replayStatus.replayed).toBeGreaterThan(5);
          expect(zerosOf(model)).toBeGreaterThan(0);
          return digest(model);
        } finally {
          setBackend(before ?? cpu);
        }
      }),
    );
    expect(new Set(digests).size).toBe(1);
  });

  test.each(OPTIONS)('%j: a model that was saved, or a clone from the start, goes on to the bit', (options) => {
    const fit = { epochs: 2, batchSize: 8 };
    const model = network(new Proximal(make(), options));
    const clone = cloneModel(model) as Sequential;
    model.fit(x, y, fit);
    const loaded = loadModel(saveModel(model));
    expect(loaded.optimizer).toBeInstanceOf(Proximal);
    expect(loaded.optimizer.config()).toEqual(model.optimizer.config());
    for (const each of [model, loaded]) each.fit(x, y, fit);
    expect(digest(loaded)).toBe(digest(model));
    for (let i = 0; i < 2; i++) clone.fit(x, y, fit);
    expect(digest(clone)).toBe(digest(model));
  });

  test('tells its options beside those of the other, and is made again of what it tells', () => {
    for (const options of OPTIONS) {
      const optimizer = new Proximal(make(), options);
      const { name: own, of: inner, ...others } = optimizer.config();
      expect([own, inner]).toEqual(['Proximal', name]);
      expect(others).toMatchObject({ ...options });
      const { name: _, ...plain } = make().config();
      expect(others).toMatchObject(plain);
      const again = optimizerByName('Proximal', optimizer.config());
      expect(again.config()).toEqual(optimizer.config());
      expect(isNamedOptimizer(again)).toBe(true);
      expect((again as Proximal).optimizer.constructor).toBe(optimizer.optimizer.constructor);
    }
  });
});

test('the threshold follows the schedule of the learning rate, which it takes over, and a rate that is set', () => {
  const schedule = cosineDecay(0.5, 4);
  const optimizer = new Proximal(new SGD({ learningRate: schedule }), { lambda: 1 });
  expect([optimizer.hasSchedule, optimizer.learningRate]).toEqual([true, schedule(0)]);
  const w = kernel([10], [1, 1]);
  let expected = 10;
  for (let i = 0; i < 5; i++) {
    optimizer.apply([w], [zeros([1, 1], 'float64')]);
    expected -= schedule(i);
    expect(w.value.data[0]).toBeCloseTo(expected, 12);
  }
  optimizer.learningRate = 0.25;
  optimizer.apply([w], [zeros([1, 1], 'float64')]);
  expect(w.value.data[0]).toBeCloseTo(expected - 0.25, 12);

  const other = new Adam();
  other.learningRate = 0.125;
  expect(new Proximal(other, { lambda: 1 }).learningRate).toBe(0.125);
});

test('with a schedule repeated steps are eager ones', () => {
  const digests = [true, false].map((replay) => {
    const adam = new Adam({ learningRate: cosineDecay(0.05, 12) });
    const model = network(new Proximal(adam, { lambda: 0.1, groups: 'column' }), replay);
    model.fit(x, y, { epochs: 4, batchSize: 8 });
    return digest(model);
  });
  expect(digests[0]).toBe(digests[1]);
});

test('float64 follows the same rule', () => {
  const model = network(new Proximal(new Adam({ learningRate: 0.02 }), { lambda: 0.3 }), true, 'float64');
  const [x64, y64] = [of([...x.data], x.shape), of([...y.data], y.shape)];
  model.fit(x64, y64, { epochs: 4, batchSize: 8 });
  expect(zerosOf(model)).toBeGreaterThan(10);
});

test('masked weights stay 0 and do not come back as groups', () => {
  for (const options of OPTIONS) {
    const model = prune(network(new Proximal(new SGD({ learningRate: 0.1, momentum: 0.9 }), options)), {
      sparsity: 0.5,
    });
    model.fit(x, y, { epochs: 3, batchSize: 8 });
    for (const { value, mask } of model.weights)
      mask?.data.forEach((bit, i) => {
        if (bit === 0) expect(value.data[i]).toBe(0);
      });
  }
});

test('the lasso: exact zeros, where the gradient of the penalty leaves none', () => {
  const [n, features] = [60, 20];
  const data = of(list(n * features, draw), [n, features], 'float32');
  const truth = Array.from({ length: features }, (_, j) => (j < 4 ? 2 - j / 2 : 0));
  const targets = matmul(data, of(truth, [features, 1], 'float32'));
  const fitted = (optimizer: Optimizer, kernelRegularizer?: { l1: number; l2: number }): Float32Array => {
    const own = kernelRegularizer === undefined ? {} : { kernelRegularizer };
    const model = new Sequential([new Dense(1, { inputShape: [features], ...own })], { seed: 1 });
    model.compile({ optimizer, loss: 'mse' });
    model.fit(data, targets, { epochs: 300, batchSize: n });
    return model.weights[0]!.value.data as Float32Array;
  };
  const rate = { learningRate: 0.1 };
  const lasso = fitted(new Proximal(new SGD(rate), { lambda: 0.1 }));
  const gradient = fitted(new SGD(rate), { l1: 0.1, l2: 0 });
  expect([...lasso].map((w) => w !== 0)).toEqual(truth.map((w) => w !== 0));
  expect([...gradient].filter((w) => w === 0).length).toBe(0);
  // both are near the minimum of the same loss, mean square + lambda·Σ|w|
  expectClose(lasso.subarray(0, 4), gradient.subarray(0, 4), 0.05);
});

describe('refusals', () => {
  const adam = (): Adam => new Adam();
  test.each<[string, () => unknown, string]>([
    ['no optimizer', () => new Proximal(any({ lambda: 1 }), any(undefined)), 'the first argument must be an optimizer'],
    ['one of its own', () => new Proximal(new Proximal(adam(), { lambda: 1 }), { lambda: 1 }), 'that is no Proximal'],
    ['no lambda', () => new Proximal(adam(), {}), 'lambda must be given for the map soft'],
    ['no sparsity', () => new Proximal(adam(), { map: 'minimal' }), 'sparsity must be given for the map minimal'],
    ['a lambda below 0', () => new Proximal(adam(), { lambda: -1 }), 'lambda must be at least 0, got -1'],
    [
      'a sparsity of 1',
      () => new Proximal(adam(), { sparsity: 1, map: 'minimal' }),
      'sparsity must be in [0, 1), got 1',
    ],
    [
      'a stray sparsity',
      () => new Proximal(adam(), { lambda: 1, sparsity: 0.5 }),
      'sparsity must be left out for the map soft',
    ],
    [
      'a stray lambda',
      () => new Proximal(adam(), { lambda: 1, sparsity: 0.5, map: 'minimal' }),
      'lambda must be left out',
    ],
    [
      'soft of groups',
      () => new Proximal(adam(), { lambda: 1, groups: 'row', map: 'soft' }),
      'map must be group or minimal',
    ],
    [
      'unknown groups',
      () => new Proximal(adam(), { lambda: 1, groups: any('rows') }),
      'groups must be element or row or',
    ],
    [
      'an unknown map',
      () => new Proximal(adam(), { lambda: 1, map: any('hard') }),
      'map must be soft or group or minimal',
    ],
    ['an unknown option', () => new Proximal(adam(), any({ lamda: 1 })), 'lamda'],
    [
      'a schedule of lambda',
      () => new Proximal(adam(), { lambda: any(() => 0.1) }),
      'Proximal: lambda must be at least 0, got an object of Function',
    ],
    [
      'a schedule of the share',
      () => new Proximal(adam(), { map: 'minimal', sparsity: any(cosineDecay(0.5, 10)) }),
      'Proximal: sparsity must be in [0, 1), got an object of Function',
    ],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(ValueError);
    expect(make).toThrow(message);
    expect(make).toThrow('Proximal');
  });

  test('an optimizer that has made steps', () => {
    const used = new Adam();
    const w = parameter(of([1], [1]));
    used.minimize(() => mean(square(sub(w, 2))), [w]);
    expect(() => new Proximal(used, { lambda: 1 })).toThrow(StateError);
    expect(() => new Proximal(used, { lambda: 1 })).toThrow('the Adam given has made 1 steps');
  });

  test('files that say of it what cannot be', () => {
    for (const config of [{}, { of: 'Proximal' }, { of: 5 }, { of: 'Adam' }, { of: 'Adam', lambda: 1, groups: 'x' }])
      expect(() => optimizerByName('Proximal', { name: 'Proximal', ...config } as never)).toThrow(ValueError);
    expect(() => optimizerOf('proximal' as 'adam')).toThrow('Write new Proximal(new Adam(), { lambda: 0.1 })');
  });

  test('one around an optimizer of the user has no place in a file, and is not recorded', () => {
    class Mine extends SGD {}
    class Own extends Proximal {}
    for (const optimizer of [new Proximal(new Mine(), { lambda: 0.1 }), new Own(new SGD(), { lambda: 0.1 })]) {
      expect(isNamedOptimizer(optimizer)).toBe(false);
      const model = network(optimizer);
      model.fit(x, y, { epochs: 2, batchSize: 8 });
      expect(model.replayStatus.replayed).toBe(0);
      expect(() => saveModel(model)).toThrow(StateError);
    }
  });

  test('devices', () => {
    expect(() => ruleOf('gpuTrain', new Proximal(new Adam(), { lambda: 1 }))).toThrow(
      'gpuTrain: the optimizer Proximal has no shader; SGD, Adam and AdamW have one',
    );
  });
});
