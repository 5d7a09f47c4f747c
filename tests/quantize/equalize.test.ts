import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import type { Stored } from '../../src/graph/encoding.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import {
  BatchNorm,
  Conv2D,
  Dense,
  DepthwiseConv2D,
  equalize,
  Flatten,
  foldBatchNorm,
  fromData,
  MaxPool2D,
  Model,
  predictNetwork,
  prune,
  type QuantizeOptions,
  quantize,
  Sequential,
  type Tensor,
  toNetwork,
} from '../../src/index.ts';
import { compileNetwork } from '../../src/infer/program.ts';
import { FIVE, trained } from '../compress/five-networks.ts';
import { normal, smallModel, values } from '../compress/tools.ts';
import { inputsFor } from '../graph/random-networks.ts';
import { drawnWiring } from '../graph/random-wirings.ts';

const outputsOf = (network: Graph<Stored>, samples: number, given: Float32Array[]): Float32Array[] => {
  const program = compileNetwork(network, samples, cpu);
  const outputs = program.run(given, samples).map((y) => y.slice());
  program.dispose();
  return outputs;
};

/** The weights that another network has other numbers for. */
const changed = (before: Graph<Stored>, after: Graph<Stored>): string[] =>
  [...after.weights].flatMap(([key, { encoding }]) =>
    encoding.values.some((w, i) => w !== before.weights.get(key)!.encoding.values[i]) ? [key] : [],
  );

const reals = (shape: readonly number[], seed: number, factor: (i: number) => number = () => 1): Stored => ({
  shape,
  encoding: { type: 'float32', values: Float32Array.from(normal(shape, seed).data, (w, i) => w * factor(i)) },
  mask: null,
});
const relu = { activation: { name: 'relu' } } as const;
const linear = { activation: { name: 'linear' } } as const;
/** Channels of 16 are made so much larger, and read so much smaller. */
const unequal = (j: number): number => 2 ** ((j % 16) - 8) * 1.3;

/** Two dense layers, what is between them drawn with channels of very different size. */
function planted(activation: 'relu' | 'relu6' | 'leakyRelu' | 'tanh' = 'relu'): Network {
  const weights = new Map<string, Stored>([
    ['a/kernel', reals([24, 16], 1, (i) => unequal(i % 16))],
    ['a/bias', reals([16], 2, unequal)],
    ['b/kernel', reals([16, 12], 3, (i) => 1 / unequal(Math.floor(i / 12)))],
  ]);
  const nodes = [
    nodeOf(
      'dense',
      'a',
      ['x'],
      { activation: { name: activation } },
      {
        weights: { kernel: 'a/kernel', bias: 'a/bias' },
      },
    ),
    nodeOf('dense', 'b', ['a'], linear, { weights: { kernel: 'b/kernel' } }),
  ];
  return new Network({ inputs: [{ name: 'x', shape: [24], dtype: 'float32' }], nodes, outputs: ['b'], weights });
}

const calibration: Tensor = normal([64, 24], 9);

/** The mean square of what quantizing changes of the outputs. */
function lossOf(network: Network, options: QuantizeOptions): number {
  const real = values(predictNetwork(network, calibration));
  const other = predictNetwork(quantize(network, { calibration, ...options }), calibration).data;
  return real.reduce((sum, y, i) => sum + (y - other[i]!) ** 2, 0) / real.length;
}

describe('equalize', () => {
  test('computes the same to the bit, in random wirings', () => {
    let count = 0;
    for (let seed = 1; seed <= 150; seed++) {
      const network = drawnWiring(seed);
      for (const [key, { encoding, shape }] of network.weights)
        if (key.endsWith('kernel'))
          encoding.values.forEach((w, i) => {
            encoding.values[i] = w * 4 ** ((i + (Math.floor(i / shape.at(-1)!) % 5)) % 5);
          });
      const folded = foldBatchNorm(network);
      const equal = equalize(network);
      if (changed(folded, equal).length > 0) count++;
      const given = inputsFor(network, 3, seed) as Float32Array[];
      expect(outputsOf(equal, 3, given), `seed ${seed}`).toEqual(outputsOf(folded, 3, given));
    }
    expect(count).toBeGreaterThan(60);
  });

  test.each(Object.keys(FIVE))('computes the same to the bit: %s', (name) => {
    const model = trained(name);
    const given = normal([4, ...model.inputShapes[0]!], 5);
    expect(values(equalize(model).predict(given))).toEqual(values(foldBatchNorm(model).predict(given)));
  });

  test('makes what makes a channel reach as far as what reads it, but for a factor of two', () => {
    const equal = equalize(planted());
    const reach = (key: string, isChannel: (i: number) => boolean): number =>
      Math.max(...Array.from(equal.weights.get(key)!.encoding.values, (w, i) => (isChannel(i) ? Math.abs(w) : 0)));
    for (let j = 0; j < 16; j++) {
      const made = reach('a/kernel', (i) => i % 16 === j);
      const read = reach('b/kernel', (i) => Math.floor(i / 12) === j);
      expect(made / read).toBeGreaterThanOrEqual(0.5);
      expect(made / read).toBeLessThan(2);
    }
  });

  test.each([
    ['int8', {}],
    ['int4', { format: 'int4' }],
    ['int4 with a scale a column', { format: { weights: { type: 'int4', group: 'column' } } }],
    ['static int4', { format: { weights: 'int4', values: 'static' } }],
  ] as const)('lets a network of unequal channels lose less in %s', (_, options) => {
    expect(lossOf(equalize(planted()), options)).toBeLessThan(lossOf(planted(), options) / 10);
  });

  test('stops at what does not scale with its input', () => {
    expect(changed(planted('leakyRelu'), equalize(planted('leakyRelu')))).toHaveLength(3);
    for (const activation of ['relu6', 'tanh'] as const)
      expect(changed(planted(activation), equalize(planted(activation)))).toEqual([]);
    const behind = (norm: BatchNorm | Flatten): Model =>
      new Sequential([new Dense(4, { activation: 'relu', inputShape: [3], name: 'dense' }), norm, new Dense(2)], {
        seed: 1,
      });
    const scaled = (model: Model): Network => {
      const network = toNetwork(model);
      network.weights.get('dense/kernel')!.encoding.values.forEach((w, i, all) => {
        all[i] = w * 64;
      });
      return network;
    };
    for (const [layer, count] of [
      [new BatchNorm(), 0],
      [new Flatten(), 2],
    ] as const) {
      const network = scaled(behind(layer));
      expect(changed(foldBatchNorm(network), equalize(network)).filter((key) => key.endsWith('kernel'))).toHaveLength(
        count,
      );
    }
  });

  test('goes through depthwise kernels, pools and Flatten, and folds BatchNorms', () => {
    const layers = [
      new Conv2D(6, 3, { activation: 'relu', inputShape: [9, 9, 2], name: 'first' }),
      new DepthwiseConv2D(3, { biasInitializer: 'ones', name: 'depthwise' }),
      new BatchNorm(),
      new MaxPool2D(),
      new Flatten(),
      new Dense(3, { name: 'last' }),
    ];
    const model = new Sequential(layers, { seed: 4 });
    const network = toNetwork(model);
    const kernel = network.weights.get('first/kernel')!.encoding.values;
    kernel.forEach((w, i) => {
      kernel[i] = w * 4 ** (i % 6);
    });
    const folded = foldBatchNorm(network);
    const keys = changed(folded, equalize(network));
    expect(keys).toContain('first/kernel');
    expect(keys).toContain('last/kernel');
    expect(keys).toContain('depthwise/bias');
    expect(keys).not.toContain('depthwise/kernel');
    const given = normal([3, 9, 9, 2], 2);
    expect(predictNetwork(equalize(network), given).data).toEqual(predictNetwork(folded, given).data);
  });

  test('scales a kernel once that makes channels in one place and reads others of its set in another', () => {
    const weights = new Map<string, Stored>([
      ['a/kernel', reals([4, 4], 1, (i) => 8 ** (i % 4))],
      ['s/kernel', reals([4, 4], 2)],
      ['b/kernel', reals([4, 2], 3)],
    ]);
    const nodes = [
      nodeOf('dense', 'a', ['x'], relu, { weights: { kernel: 'a/kernel' } }),
      nodeOf('dense', 's', ['a'], relu, { weights: { kernel: 's/kernel' } }),
      nodeOf('add', 'p', ['a', 's'], {}),
      nodeOf('dense', 't', ['p'], relu, { weights: { kernel: 's/kernel' } }),
      nodeOf('add', 'q', ['p', 't'], {}),
      nodeOf('dense', 'b', ['q'], linear, { weights: { kernel: 'b/kernel' } }),
    ];
    const inputs = [{ name: 'x', shape: [4], dtype: 'float32' }] as const;
    const network = new Network({ inputs, nodes, outputs: ['b'], weights });
    const equal = equalize(network);
    expect(changed(network, equal)).toHaveLength(3);
    const given = normal([5, 4], 7);
    expect(predictNetwork(equal, given).data).toEqual(predictNetwork(network, given).data);
  });

  test('leaves a weight alone that does two different things with a channel', () => {
    // Of the matrix [3, 3] a convolution makes what its columns are, a transposed one reads them
    const weights = new Map<string, Stored>([
      ['k', reals([1, 1, 3, 3], 1)],
      ['c/kernel', reals([1, 1, 3, 2], 2, () => 1000)],
    ]);
    const attrs = { ...linear, strides: [1, 1], padding: 'valid' } as const;
    const plain = { ...attrs, dilations: [1, 1], groups: 1 } as const;
    const nodes = [
      nodeOf('conv', 'a', ['x'], plain, { weights: { kernel: 'k' } }),
      nodeOf('convTranspose', 'b', ['a'], attrs, { weights: { kernel: 'k' } }),
      nodeOf('conv', 'c', ['a'], plain, { weights: { kernel: 'c/kernel' } }),
    ];
    const inputs = [{ name: 'x', shape: [2, 2, 3], dtype: 'float32' }] as const;
    const network = new Network({ inputs, nodes, outputs: ['b', 'c'], weights });
    expect(changed(network, equalize(network))).toEqual([]);
  });

  test('gives a model for a model, of the same layers, and keeps pruned weights', () => {
    const model = prune(smallModel(), { sparsity: 0.5 });
    const equal = equalize(model);
    expect(equal).toBeInstanceOf(Model);
    expect(equal.layers.map(({ name }) => name)).toEqual(model.layers.map(({ name }) => name));
    const zeros = (of: Model): number[] =>
      of.layers.flatMap(({ weights }) => weights.flatMap((w) => values(w).map((v) => Number(v === 0))));
    expect(zeros(equal)).toEqual(zeros(model));
  });

  test('leaves numbers at the ends of float32 alone', () => {
    const network = planted();
    const kernel = network.weights.get('a/kernel')!.encoding.values;
    kernel[3] = 2 ** -140;
    kernel[4] = Infinity;
    const equal = equalize(network).weights.get('a/kernel')!.encoding.values;
    expect(equal[3]).toBe(kernel[3]);
    expect(Array.from(equal.filter((_, i) => i % 16 === 4))).toEqual(Array.from(kernel.filter((_, i) => i % 16 === 4)));
  });

  test('refuses what is quantized already', () => {
    const quantized = quantize(planted(), { calibration });
    expect(() => equalize(quantized)).toThrow(/equalize: a\/kernel is int8 already: equalize before quantizing/);
    expect(() => equalize(fromData(Float32Array.of(1)) as never)).toThrow();
  });
});
