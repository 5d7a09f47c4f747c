import { describe, expect, test } from 'vitest';
import type { Stored } from '../../src/graph/encoding.ts';
import {
  Activation,
  AvgPool2D,
  BatchNorm,
  ChannelShuffle,
  Concat,
  Conv2D,
  cpu,
  Dense,
  Dropout,
  digest,
  Flatten,
  foldConstants,
  type Graph,
  input,
  Layer,
  LayerNorm,
  MaxPool2D,
  Model,
  Part,
  pruneNeurons,
  quantize,
  Residual,
  Sequential,
  shrink,
  type Tensor,
  tensor,
  toNetwork,
  UpSampling2D,
  ZeroPadding2D,
} from '../../src/index.ts';
import { compileNetwork } from '../../src/infer/program.ts';
import { Drawn, inputsFor } from '../graph/random-networks.ts';
import { drawnWiring } from '../graph/random-wirings.ts';
import { denseOf, normal, smallModel, values } from './tools.ts';

/** The largest difference of what two models predict. */
function distance(p: Model, q: Model, x: Tensor | Tensor[]): number {
  const [a, b] = [p, q].map((model) => [model.predict<Tensor | Tensor[]>(x)].flat().flatMap(values)) as [
    number[],
    number[],
  ];
  expect(a.length).toBe(b.length);
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
}

/** Makes the neurons of a layer at these places constant, whatever their biases. */
function silence(model: Model, layer: string | number, neurons: readonly number[], bias = 1.5): void {
  const dense = model.layer(layer) as Dense;
  const units = dense.kernel.shape[1]!;
  for (const j of neurons) {
    for (let i = 0; i < dense.kernel.shape[0]!; i++) dense.kernel.storage.array[i * units + j] = 0;
    if (dense.bias !== null) dense.bias.storage.array[j] = bias + j;
  }
}

const rowOf = (kernel: Tensor, i: number): number[] =>
  values(kernel).slice(i * kernel.shape[1]!, (i + 1) * kernel.shape[1]!);

/** One neuron that is relu(5) for every sample, and one that reads. */
function oneOfTwo(): Sequential {
  const model = new Sequential([new Dense(2, { inputShape: [1], activation: 'relu' }), new Dense(1)]);
  model.setWeights([tensor([[0, 0.1]]), tensor([5, 0]), tensor([[1], [1]]), tensor([0])]);
  return model;
}

describe('foldConstants', () => {
  test('takes what a constant neuron adds into the next bias', () => {
    const model = oneOfTwo();
    const before = digest(model);
    const folded = foldConstants(model);
    expect(digest(model)).toBe(before);
    expect(values(denseOf(folded as Sequential, 1).bias!)).toEqual([5]);
    expect(values(denseOf(folded as Sequential, 1).kernel)).toEqual([0, 1]);
    expect(folded.predict(tensor([[1]])).item()).toBe(model.predict(tensor([[1]])).item());
    expect(folded.layers.map(({ name }) => name)).toEqual(model.layers.map(({ name }) => name));
  });

  test('leaves a network without constants as it is, to the bit', () => {
    const model = smallModel();
    expect(digest(foldConstants(model))).toBe(digest(model));
    const network = toNetwork(model);
    expect(foldConstants(network)).toEqual(network);
  });

  test('makes a bias where there is none', () => {
    const model = new Sequential(
      [new Dense(4, { activation: 'tanh', inputShape: [3] }), new Dense(2, { useBias: false })],
      { seed: 3 },
    );
    silence(model, 0, [1, 2]);
    const folded = foldConstants(model) as Sequential;
    expect(denseOf(folded, 1).bias).not.toBeNull();
    expect(distance(model, folded, normal([9, 3]))).toBeLessThan(1e-6);
    expect(rowOf(denseOf(folded, 1).kernel, 1)).toEqual([0, 0]);
    expect(rowOf(denseOf(folded, 1).kernel, 0)).toEqual(rowOf(denseOf(model, 1).kernel, 0));
  });

  test('goes on with what becomes constant by it', () => {
    const model = new Sequential(
      [
        new Dense(3, { activation: 'relu', inputShape: [2] }),
        new Dense(3, { activation: 'sigmoid' }),
        new Dense(3, { activation: 'elu' }),
        new Dense(2),
      ],
      { seed: 5 },
    );
    silence(model, 0, [0, 1, 2]);
    const folded = foldConstants(model) as Sequential;
    expect([1, 2, 3].flatMap((at) => values(denseOf(folded, at).kernel)).every((weight) => weight === 0)).toBe(true);
    expect(values(denseOf(folded, 3).bias!)).toEqual(values(folded.predict(normal([1, 2]))));
    expect(distance(model, folded, normal([6, 2]))).toBeLessThan(1e-6);
  });

  test('sees through activations, dropout, flattening, sums, concatenations and parts', () => {
    const x = input([3, 4]);
    const a = new Dense(6, { activation: 'linear', name: 'a' }).apply(x);
    const lifted = new Activation('sigmoid').apply(new Dropout(0.4).apply(a));
    const b = new Dense(6, { activation: 'relu', name: 'b' }).apply(x);
    const both = new Concat().apply([new Part(1, 5).apply(lifted), b]);
    const inner = new Residual([new Dense(10, { activation: 'tanh', name: 'c' })]).apply(both);
    const flat = new Flatten().apply(inner);
    const model = new Model(x, [new Dense(3, { name: 'd' }).apply(flat), new Dense(2, { name: 'e' }).apply(b)], {
      seed: 7,
    });
    silence(model, 'a', [0, 1, 3]);
    silence(model, 'b', [2, 5]);
    silence(model, 'residual/c', [0, 2, 6]);
    const folded = foldConstants(model);
    expect(distance(model, folded, normal([5, 3, 4]))).toBeLessThan(2e-6);
    const read = (layer: string): number[] => {
      const { kernel } = folded.layer(layer) as Dense;
      return Array.from({ length: kernel.shape[0]! }, (_, i) => i).filter((i) =>
        rowOf(kernel, i).every((weight) => weight === 0),
      );
    };
    // both is a's parts 1 to 4, then b: its channels 0, 2 (of a) and 6, 9 (of b) are constant
    expect(read('residual/c')).toEqual([0, 2, 6, 9]);
    expect(read('e')).toEqual([2, 5]);
    expect(read('d')).toEqual([0, 2, 6, 10, 12, 16, 20, 22, 26]);
  });

  test('works on float64, and beside masks', () => {
    const model = smallModel(2, 'float64');
    silence(model, 0, [2, 4]);
    const folded = foldConstants(model);
    const x = normal([8, 5]);
    const double = tensor(Float64Array.from(x.data), { shape: [8, 5] });
    expect(distance(model, folded, double)).toBeLessThan(1e-14);
    const masked = pruneNeurons(smallModel(2), { layer: 0, amount: 2, mask: true });
    silence(masked, 3, [1]);
    const twice = foldConstants(masked);
    expect(distance(masked, twice, x)).toBeLessThan(1e-6);
    expect(distance(masked, shrink(twice), x)).toBeLessThan(1e-6);
  });

  test('lifts the mask of a bias that it writes to', () => {
    const network = toNetwork(oneOfTwo());
    const weights = new Map<string, Stored>(network.weights);
    const key = network.nodes[1]!.weights.bias!;
    weights.set(key, { ...weights.get(key)!, mask: Uint8Array.of(0) });
    const { mask, encoding } = foldConstants({ ...network, weights }).weights.get(key)!;
    expect([[...mask!], [...encoding.values]]).toEqual([[1], [5]]);
  });

  test('leaves a layer that is applied to different numbers, and folds one that reads the same', () => {
    const make = (second: number): Model => {
      const [p, q] = [input([2]), input([2])];
      const twin = new Dense(2, { name: 'twin' });
      const [left, right] = [new Dense(3, { name: 'left' }), new Dense(3, { name: 'right' })];
      const model = new Model([p, q], [twin.apply(left.apply(p)), twin.apply(right.apply(q))], { seed: 2 });
      silence(model, 'left', [1], 0.5);
      silence(model, 'right', [1], second);
      return model;
    };
    const xs = [normal([4, 2], 1), normal([4, 2], 2)];
    const [same, other] = [make(0.5), make(0.75)];
    expect(digest(foldConstants(other))).toBe(digest(other));
    const folded = foldConstants(same);
    expect(rowOf((folded.layer('twin') as Dense).kernel, 1)).toEqual([0, 0]);
    expect(distance(same, folded, xs)).toBeLessThan(1e-6);
  });

  test('takes nothing for constant that a random number, other code or a broken weight makes', () => {
    class Own extends Layer {
      readonly type = 'own';
      override build(shape: readonly number[]): readonly number[] {
        return shape;
      }
      override clone(): Own {
        return new Own();
      }
      override call(x: Tensor): Tensor {
        return x;
      }
    }
    const noisy = new Sequential([
      new Dense(3, { inputShape: [2], activation: 'relu' }),
      new Dropout(0.5, { training: true }),
      new Dense(1),
    ]);
    silence(noisy, 0, [0]);
    expect(digest(foldConstants(noisy))).toBe(digest(noisy));
    const own = new Sequential([new Dense(3, { inputShape: [2] }), new Own(), new Dense(1)]);
    silence(own, 0, [0]);
    expect(digest(foldConstants(own))).toBe(digest(own));
    const broken = oneOfTwo();
    denseOf(broken, 0).bias!.storage.array[0] = Number.NaN;
    expect(values(denseOf(foldConstants(broken) as Sequential, 1).kernel)).toEqual([1, 1]);
    const soft = new Sequential([new Dense(3, { inputShape: [2], activation: 'softmax' }), new Dense(1)]);
    silence(soft, 0, [0]);
    expect(digest(foldConstants(soft))).toBe(digest(soft));
  });

  test('leaves int8 as it is', () => {
    const model = oneOfTwo();
    const network = quantize(model, { calibration: normal([20, 1]) });
    const folded = foldConstants(network);
    expect([...folded.weights.values()]).toEqual([...network.weights.values()]);
    expect(folded.nodes).toEqual(network.nodes);
  });

  test.each([
    ['dense layers', 80, (seed: number) => new Drawn(seed, true).network()],
    ['images of any wiring', 200, drawnWiring],
  ] as const)('gives what random networks give: %s', (_, count, drawn) => {
    let changed = 0;
    for (let seed = 0; seed < count; seed++) {
      const network = drawn(seed);
      const weights = new Map(network.weights);
      for (const { op, weights: keys } of network.nodes) {
        for (const key of [keys.kernel, keys.gamma]) {
          if (key === undefined) continue;
          const { shape, encoding, mask } = weights.get(key)!;
          const [units, inner] = op === 'convTranspose' ? [shape.at(-2)!, shape.at(-1)!] : [shape.at(-1)!, 1];
          const isOdd = (at: number): boolean => (Math.floor(at / inner) % units) % 2 === 1;
          const numbers = Float32Array.from(encoding.values, (value, at) => (isOdd(at) ? value : 0));
          weights.set(key, { shape, mask, encoding: { type: 'float32', values: numbers } });
        }
      }
      const given = { ...network, weights };
      const folded = foldConstants(given);
      if (folded.weights !== given.weights) changed++;
      const inputs = inputsFor(network, 3, seed);
      const results = (graph: Graph<Stored>): number[] => {
        const program = compileNetwork(graph, 3, cpu);
        const outputs = program.run(inputs).map((array) => [...array]);
        program.dispose();
        return outputs.flat();
      };
      const wanted = results(given);
      const scale = Math.max(1, ...wanted.filter(Number.isFinite).map(Math.abs));
      results(folded).forEach((value, i) => {
        if (Number.isFinite(wanted[i]!)) expect(Math.abs(value - wanted[i]!)).toBeLessThan(1e-4 * scale);
      });
    }
    expect(changed).toBeGreaterThan(20);
  });
});

describe('constants in images', () => {
  /** A convolution whose unit 1 is relu(2), what lies between, and another that reads both units. */
  const folded = (between: Layer[], padding: 'same' | 'valid', groups = 1): Sequential => {
    const first = new Conv2D(2, 2, { activation: 'relu', inputShape: [5, 5, 1] });
    const layers = [...between, new Conv2D(2, 2, { padding, groups }), new Flatten(), new Dense(1)];
    const model = new Sequential([first, ...layers], { seed: 6 });
    for (let tap = 0; tap < 4; tap++) first.kernel.storage.array[2 * tap + 1] = 0;
    first.bias!.storage.array.set([0.3, 2]);
    const after = foldConstants(model);
    const x = normal([4, 5, 5, 1]);
    expect(distance(model, after, x)).toBeLessThan(1e-5);
    return after;
  };
  /** The biases of the second convolution, and how many of its weights are 0. */
  const seen = (model: Sequential): [biases: number[], zeros: number] => {
    const [kernel, bias] = model.layer('conv2D_1').weights;
    return [values(bias!), values(kernel!).filter((w) => w === 0).length];
  };

  test('go into a convolution that sees nothing but its image', () => {
    for (const between of [
      [],
      [new MaxPool2D({ poolSize: 2, strides: 1 })],
      [new AvgPool2D({ poolSize: 2, padding: 'same' })],
    ])
      expect(seen(folded(between, 'valid'))).toEqual([expect.not.arrayContaining([0]), 8]);
    expect(seen(folded([new UpSampling2D(2), new ChannelShuffle(2)], 'valid'))[1]).toBe(8);
    const [[own, other], zeros] = seen(folded([], 'valid', 2));
    expect([own, other !== 0, zeros]).toEqual([0, true, 4]);
  });

  test('stay where zeros surround what is read', () => {
    expect(seen(folded([], 'same'))).toEqual([[0, 0], 0]);
    expect(seen(folded([new ZeroPadding2D(1)], 'valid'))).toEqual([[0, 0], 0]);
  });

  test('are not known behind a LayerNorm, which mixes them with what is none', () => {
    const model = new Sequential([new Dense(3, { inputShape: [4] }), new LayerNorm(), new Dense(2)], { seed: 2 });
    silence(model, 0, [1], 4);
    expect(foldConstants(model).getWeights().map(values)).toEqual(model.getWeights().map(values));
  });

  test('are what a BatchNorm makes of a constant, and its beta where gamma is 0', () => {
    const model = new Sequential(
      [
        new Dense(3, { inputShape: [4] }),
        new BatchNorm({ epsilon: 0.25, name: 'norm' }),
        new Dense(2, { name: 'last' }),
      ],
      { seed: 2 },
    );
    silence(model, 0, [1], 4); // neuron 1 is 5
    const set = (role: string, numbers: readonly number[]) =>
      model.layer('norm').parameter(role).value.storage.array.set(numbers);
    set('gamma', [2, 3, 0]);
    set('beta', [1, -1, 7]);
    set('mean', [0, 4, 9]);
    set('variance', [1, 2, 3]); // neuron 1 is (5 - 4)/1.5·3 - 1 = 1 behind it
    const last = model.layer('last') as Dense;
    const after = foldConstants(model).layer('last') as Dense;
    expect([rowOf(after.kernel, 0), rowOf(after.kernel, 1), rowOf(after.kernel, 2)]).toEqual([
      rowOf(last.kernel, 0),
      [0, 0],
      [0, 0],
    ]);
    values(after.bias!).forEach((bias, j) => {
      expect(bias).toBeCloseTo(rowOf(last.kernel, 1)[j]! + 7 * rowOf(last.kernel, 2)[j]!, 5);
    });
  });
});

describe('pruneNeurons', () => {
  test.each(['magnitude', 'flow'] as const)('makes up for a constant neuron that goes, by %s', (criterion) => {
    for (const subject of [oneOfTwo(), toNetwork(oneOfTwo())] as const) {
      const model = oneOfTwo();
      const x = tensor([[1], [-3]]);
      const wanted = values(model.predict(x));
      const pruned =
        subject instanceof Model
          ? values(pruneNeurons(subject, { layer: 0, amount: 1, criterion }).predict(x))
          : [
              ...compileNetwork(pruneNeurons(subject, { layer: 0, amount: 1, criterion }), 2, cpu).run(
                x.data as Float32Array,
              ),
            ];
      expect(pruned).toEqual(wanted);
    }
  });

  test('by flow weighs what a neuron reads, its bias and what reads it', () => {
    const make = (): Sequential => {
      const model = new Sequential([new Dense(4, { inputShape: [1], activation: 'relu' }), new Dense(1)]);
      // what each reads, with its bias, times what reads it: 3·0.1, (0.1 + 4)·1, 0.2·5 and 2·0.5
      model.setWeights([
        tensor([[3, 0.1, 0.2, 2]]),
        tensor([0, 4, 0, 0]),
        tensor([[0.1], [1], [5], [-0.5]]),
        tensor([0]),
      ]);
      return model;
    };
    const left = (amount: number, criterion: 'flow' | 'magnitude'): number[] =>
      values(denseOf(pruneNeurons(make(), { layer: 0, amount, criterion }) as Sequential, 0).kernel);
    const rounded = (list: number[]): number[] => list.map((value) => Math.round(value * 100) / 100);
    expect(rounded(left(1, 'flow'))).toEqual([0.1, 0.2, 2]);
    expect(rounded(left(3, 'flow'))).toEqual([0.1]);
    expect(rounded(left(1, 'magnitude'))).toEqual([3, 0.2, 2]);
    expect(left(2, 'magnitude')).toEqual([3, 2]);
  });

  test('ranks by magnitude unless told otherwise', () => {
    const model = smallModel();
    const options = { layer: 0, amount: 3 };
    expect(digest(pruneNeurons(model, options))).toBe(
      digest(pruneNeurons(model, { ...options, criterion: 'magnitude' })),
    );
  });

  test('by flow takes a broken neuron for large', () => {
    const model = smallModel();
    denseOf(model, 0).kernel.storage.array[2] = Number.NaN;
    const pruned = pruneNeurons(model, { layer: 0, amount: 6, criterion: 'flow' });
    expect(values(denseOf(pruned as Sequential, 0).kernel).some(Number.isNaN)).toBe(true);
  });
});
