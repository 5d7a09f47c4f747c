/** Channels of networks for images, as models and as networks. */
import { describe, expect, test } from 'vitest';
import { reference } from '../../kernels/reference/reference.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import type { Stored } from '../../src/graph/encoding.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import {
  BatchNorm,
  Conv2D,
  Conv2DTranspose,
  compare,
  Dense,
  DepthwiseConv2D,
  digest,
  Embedding,
  Flatten,
  fromData,
  GlobalAvgPool2D,
  input,
  type Layer,
  LayerNorm,
  lenet5,
  Model,
  mobileNetV2,
  networkCost,
  nonNegative,
  pruneNeurons,
  quantize,
  SeparableConv2D,
  Sequential,
  shrink,
  shuffleNetV2,
  smallCNN,
  type Tensor,
  toNetwork,
} from '../../src/index.ts';
import { compileNetwork } from '../../src/infer/program.ts';
import { inputsFor } from '../graph/random-networks.ts';
import { normal, quick, values } from './tools.ts';

const tables = { reference, wasm: wasm() };
const half = { amount: 0.5, scope: 'layer' } as const;
const image = { inputShape: [8, 8, 1] as const, classes: 10, seed: 3 };
const small = { ...image, stemStride: 1, width: 0.5, features: 64, blocks: 3 } as const;

const NETWORKS: Readonly<Record<string, () => Model>> = {
  smallCNN: () => smallCNN(image),
  'smallCNN of means': () => smallCNN({ ...image, head: 'average' }),
  lenet5: () => lenet5({ ...image, inputShape: [12, 12, 1] }),
  mobileNetV2: () => mobileNetV2(small),
  shuffleNetV2: () => shuffleNetV2({ ...small, stemPool: false }),
};

/** A model after some steps, so that no statistic is what it was at first. */
function trained(make: () => Model): Model {
  const model = make();
  const [shape] = model.inputShapes;
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  model.fit(normal([16, ...shape!]), fromData(Int32Array.from({ length: 16 }, (_, i) => i % 10)), { epochs: 2 });
  return model;
}

/** What a network gives for a few samples, signed zeros aside. */
function outputsOf(network: Network, kernels = tables.reference): number[][] {
  const program = compileNetwork(network, 3, kernels);
  const outputs = program.run(inputsFor(network, 3, 5), 3).map((output) => Array.from(output, (y) => y + 0));
  program.dispose();
  return outputs;
}

describe('half of the channels of each layer', () => {
  test.each(Object.entries(NETWORKS))('of %s go as if they were masked, and what is left trains', (_, make) => {
    const model = trained(make);
    const direct = pruneNeurons(model, half);
    const masked = pruneNeurons(model, { ...half, mask: true });
    const shrunk = shrink(masked);
    expect(digest(shrunk)).toBe(digest(direct));
    expect(toNetwork(shrunk)).toEqual(toNetwork(direct));
    for (const kernels of Object.values(tables))
      expect(outputsOf(toNetwork(masked), kernels)).toEqual(outputsOf(toNetwork(shrunk), kernels));
    const cost = (one: Model) => networkCost(toNetwork(one));
    expect(cost(direct).macs).toBeLessThan(0.6 * cost(model).macs);
    expect(direct.parameterCount).toBeLessThan(0.6 * model.parameterCount);
    const parts = (one: Model) => toNetwork(one).nodes.map(({ op, name }) => [op, name]);
    expect(parts(direct)).toEqual(parts(model));
    const x = normal([16, ...model.inputShapes[0]!], 2);
    const y = fromData(Int32Array.from({ length: 16 }, (_, i) => (3 * i) % 10));
    for (const one of [direct, masked]) one.fit(x, y, { epochs: 2 });
    expect(shrink(masked).parameterCount).toBe(direct.parameterCount); // what is masked stays masked
    const again = pruneNeurons(toNetwork(model), half);
    expect(outputsOf(again)).toEqual(outputsOf(toNetwork(shrunk)));
  });

  test('are half of each, rounded, and those of a sum are counted once', () => {
    const model = pruneNeurons(NETWORKS.mobileNetV2!(), half);
    const units = (one: Model): number[] =>
      toNetwork(one).nodes.flatMap(({ op, weights }) =>
        op === 'conv' ? [toNetwork(one).weights.get(weights.kernel!)!.shape.at(-1)!] : [],
      );
    expect(units(model)).toEqual(units(NETWORKS.mobileNetV2!()).map((n) => n / 2));
    const odd = new Sequential([
      new Conv2D(5, 3, { inputShape: [6, 6, 2] }),
      new Flatten(),
      new Dense(3),
      new Dense(2),
    ]);
    const left = pruneNeurons(odd, { amount: 0.4, scope: 'layer' });
    expect(left.weights.map(({ shape }) => shape)).toEqual([[3, 3, 2, 3], [3], [48, 2], [2], [2, 2], [2]]);
    expect(() => pruneNeurons(odd, { amount: 3, scope: 'layer' })).toThrow(/the 3 neurons of \w+/);
    expect(pruneNeurons(odd, { amount: 2, scope: 'layer' }).parameterCount).toBe(3 * 18 + 3 + (48 + 1) + (2 + 2));
    const narrow = new Sequential([new Dense(4, { inputShape: [3] }), new Dense(1), new Dense(4), new Dense(2)]);
    const most = pruneNeurons(narrow, { amount: 0.9, scope: 'layer' });
    expect(most.weights.filter((_, i) => i % 2 === 0).map(({ shape }) => shape)).toEqual([
      [3, 1],
      [1, 1],
      [1, 1],
      [1, 2],
    ]);
    expect(() => pruneNeurons(odd, { amount: 1, scope: 'all' as 'layer' })).toThrow('scope must be global or layer');
  });
});

describe('channels of a convolution', () => {
  const relu = { activation: 'relu' } as const;

  test('are ranked by the L1 norms of their filters, of equals the first stays', () => {
    const model = new Sequential([
      new Conv2D(6, 3, { ...relu, inputShape: [6, 6, 2] }),
      new Conv2D(3, 2),
      new Flatten(),
    ]);
    const { kernel } = model.layer(0) as Conv2D;
    for (const at of [2, 4]) for (let i = 0; i < 18; i++) kernel.storage.array[i * 6 + at] = 0.3 * (-1) ** i; // a tie
    const norms = Array.from({ length: 6 }, (_, j) =>
      values(kernel).reduce((sum, w, at) => (at % 6 === j ? sum + Math.abs(w) : sum), 0),
    );
    const least = norms.indexOf(Math.min(...norms));
    expect([0, 1, 3, 5]).toContain(least);
    const pruned = pruneNeurons(model, { layer: 0, amount: 1 });
    expect(values((pruned.layer(0) as Conv2D).kernel)).toEqual(values(kernel).filter((_, at) => at % 6 !== least));
    const others = [0, 1, 3, 5].filter((j) => norms[j]! < 0.3 * 18);
    const less = pruneNeurons(model, { layer: 0, amount: others.length + 1 });
    const stay = [0, 1, 2, 3, 5].filter((j) => !others.includes(j));
    expect(values((less.layer(0) as Conv2D).kernel)).toEqual(values(kernel).filter((_, at) => stay.includes(at % 6)));
    const next = (less.layer(1) as Conv2D).kernel;
    expect([next.shape, (less.layer(0) as Conv2D).filters]).toEqual([[2, 2, stay.length, 3], stay.length]);
  });

  test('go from layers that come back with all of their options', () => {
    const make = (units: number): Layer[] => [
      new Conv2D(units, [3, 2], {
        ...{
          ...relu,
          strides: [1, 2],
          padding: [
            [1, 0],
            [0, 1],
          ],
          dilationRate: 1,
          name: 'first',
        },
        ...{ kernelInitializer: 'orthogonal', kernelRegularizer: 'l2', biasInitializer: 'ones', inputShape: [7, 8, 3] },
      }),
      new BatchNorm({ momentum: 0.7, epsilon: 0.01, gammaRegularizer: 'l1', convention: 'pytorch' }),
      new DepthwiseConv2D(3, { depthMultiplier: 2, depthwiseConstraint: nonNegative(), activation: 'relu6' }),
      new SeparableConv2D(5, 2, { name: 'light' }),
      new Conv2DTranspose(4, 3, { strides: 2, padding: 'same' }),
      new GlobalAvgPool2D(),
      new Dense(2),
    ];
    const model = new Sequential(make(8), { seed: 3 });
    const pruned = pruneNeurons(model, { layer: 'first', amount: 3 });
    const wanted = new Sequential(make(5), { seed: 3 });
    expect(pruned.weights.map(({ name, shape }) => [name, shape])).toEqual(
      wanted.weights.map(({ name, shape }) => [name, shape]),
    );
    expect(toNetwork(pruned).nodes).toEqual(toNetwork(wanted).nodes);
    const again = new Sequential(
      pruned.layers.map((layer) => layer.clone()),
      { seed: 3 },
    );
    again.build(model.inputShapes);
    expect(digest(again)).toBe(digest(wanted));
    const [x, y] = [normal([8, 7, 8, 3]), normal([8, 2])];
    wanted.setWeights(pruned.getWeights());
    for (const one of [pruned, wanted]) {
      one.compile({ optimizer: 'adam', loss: 'mse' });
      one.fit(x, y, { epochs: 2 });
    }
    expect(digest(pruned)).toBe(digest(wanted));
  });

  test('go from layers that stay of their kind down to one channel', () => {
    const between = (filters: number, layer: Layer): Model => {
      const chain = [new Conv2D(filters, 3, { inputShape: [6, 6, 1] }), layer, new Flatten(), new Dense(2)];
      const model = new Sequential(chain, { seed: 4 });
      const pruned = pruneNeurons(model, { layer: 0, amount: filters / 2 });
      expect(pruned.layers.map(({ type }) => type)).toEqual(model.layers.map(({ type }) => type));
      return pruned;
    };
    const single = between(2, new DepthwiseConv2D(2, { depthMultiplier: 2, depthwiseRegularizer: 'l2', name: 'own' }));
    const parted = between(4, new Conv2D(6, 2, { groups: 2, kernelRegularizer: 'l2', name: 'own' }));
    expect([single, parted].map((model) => model.layer('own').weights[0]!.shape)).toEqual([
      [2, 2, 1, 2],
      [2, 2, 1, 6],
    ]);
    for (const model of [single, parted]) expect(model.layer('own').weights[0]!.regularizer).not.toBeNull();
  });

  test('go from layers that are applied twice once, with their normalization', () => {
    const x = input([6, 6, 4]);
    const [twin, norm] = [new Conv2D(4, 3, { padding: 'same', useBias: false, name: 'twin' }), new BatchNorm()];
    const stem = new Conv2D(4, 1, { name: 'stem' }).apply(x);
    const once = norm.apply(twin.apply(stem));
    const y = new Dense(2).apply(new GlobalAvgPool2D().apply(norm.apply(twin.apply(once))));
    const model = new Model(x, y, { seed: 4 });
    const pruned = pruneNeurons(model, { layer: 'twin', amount: 1 });
    expect(pruned.weights.map(({ shape }) => shape)).toEqual([
      [1, 1, 4, 3],
      [3],
      [3, 3, 3, 3],
      [3],
      [3],
      [3],
      [3],
      [3, 2],
      [2],
    ]);
    const masked = pruneNeurons(model, { layer: 'twin', amount: 1, mask: true });
    expect(outputsOf(toNetwork(masked))).toEqual(outputsOf(toNetwork(pruned)));
    expect(digest(shrink(masked))).toBe(digest(pruned));
  });

  test('stay where another layer mixes them, or the input has them', () => {
    const on =
      (layers: Layer[], layer: number | string = 0) =>
      () =>
        pruneNeurons(new Sequential(layers), { layer, amount: 1 });
    const first = (): Conv2D => new Conv2D(4, 3, { inputShape: [6, 6, 2] });
    expect(on([first(), new LayerNorm({ name: 'mixed' }), new Flatten(), new Dense(2)])).toThrow(
      'neurons of conv2D cannot be removed: mixed normalizes them together',
    );
    expect(on([first(), new DepthwiseConv2D(2), new Flatten(), new Dense(2)], 1)).toThrow(
      'layer must be one that makes neurons of its own, got "depthwiseConv2D (conv)',
    );
    expect(on([new DepthwiseConv2D(2, { inputShape: [4, 4, 3] }), new Flatten(), new Dense(2)], 2)).toThrow(
      'it is an output',
    );
  });

  test('those of an embedding are the columns of its table', () => {
    const model = new Sequential([new Embedding(9, 6, { inputShape: [4] }), new Flatten(), new Dense(2)], { seed: 2 });
    const pruned = pruneNeurons(model, { layer: 0, amount: 2 });
    expect(pruned.weights.map(({ shape }) => shape)).toEqual([[9, 4], [16, 2], [2]]);
    const masked = pruneNeurons(model, { layer: 0, amount: 2, mask: true });
    const x = fromData(Int32Array.of(0, 8, 3, 3), [1, 4]);
    expect(values(masked.predict(x) as Tensor)).toEqual(values(pruned.predict(x) as Tensor));
  });

  test.each(['smallCNN', 'mobileNetV2', 'shuffleNetV2'])('go from int8 with their scales: %s', (name) => {
    const model = trained(NETWORKS[name]!);
    const int8 = quantize(model, { calibration: normal([20, 8, 8, 1], 7) });
    const less = pruneNeurons(int8, half);
    const masked = pruneNeurons(int8, { ...half, mask: true });
    const scales = [...less.weights.values()].flatMap(({ shape, encoding }) =>
      encoding.type === 'int8' ? [[encoding.scales.length, shape.at(-1)]] : [],
    );
    expect(scales.length).toBeGreaterThan(2);
    expect(scales.filter(([own, columns]) => own !== columns)).toEqual([]);
    for (const kernels of Object.values(tables)) expect(outputsOf(masked, kernels)).toEqual(outputsOf(less, kernels));
    expect(shrink(masked)).toEqual(less);
    expect(networkCost(less).macs).toBeLessThan(0.6 * networkCost(int8).macs);
    // with biases in integers, whose unit is that of the sums
    const flow = pruneNeurons(int8, { ...half, criterion: 'flow' });
    expect(networkCost(flow).macs).toBeLessThan(0.7 * networkCost(int8).macs);
  });

  test('are told of in a comparison', () => {
    const model = smallCNN(image);
    const { before, after } = compare(model, pruneNeurons(model, half), quick);
    expect(after.macs).toBeLessThan(before.macs / 1.9);
  });
});

describe('masks between convolutions', () => {
  const store = (shape: readonly number[], dead: readonly number[] = [], period = 0): Stored => {
    const n = shape.reduce((product, each) => product * each, 1);
    const numbers = Float32Array.from({ length: n }, (_, i) => (dead.includes(i % period) ? 0 : 1 + (i % 3)));
    const mask = dead.length === 0 ? null : Uint8Array.from(numbers, (x) => Number(x !== 0));
    return { shape, encoding: { type: 'float32', values: numbers }, mask };
  };
  const window = { strides: [1, 1], padding: 'valid' } as const;
  const conv = { activation: { name: 'linear' }, ...window, dilations: [1, 1], groups: 1 } as const;
  const units = (network: Network): number => network.weights.get('c/kernel')!.shape.at(-1)!;

  test.each([
    ['gamma and beta masked', ['gamma', 'beta'], ['gamma', 'beta'], 2],
    ['gamma masked, no beta', ['gamma'], ['gamma'], 2],
    ['beta not masked', ['gamma', 'beta'], ['gamma'], 4],
    ['gamma not masked', ['gamma', 'beta'], ['beta'], 4],
    ['no gamma to mask', ['beta'], ['beta'], 4],
    ['no scales', [], [], 4],
  ] as const)('a channel that is 0 before a BatchNorm is 0 behind it: %s', (_, roles, masked, left) => {
    const dead = [1, 3];
    const weights = new Map([
      ['c/kernel', store([1, 1, 2, 4], dead, 4)],
      ['n/mean', store([4])],
      ['n/variance', store([4])],
      ['d/kernel', store([4, 2])],
    ]);
    for (const role of roles)
      weights.set(`n/${role}`, store([4], (masked as readonly string[]).includes(role) ? dead : [], 4));
    const network = new Network({
      inputs: [{ name: 'x', shape: [3, 3, 2], dtype: 'float32' }],
      nodes: [
        nodeOf('conv', 'c', ['x'], conv, { weights: { kernel: 'c/kernel' } }),
        nodeOf(
          'batchNorm',
          'n',
          ['c'],
          { epsilon: 1e-3, momentum: 0.9, isUnbiased: false },
          { weights: Object.fromEntries([...roles, 'mean', 'variance'].map((role) => [role, `n/${role}`])) },
        ),
        nodeOf('globalPool', 'g', ['n'], { kind: 'average' }),
        nodeOf('dense', 'd', ['g'], { activation: { name: 'linear' } }, { weights: { kernel: 'd/kernel' } }),
      ],
      outputs: ['d'],
      weights,
    });
    const less = shrink(network);
    expect(units(less)).toBe(left);
    expect(outputsOf(less)).toEqual(outputsOf(network));
  });

  test.each([
    ['is read, though it makes the channels too', [], [1, 3], 4],
    ['makes what nobody reads where it is masked, whatever the bias', [1], [], 3],
  ] as const)('a kernel that a decoder reads the other way round %s', (_, dead, deadBias, left) => {
    const network = new Network({
      inputs: [{ name: 'x', shape: [3, 3, 2], dtype: 'float32' }],
      nodes: [
        nodeOf('conv', 'e', ['x'], conv, { weights: { kernel: 'c/kernel', bias: 'c/bias' } }),
        nodeOf(
          'convTranspose',
          'd',
          ['e'],
          { activation: { name: 'linear' }, ...window },
          { weights: { kernel: 'c/kernel' } },
        ),
      ],
      outputs: ['d'],
      weights: new Map([
        ['c/kernel', store([2, 2, 2, 4], dead, 4)],
        ['c/bias', store([4], deadBias, 4)],
      ]),
    });
    const less = shrink(network);
    expect(units(less)).toBe(left);
    expect(outputsOf(less)).toEqual(outputsOf(network));
  });
});
