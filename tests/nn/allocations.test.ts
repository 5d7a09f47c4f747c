import { describe, expect, test } from 'vitest';
import {
  Activation,
  Adam,
  AvgPool2D,
  BatchNorm,
  ChannelShuffle,
  Concat,
  type Constraint,
  Conv2D,
  Conv2DTranspose,
  Dense,
  DepthwiseConv2D,
  Dropout,
  Embedding,
  GlobalAvgPool2D,
  GlobalMaxPool2D,
  LayerNorm,
  l2,
  MaxPool2D,
  maxNorm,
  minMaxNorm,
  mul,
  nonNegative,
  type Optimizer,
  Residual,
  RMSprop,
  reference,
  SeparableConv2D,
  Sequential,
  SGD,
  SpatialDropout2D,
  setBackend,
  type Tensor,
  tensor,
  UpSampling2D,
  unitNorm,
  ZeroPadding2D,
} from '../../src/index.ts';
import { list, noise, of } from './tools.ts';

const NAMES = [
  'Float32Array',
  'Float64Array',
  'Int32Array',
  'Uint32Array',
  'Int8Array',
  'Uint8Array',
  'Uint16Array',
  'Int16Array',
  'Uint8ClampedArray',
  'BigInt64Array',
  'BigUint64Array',
  'ArrayBuffer',
  'DataView',
] as const;

/** How many typed arrays, views and buffers `body` makes, and where the first comes from. */
function allocations(body: () => void): { count: number; first: string } {
  let count = 0;
  let first = '';
  const seen = (what: string): void => {
    count++;
    if (first === '') first = `${what} ${new Error().stack?.split('\n').slice(3, 8).join('\n')}`;
  };
  const undo: (() => void)[] = [];
  const replace = (owner: object, key: string, value: unknown): void => {
    const before = Object.getOwnPropertyDescriptor(owner, key)!;
    Object.defineProperty(owner, key, { ...before, value });
    undo.push(() => Object.defineProperty(owner, key, before));
  };
  try {
    for (const name of NAMES) {
      const wrapped = new Proxy(globalThis[name], {
        construct(target, args, newTarget): object {
          seen(`new ${name}`);
          return Reflect.construct(target, args, newTarget) as object;
        },
      });
      replace(globalThis, name, wrapped);
    }
    const shared = Object.getPrototypeOf(Float32Array.prototype) as Record<string, (...args: unknown[]) => unknown>;
    for (const key of ['subarray', 'slice', 'map', 'filter', 'toSorted', 'toReversed', 'with']) {
      const original = shared[key]!;
      replace(shared, key, function (this: unknown, ...args: unknown[]): unknown {
        seen(key);
        return original.apply(this, args);
      });
    }
    body();
  } finally {
    for (const back of undo.reverse()) back();
  }
  return { count, first };
}

const draw = noise(3);

function regression(optimizer: Optimizer): [Sequential, Tensor, Tensor] {
  const model = new Sequential([new Dense(10, { activation: 'relu', inputShape: [1] }), new Dense(1)]);
  model.compile({ optimizer, loss: 'mse', metrics: ['mae'] });
  return [model, of(list(32, draw), [32, 1], 'float32'), of(list(32, draw), [32, 1], 'float32')];
}

function classifier(optimizer: Optimizer, sparse: boolean): [Sequential, Tensor, Tensor] {
  const model = new Sequential([
    new Dense(64, { activation: 'relu', inputShape: [100], kernelRegularizer: l2(1e-4) }),
    new Dropout(0.2),
    new Dense(64, { activation: 'tanh', activityRegularizer: l2(1e-4) }),
    new Dropout(0.2),
    new Dense(10, { activation: 'softmax' }),
  ]);
  const loss = sparse ? 'sparseCategoricalCrossentropy' : 'categoricalCrossentropy';
  model.compile({ optimizer, loss, metrics: ['accuracy'] });
  const classes = list(32, () => Math.floor(5 * (draw() + 1)));
  const oneHot = classes.flatMap((c) => Array.from({ length: 10 }, (_, j) => Number(j === c)));
  const y = sparse ? tensor(Int32Array.from(classes)) : of(oneHot, [32, 10], 'float32');
  return [model, of(list(3200, draw), [32, 100], 'float32'), y];
}

function images(optimizer: Optimizer): [Sequential, Tensor, Tensor] {
  const model = new Sequential([
    new Conv2D(4, 3, { padding: 'same', useBias: false, inputShape: [6, 6, 2], kernelRegularizer: l2(1e-4) }),
    new BatchNorm(),
    new Activation('relu6'),
    new ChannelShuffle(2),
    new Residual([new DepthwiseConv2D(3, { padding: 'same', activation: 'relu' }), new Conv2D(4, 1)]),
    new MaxPool2D(),
    new SeparableConv2D(6, 2, { activityRegularizer: l2(1e-4), activation: 'silu' }),
    new UpSampling2D(),
    new ZeroPadding2D(),
    new AvgPool2D(),
    new Conv2DTranspose(3, 2, { strides: 2 }),
    new Concat([[new GlobalAvgPool2D()], [new GlobalMaxPool2D()]]),
    new Dense(5, { activation: 'softmax' }),
  ]);
  model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  const classes = list(32, () => Math.floor(2.5 * (draw() + 1)));
  return [model, of(list(32 * 72, draw), [32, 6, 6, 2], 'float32'), tensor(Int32Array.from(classes))];
}

/** The same with steps that are run operation by operation. */
function eager([model, x, y]: [Sequential, Tensor, Tensor]): [Sequential, Tensor, Tensor] {
  const { optimizer, objectives } = model;
  model.compile({ optimizer, loss: objectives[0]!.loss, metrics: objectives[0]!.metrics, replay: false });
  return [model, x, y];
}

/** With a constraint that must be called each time. */
function constrained(optimizer: Optimizer): [Sequential, Tensor, Tensor] {
  const half: Constraint = { name: 'half', call: (w) => mul(w, 0.5) };
  const model = new Sequential([
    new Conv2D(4, 3, { inputShape: [5, 5, 2], kernelConstraint: half }),
    new BatchNorm(),
    new GlobalAvgPool2D(),
    new Dense(3, { biasConstraint: half }),
  ]);
  model.compile({ optimizer, loss: 'mse' });
  return [model, of(list(8 * 50, draw), [8, 5, 5, 2], 'float32'), of(list(24, draw), [8, 3], 'float32')];
}

function words(optimizer: Optimizer): [Sequential, Tensor, Tensor] {
  const model = new Sequential([
    new Embedding(9, 4, { inputShape: [6, 2], embeddingsConstraint: maxNorm(1, 1) }),
    new SpatialDropout2D(0.2),
    new BatchNorm({ convention: 'pytorch' }),
    new Residual([new LayerNorm(), new Dense(4, { activation: 'relu6', kernelConstraint: minMaxNorm() })]),
    new GlobalAvgPool2D(),
    new Dense(3, { activation: 'softmax', kernelConstraint: unitNorm(), biasConstraint: nonNegative() }),
  ]);
  model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  const numbers = (n: number, below: number): Int32Array =>
    Int32Array.from(list(n, () => Math.floor((below / 2) * (draw() + 1))));
  return [model, tensor(numbers(32 * 12, 9), { shape: [32, 6, 2] }), tensor(numbers(32, 3))];
}

function binary(optimizer: Optimizer): [Sequential, Tensor, Tensor] {
  const model = new Sequential([
    new Dense(8, { activation: 'gelu', inputShape: [4] }),
    new Dense(1, { activation: 'sigmoid' }),
  ]);
  model.compile({ optimizer, loss: 'binaryCrossentropy', metrics: ['accuracy'] });
  const y = of(
    list(16, () => Number(draw() > 0)),
    [16, 1],
    'float32',
  );
  return [model, of(list(64, draw), [16, 4], 'float32'), y];
}

const cases: [string, () => [Sequential, Tensor, Tensor]][] = [
  ['a 1-10-1 network with Adam', () => regression(new Adam())],
  ['a 1-10-1 network with SGD, clipped', () => regression(new SGD({ momentum: 0.9, globalClipNorm: 1, clipValue: 1 }))],
  ['a 100-64-64-10 network with dropout', () => classifier(new Adam(), false)],
  ['a 100-64-64-10 network with dropout and integer labels', () => classifier(new RMSprop({ momentum: 0.5 }), true)],
  ['a network of convolutions and pools', () => images(new Adam())],
  ['a network of normalizations, words and constraints', () => words(new Adam())],
  ['a network of convolutions without replay', () => eager(images(new Adam()))],
  ['a network of words without replay', () => eager(words(new Adam()))],
  ['a network with a constraint that is called each time', () => constrained(new Adam())],
  ['a network with sigmoid output', () => binary(new Adam({ amsgrad: true, weightDecay: 0.01 }))],
];

describe('a steady training loop allocates no typed array:', () => {
  test('the counter counts', () => {
    const { count, first } = allocations(() => {
      const a = new Float32Array(8);
      a.subarray(1);
      Int32Array.from([1]);
      a.slice();
    });
    expect(count).toBe(4);
    expect(first).toContain('new Float32Array');
    expect(allocations(() => {}).count).toBe(0);
  });

  test.each(cases)('%s', (_name, make) => {
    const [model, x, y] = make();
    for (let i = 0; i < 5; i++) model.trainOnBatch(x, y);
    const { count, first } = allocations(() => {
      for (let i = 0; i < 200; i++) model.trainOnBatch(x, y);
    });
    expect(`${count} ${first}`).toBe('0 ');
  });

  test.each(cases)('%s, with the reference kernels', (_name, make) => {
    const before = setBackend(reference);
    try {
      const [model, x, y] = make();
      for (let i = 0; i < 3; i++) model.trainOnBatch(x, y);
      const { count, first } = allocations(() => {
        for (let i = 0; i < 5; i++) model.trainOnBatch(x, y);
      });
      expect(`${count} ${first}`).toBe('0 ');
    } finally {
      setBackend(before);
    }
  });

  test.each(cases)('%s by fit makes none for a batch more, the last one partial', (_name, make) => {
    const [model, x, y] = make();
    const count = (epochs: number, batchSize: number): number =>
      allocations(() => model.fit(x, y, { batchSize, epochs })).count;
    /** For two epochs more, once the first has run operation by operation and the second was recorded. */
    const twoMore = (epochs: number, batchSize: number): number =>
      count(epochs + 2, batchSize) - count(epochs, batchSize);
    count(3, 12);
    expect(twoMore(5, 12)).toBe(twoMore(3, 12)); // an epoch makes the same few,
    expect(twoMore(3, 32)).toBe(twoMore(3, 12)); // however many batches it has
  });
});
