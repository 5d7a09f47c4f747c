import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import type { Stored } from '../../src/graph/encoding.ts';
import type { Node } from '../../src/graph/graph.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import {
  Activation,
  BatchNorm,
  Conv2D,
  Conv2DTranspose,
  Dense,
  DepthwiseConv2D,
  Dropout,
  Flatten,
  foldBatchNorm,
  fromData,
  input,
  type Layer,
  Model,
  Random,
  Residual,
  randomNormal,
  randomUniform,
  Sequential,
  type Tensor,
  toNetwork,
} from '../../src/index.ts';
import { compileNetwork } from '../../src/infer/index.ts';
import { decodeNetwork, encodeNetwork } from '../../src/io/index.ts';
import { inputsFor } from '../graph/random-networks.ts';
import { drawnWiring } from '../graph/random-wirings.ts';
import { normal, values } from './tools.ts';

const plain = { useBias: false } as const;
const ops = (model: Model): string =>
  toNetwork(model)
    .nodes.map(({ op }) => op)
    .join(' ');

/** Statistics as a training would leave them. */
function withStatistics<M extends Model>(model: M, seed = 5): M {
  const random = new Random(seed, 'test');
  for (const layer of model.layers)
    if (layer instanceof BatchNorm)
      for (const weight of layer.weights) {
        const drawn = random.normal(weight.shape).data;
        weight.value.storage.array.set(drawn.map((v) => (weight.name.endsWith('ariance') ? 0.1 + v * v : v)));
      }
  return model;
}

const farthest = (a: Tensor, b: Tensor): number =>
  values(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i]!)), 0);
const largest = (a: Tensor): number => values(a).reduce((most, value) => Math.max(most, Math.abs(value)), 0);

const spread = { gammaInitializer: randomUniform(-2, 2), betaInitializer: randomNormal() } as const;
const makers: Record<string, () => Layer> = {
  'a convolution with a bias': () => new Conv2D(6, 3, { biasInitializer: 'ones' }),
  'a convolution of groups': () => new Conv2D(6, 3, { ...plain, groups: 2, padding: 'same', strides: 2 }),
  'a depthwise convolution': () => new DepthwiseConv2D(3, { ...plain, depthMultiplier: 2 }),
  'a transposed convolution': () => new Conv2DTranspose(6, 3, { strides: 2 }),
  'a dense layer': () => new Dense(6, { biasInitializer: 'ones' }),
};

describe('foldBatchNorm', () => {
  test.each(Object.entries(makers))('takes a normalization into %s', (_, make) => {
    for (const dtype of ['float32', 'float64'] as const) {
      const layers = [
        new Conv2D(4, 1, { inputShape: [7, 7, 2] }),
        make(),
        new BatchNorm(spread),
        new Activation('relu'),
        new Flatten(),
        new Dense(3),
      ];
      const model = withStatistics(new Sequential(layers, { seed: 2, dtype }));
      const folded = foldBatchNorm(model);
      expect(ops(folded)).toBe(ops(model).replace('batchNorm ', ''));
      const drawn = normal([9, 7, 7, 2], 8);
      const x = dtype === 'float32' ? drawn : fromData(Float64Array.from(drawn.data), drawn.shape);
      const [before, after] = [model.predict(x), folded.predict(x)];
      expect(farthest(before, after)).toBeLessThan((dtype === 'float32' ? 2e-6 : 1e-14) * largest(before));
    }
  });

  test('computes gamma/√(variance + epsilon) and beta, one number a unit, on paper', () => {
    const model = new Sequential([new Dense(2, { inputShape: [1] }), new BatchNorm({ epsilon: 1 })]);
    const [kernel, bias, ...norm] = model.layers.flatMap(({ weights }) => weights);
    const set = (weight: typeof kernel, ...numbers: number[]): void => weight!.value.storage.array.set(numbers);
    set(kernel, 3, 5);
    set(bias, 1, 2);
    const numbers: Record<string, number[]> = { gamma: [2, 6], beta: [10, 20], mean: [4, -1], variance: [15, 8] };
    for (const weight of norm) set(weight, ...numbers[weight!.name.split('/').at(-1)!]!);
    const folded = foldBatchNorm(model).layers[0]!.weights.map(({ value }) => [...value.data]);
    // (3x + 1 - 4)·2/4 + 10 and (5x + 2 + 1)·6/3 + 20
    expect(folded).toEqual([
      [1.5, 10],
      [8.5, 26],
    ]);
  });

  test('passes over a Dropout, and goes on until none is left', () => {
    const layers = [
      new Dense(5, { ...plain, inputShape: [4] }),
      new Dropout(0.3),
      new BatchNorm(spread),
      new Activation('linear'),
      new BatchNorm(spread),
      new Activation('tanh'),
    ];
    const model = withStatistics(new Sequential(layers));
    const folded = foldBatchNorm(model);
    expect(ops(folded)).toBe('dense dropout activation activation');
    const x = normal([8, 4]);
    expect(farthest(model.predict(x), folded.predict(x))).toBeLessThan(1e-6);
  });

  test('leaves those behind an activation, behind what others read, and where nothing multiplies', () => {
    const stays = (layers: Layer[]): void => {
      const model = withStatistics(new Sequential(layers));
      expect(ops(foldBatchNorm(model))).toBe(ops(model));
    };
    stays([new BatchNorm({ inputShape: [4] }), new Dense(2)]);
    stays([new Dense(3, { inputShape: [4], activation: 'relu' }), new BatchNorm()]);
    stays([new Dense(3, { inputShape: [4] }), new Flatten(), new BatchNorm()]);
    stays([new Dense(3, { inputShape: [4], activityRegularizer: 'l2' }), new BatchNorm()]); // for the numbers before it
    stays([new Dense(3, { inputShape: [4] }), new Residual([new BatchNorm()])]);
    const x = input([4]);
    const hidden = new Dense(3).apply(x);
    const both = new Model(x, [hidden, new BatchNorm().apply(hidden)]);
    expect(ops(foldBatchNorm(both))).toBe('dense batchNorm');
  });

  test('leaves one that would make weights infinite', () => {
    const model = new Sequential([new Dense(2, { inputShape: [3] }), new BatchNorm({ epsilon: 0 })]);
    model.layers[1]!.weights.find(({ name }) => name.endsWith('ariance'))!.value.storage.array[1] = 0;
    expect(ops(foldBatchNorm(model))).toBe('dense batchNorm');
  });

  test('changes a shared layer where one normalization is behind it everywhere, and no other', () => {
    const build = (isOne: boolean): Model => {
      const x = input([4]);
      const shared = new Dense(4, plain);
      const norm = new BatchNorm(spread);
      const first = norm.apply(shared.apply(x));
      const other = isOne ? norm : new BatchNorm(spread);
      return withStatistics(new Model(x, new Dense(2).apply(other.apply(shared.apply(first)))));
    };
    const x = normal([8, 4]);
    const model = build(true);
    const folded = foldBatchNorm(model);
    expect(ops(folded)).toBe('dense dense dense');
    expect(toNetwork(folded).weights.size).toBe(4);
    expect(farthest(model.predict(x), folded.predict(x))).toBeLessThan(3e-6 * largest(model.predict(x)));
    expect(ops(foldBatchNorm(build(false)))).toBe('dense batchNorm dense batchNorm dense');
  });

  test('keeps masked weights at 0, and a bias where it is needed', () => {
    const model = withStatistics(new Sequential([new Dense(3, { inputShape: [4] }), new BatchNorm(spread)]));
    const [kernel, bias] = model.layers[0]!.weights;
    const mask = Uint8Array.from({ length: 12 }, (_, i) => (i % 3 === 1 || i === 5 ? 0 : 1));
    const store = (weight: typeof kernel, bits: Uint8Array): void => {
      weight!.mask = fromData(bits, weight!.shape, 'bool');
      weight!.value.storage.array.set(weight!.value.data.map((v, i) => v * bits[i]!));
    };
    store(kernel, mask);
    store(bias, Uint8Array.of(1, 0, 1));
    const folded = foldBatchNorm(model);
    const [newKernel, newBias] = folded.layers[0]!.weights;
    expect([...newKernel!.mask!.data]).toEqual([...mask]);
    newKernel!.value.data.forEach((v, i) => {
      if (mask[i] === 0) expect(v).toBe(0); // and not -0
    });
    expect(newBias!.mask).toBeNull(); // beta is in it
    expect(newBias!.value.data[1]).not.toBe(0);
    const network = toNetwork(folded);
    expect(decodeNetwork(encodeNetwork(network)).network).toEqual(network);
  });

  test('agrees on networks of any wiring, in which no normalization that could go stays', () => {
    let folded = 0;
    for (let seed = 1; seed <= 80; seed++) {
      const network = drawnWiring(seed);
      const after = foldBatchNorm(network);
      const count = ({ nodes }: Network): number => nodes.filter(({ op }) => op === 'batchNorm').length;
      folded += count(network) - count(after);
      expect(foldBatchNorm(after)).toEqual(after);
      const x = inputsFor(network, 3, seed);
      const [p, q] = [network, after].map((each) => compileNetwork(each, 3, cpu).run(x, 3)) as [
        readonly Float32Array[],
        readonly Float32Array[],
      ];
      p.forEach((values, i) => {
        const most = values.reduce((a, v) => Math.max(a, Math.abs(v)), 1e-3);
        values.forEach((v, j) => {
          if (Number.isFinite(v)) expect(Math.abs(v - q[i]![j]!), `seed ${seed}`).toBeLessThanOrEqual(2e-3 * most);
        });
      });
    }
    expect(folded).toBeGreaterThan(10);
  });

  test('leaves products of integers alone', () => {
    const real = (shape: readonly number[], value: number): Stored => ({
      shape,
      encoding: { type: 'float32', values: new Float32Array(shape[0]!).fill(value) },
      mask: null,
    });
    const nodes: Node[] = [
      nodeOf('quantize', 'q', ['x'], {}, { format: { scale: 1, zeroPoint: 0 } }),
      nodeOf('dense', 'd', ['q'], { activation: { name: 'linear' } }, { weights: { kernel: 'k' } }),
      nodeOf(
        'batchNorm',
        'n',
        ['d'],
        { epsilon: 0, momentum: 0.9, isUnbiased: false },
        { weights: { mean: 'm', variance: 'v' } },
      ),
    ];
    const kernel: Stored = {
      shape: [1, 1],
      encoding: { type: 'int8', values: Int8Array.of(3), scales: Float32Array.of(1) },
      mask: null,
    };
    const weights = new Map([
      ['k', kernel],
      ['m', real([1], 1)],
      ['v', real([1], 4)],
    ]);
    const network = new Network({
      inputs: [{ name: 'x', shape: [1], dtype: 'float32' }],
      nodes,
      outputs: ['n'],
      weights,
    });
    expect(foldBatchNorm(network)).toEqual(network);
  });
});
