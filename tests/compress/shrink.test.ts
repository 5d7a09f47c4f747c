import { describe, expect, test } from 'vitest';
import { reference } from '../../kernels/reference/reference.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import { Channels } from '../../src/graph/channels.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import {
  Activation,
  Add,
  Concat,
  Dense,
  digest,
  encodeNetwork,
  fromData,
  input,
  Layer,
  Model,
  mul,
  Part,
  prune,
  pruneNeurons,
  quantize,
  Residual,
  Sequential,
  Split,
  StateError,
  type SymbolicTensor,
  shrink,
  type Tensor,
  toNetwork,
  ValueError,
  WhittleError,
} from '../../src/index.ts';
import { compileNetwork } from '../../src/infer/program.ts';
import { Drawn, inputsFor } from '../graph/random-networks.ts';
import { drawnWiring } from '../graph/random-wirings.ts';
import { Draw } from '../kernels/draw.ts';
import { normal, smallModel, values } from './tools.ts';

const maskOf = (alive: Uint8Array, shape: readonly number[]): Tensor => fromData(alive, [...shape], 'bool');

const tables = { reference, wasm: wasm() };

/** What a network gives, signed zeros aside. */
function outputsOf(network: Network, given: readonly Float32Array[], kernels = tables.reference): number[][] {
  const program = compileNetwork(network, 3, kernels);
  const outputs = program.run(given, 3).map((output) => Array.from(output, (y) => y + 0));
  program.dispose();
  return outputs;
}

/** How many neurons of random networks may go. */
const spare = (network: Network): number => new Channels(network).removable().size;

/** Networks by seed. */
const kinds = {
  'dense layers': (seed: number) => new Drawn(seed).network(),
  'images of any wiring': drawnWiring,
} as const;

describe.each(Object.entries(kinds))('on random networks of %s', (_kind, drawn) => {
  test.each(Object.entries(tables))(
    'neurons that are masked and then shrunk are those that are removed, on %s',
    (_, kernels) => {
      let removed = 0;
      const count = kernels === tables.wasm ? 40 : 120; // each shape of a convolution is compiled
      for (let seed = 1; seed <= count; seed++) {
        const network = drawn(seed);
        if (spare(network) === 0) continue;
        const options = {
          amount: [0.2, 0.5, 0.9][seed % 3]!,
          criterion: seed % 2 === 0 ? 'magnitude' : 'random',
        } as const;
        let direct: Network;
        try {
          direct = pruneNeurons(network, options);
        } catch (error) {
          expect(error).toBeInstanceOf(StateError); // all of a layer would have to go
          continue;
        }
        const masked = pruneNeurons(network, { ...options, mask: true });
        expect(shrink(masked), `seed ${seed}`).toEqual(direct);
        const given = inputsFor(network, 3, seed);
        expect(outputsOf(masked, given, kernels), `seed ${seed}`).toEqual(outputsOf(direct, given, kernels));
        expect([...masked.weights].map(([key, { shape }]) => [key, shape])).toEqual(
          [...network.weights].map(([key, { shape }]) => [key, shape]),
        );
        removed += encodeNetwork(direct).length < encodeNetwork(network).length ? 1 : 0;
      }
      expect(removed).toBeGreaterThan(count / 4);
    },
  );

  test('what pruning of single weights has silenced is removed, with the same results', () => {
    let smaller = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const network = prune(drawn(seed), { sparsity: 0.8, scope: 'layer' });
      const less = shrink(network);
      const given = inputsFor(network, 3, seed);
      expect(outputsOf(less, given), `seed ${seed}`).toEqual(outputsOf(network, given));
      if (less.weights.size > 0 && encodeNetwork(less).length < encodeNetwork(network).length) smaller++;
    }
    expect(smaller).toBeGreaterThan(20);
  });

  test('so are neurons whose own weights and biases are masked, but where an activation makes something of 0', () => {
    let shrunk = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const network = drawn(seed);
      const draw = new Draw(seed);
      const weights = new Map(network.weights);
      const channels = new Channels(network);
      for (const slices of channels.removable().values()) {
        if (draw.bool()) continue;
        for (const { key, axis, index, part } of slices) {
          if (part === 'reads') continue;
          const { shape, encoding, mask } = weights.get(key)!;
          const n = encoding.values.length;
          const inner = shape.slice(shape.length + axis + 1).reduce((product, size) => product * size, 1);
          const [alive, numbers] = [mask?.slice() ?? new Uint8Array(n).fill(1), encoding.values.slice()];
          for (let i = 0; i < n; i++) {
            if (Math.floor(i / inner) % shape.at(axis)! !== index) continue;
            alive[i] = 0;
            numbers[i] = 0;
          }
          weights.set(key, { shape, encoding: { ...encoding, values: numbers } as typeof encoding, mask: alive });
        }
      }
      const silenced = { ...network, weights } as Network;
      const less = shrink(silenced);
      const given = inputsFor(network, 3, seed);
      expect(outputsOf(less, given), `seed ${seed}`).toEqual(outputsOf(silenced, given));
      const count = ({ weights: all }: Network): number =>
        [...all.values()].reduce((n, { encoding }) => n + encoding.values.length, 0);
      shrunk += count(less) < count(network) ? 1 : 0;
    }
    expect(shrunk).toBeGreaterThan(60);
  });
});

describe('shrink', () => {
  const sigmoids = (activation: 'relu' | 'sigmoid'): Sequential =>
    new Sequential([new Dense(6, { activation, biasInitializer: 'ones', inputShape: [4] }), new Dense(2)], { seed: 1 });

  test('leaves a model without masks as it is', () => {
    const model = sigmoids('relu');
    const copy = shrink(model);
    expect([digest(copy), copy.layers.map(({ name }) => name)]).toEqual([digest(model), ['dense', 'dense_1']]);
    expect(copy).not.toBe(model);
  });

  test('needs the biases of neurons to be masked too, and the activation to keep 0', () => {
    for (const [activation, withBias, isZero, units] of [
      ['relu', false, true, 6],
      ['relu', true, true, 4],
      ['relu', true, false, 6], // what is masked counts until a step has brought it to 0
      ['sigmoid', true, true, 6],
    ] as const) {
      const model = sigmoids(activation);
      const { kernel, bias } = toNetwork(model).nodes[0]!.weights as Record<string, string>;
      for (const [key, places] of [
        [kernel, [0, 1, 2, 3].flatMap((i) => [i * 6 + 1, i * 6 + 5])],
        [bias, withBias ? [1, 5] : []],
      ] as const) {
        const weight = model.graph.weights.get(key!)!;
        const alive = new Uint8Array(weight.value.size).fill(1);
        for (const i of places) alive[i] = 0;
        weight.mask = maskOf(alive, weight.shape);
        if (isZero) weight.prune();
      }
      expect((shrink(model).layer(0) as Dense).units).toBe(units);
    }
  });

  test('keeps a neuron of each layer, whatever is masked', () => {
    const model = pruneNeurons(sigmoids('relu'), { amount: 5, mask: true });
    const { kernel } = toNetwork(model).nodes[0]!.weights as Record<string, string>;
    model.graph.weights.get(kernel!)!.mask = maskOf(new Uint8Array(24), [4, 6]);
    model.graph.weights.get(kernel!)!.prune();
    expect((shrink(model).layer(0) as Dense).units).toBe(1);
  });
});

describe('networks that are no chains lose neurons', () => {
  const x = normal([9, 6]);
  const relu = { activation: 'relu' } as const;
  const residual = (): Model =>
    new Sequential(
      [
        new Dense(5, { ...relu, inputShape: [6] }),
        new Residual([new Dense(4, { ...relu, kernelRegularizer: 'l2' }), new Dense(5)]),
        new Dense(3),
      ],
      { seed: 2 },
    );

  test('in a residual sum those that are added go together, by the mean of their norms', () => {
    const model = residual();
    const [first, last] = ['dense', 'residual/dense_1'].map((name) => (model.layer(name) as Dense).kernel);
    for (const kernel of [first!, last!]) for (let i = 0; i < kernel.size; i += 5) kernel.storage.array[i] = 0;
    last!.storage.array[0] = 0.01; // neuron 0 is the least in both
    const pruned = pruneNeurons(model, { layer: 'residual/dense_1', amount: 1 });
    expect(['dense', 'residual/dense', 'residual/dense_1'].map((name) => (pruned.layer(name) as Dense).units)).toEqual([
      4, 4, 4,
    ]);
    expect(values((pruned.layer('dense') as Dense).kernel)).toEqual(values(first!).filter((_, i) => i % 5 !== 0));
    // Neuron 0 is the least in one of them, neuron 2 in the other, and neuron 1 in their sum
    for (const [kernel, norms] of [
      [first!, [0.1, 1, 4]],
      [last!, [4, 1, 0.1]],
    ] as const)
      for (const [neuron, norm] of norms.entries())
        for (let i = neuron; i < kernel.size; i += 5) kernel.storage.array[i] = i === neuron ? norm : 0;
    const bySum = pruneNeurons(model, { layer: 'residual/dense_1', amount: 1 });
    expect(values((bySum.layer('dense') as Dense).kernel)).toEqual(values(first!).filter((_, i) => i % 5 !== 1));
    const inner = pruneNeurons(model, { layer: 'residual/dense', amount: 0.5 });
    expect(['dense', 'residual/dense', 'residual/dense_1'].map((name) => (inner.layer(name) as Dense).units)).toEqual([
      5, 2, 5,
    ]);
    expect((inner.layer('residual/dense') as Dense).options.kernelRegularizer).toBe('l2');
  });

  test('those that take others along are ranked by the mean of their norms', () => {
    const a = input([1]);
    const first = new Dense(4, { name: 'first' }).apply(a);
    const sum = new Add().apply([new Part(0, 2).apply(first), new Dense(2, { name: 'second' }).apply(a)]);
    const model = new Model(a, new Dense(1).apply(new Concat([]).apply([sum, new Part(2, 4).apply(first)])));
    (model.layer('first') as Dense).kernel.storage.array.set([1, -2, 1.5, 3]);
    (model.layer('second') as Dense).kernel.storage.array.set([-1, 2]);
    const kernel = (amount: number, layer: string): number[] =>
      values((pruneNeurons(model, { layer: 'first', amount }).layer(layer) as Dense).kernel);
    expect([kernel(1, 'first'), kernel(1, 'second')]).toEqual([[-2, 1.5, 3], [2]]);
    expect([kernel(2, 'first'), kernel(2, 'second')]).toEqual([[-2, 3], [2]]);
  });

  test('masked, shrunk and direct ones are alike in models too, and train on', () => {
    const twin = new Dense(6, { ...relu, name: 'twin' });
    const [a, b] = [input([6]), input([6])];
    const branches = new Concat([[new Dense(4, relu)], [new Dense(3, { activation: 'sigmoid' })]]);
    const y = new Split([[new Dense(2, relu)], []]).apply(
      new Dense(8, relu).apply(branches.apply(new Add().apply([twin.apply(a), twin.apply(twin.apply(b))]))),
    );
    const model = new Model([a, b], [new Dense(2).apply(y), new Dense(1).apply(y)], { seed: 3 });
    model.compile({ optimizer: 'adam', loss: 'mse', lossWeights: [1, 2] });
    const direct = pruneNeurons(model, { amount: 0.4 });
    const masked = pruneNeurons(model, { amount: 0.4, mask: true });
    expect(digest(shrink(masked))).toBe(digest(direct));
    expect(toNetwork(shrink(masked))).toEqual(toNetwork(direct));
    const zeros = (t: Tensor | null): number => (t === null ? 0 : values(t).filter((bit) => bit === 0).length);
    for (const [i, { name, mask, size }] of masked.weights
      .map(({ name, mask, value: { size } }) => ({ name, mask, size }))
      .entries())
      expect(zeros(mask), name).toBe(size - direct.weights[i]!.value.size);
    expect(direct.parameterCount).toBeLessThan(0.75 * model.parameterCount);
    expect(masked.predict<Tensor[]>([x, x]).map(values)).toEqual(direct.predict<Tensor[]>([x, x]).map(values));
    for (const one of [direct, masked]) one.fit([x, x], [normal([9, 2]), normal([9, 1])], { epochs: 3 });
    expect(shrink(masked).parameterCount).toBe(direct.parameterCount); // what is masked stays masked
    expect(direct.objectives.map(({ weight }) => weight)).toEqual([1, 2]);
  });

  test('a layer of the user stays whole, and so does what it reads and gives', () => {
    class Double extends Layer {
      override readonly type = 'double';
      override readonly replayable = true;
      override build(shape: readonly number[]): readonly number[] {
        return shape;
      }
      override call(t: Tensor): Tensor {
        return mul(t, 2);
      }
      override clone(): Double {
        return new Double();
      }
    }
    const make = (): Model =>
      new Sequential(
        [new Dense(5, { inputShape: [6] }), new Dense(4), new Double({ name: 'mine' }), new Dense(7), new Dense(2)],
        { seed: 1 },
      );
    const pruned = pruneNeurons(make(), { amount: 0.5 });
    expect(pruned.layers.map((layer) => (layer instanceof Dense ? layer.units : layer.name))).toEqual([
      (pruned.layer(0) as Dense).units,
      4,
      'mine',
      (pruned.layer(3) as Dense).units,
      2,
    ]);
    expect((pruned.layer(0) as Dense).units + (pruned.layer(3) as Dense).units).toBe(6);
    expect(() => pruneNeurons(make(), { layer: 1, amount: 1 })).toThrow(
      'neurons of dense_1 cannot be removed: it is not known how mine of type double treats them',
    );
    pruned.compile({ optimizer: 'sgd', loss: 'mse' });
    pruned.fit(x, normal([9, 2]), { epochs: 2 });
  });

  test('a frozen layer stays frozen, inside of a container too', () => {
    const model = residual();
    model.layer('residual').trainable = false;
    const pruned = pruneNeurons(model, { layer: 'residual/dense', amount: 1 });
    expect(pruned.trainable.map(({ name }) => name)).toEqual(model.trainable.map(({ name }) => name));
    expect(pruned.trainable.length).toBe(4);
  });

  test('a network of int8 loses neurons with their scales', () => {
    const model = smallModel();
    const int8 = quantize(model, { calibration: normal([20, 5]) });
    const less = pruneNeurons(int8, { layer: int8.nodes.find(({ op }) => op === 'dense')!.name, amount: 3 });
    const kernel = [...less.weights.values()][0]!;
    expect([kernel.shape, kernel.encoding.type]).toEqual([[5, 4], 'int8']);
    const masked = pruneNeurons(int8, {
      layer: int8.nodes.find(({ op }) => op === 'dense')!.name,
      amount: 3,
      mask: true,
    });
    const given = [normal([3, 5]).data as Float32Array];
    expect(outputsOf(masked, given)).toEqual(outputsOf(less, given));
    expect(() => prune(int8, { sparsity: 0.5 })).toThrow('is int8 already: prune before quantizing');
  });

  test('masking twice is removing twice', () => {
    for (const layer of [undefined, 'dense'] as const) {
      const more = layer === undefined ? {} : { layer };
      const model = new Sequential([new Dense(8, { ...relu, inputShape: [6] }), new Dense(6), new Dense(2)], {
        seed: 2,
      });
      const twice = (mask: boolean): Sequential => {
        const once = pruneNeurons(model, { ...more, amount: 3, mask });
        return pruneNeurons(once, { ...more, amount: 2, mask }) as Sequential;
      };
      expect(digest(shrink(twice(true)))).toBe(digest(twice(false)));
      expect(twice(false).layers.reduce((n, each) => n + (each as Dense).units, 0)).toBe(11);
    }
  });

  test('as many go as were asked for, or none', () => {
    const a = input([6]);
    const four = (): SymbolicTensor => new Dense(4, { name: 'h' }).apply(a);
    const h = four();
    const half = new Model(a, [new Part(0, 2).apply(h), new Dense(1).apply(h)], { seed: 1 });
    expect(() => pruneNeurons(half, { layer: 'h', amount: 3 })).toThrow(
      'pruneNeurons: 2 of the 3 neurons can go: the others stay whole, go in groups, or are the last of a layer',
    );
    const g = four();
    const pairs = new Model(a, new Dense(1).apply(new Add().apply([new Part(0, 2).apply(g), new Part(2, 4).apply(g)])));
    expect(() => pruneNeurons(pairs, { layer: 'h', amount: 1 })).toThrow('0 of the 1 neurons can go');
    expect(() => pruneNeurons(pairs, { layer: 'h', amount: 3 })).toThrow('2 of the 3 neurons can go');
    expect((pruneNeurons(pairs, { layer: 'h', amount: 2 }).layer('h') as Dense).units).toBe(2);
    expect(() => pruneNeurons(pairs, { layer: 'h', amount: 0.99 })).toThrow(
      'amount must be a share below 1 that leaves some of the 4 neurons of h',
    );
  });

  test('more channels than can be told apart are refused before memory is', () => {
    const wide = (n: number): Network =>
      new Network({
        inputs: [{ name: 'x', shape: [n], dtype: 'float32' }],
        nodes: [nodeOf('activation', 'a', ['x'], { activation: { name: 'relu' } })],
        outputs: ['a'],
        weights: new Map(),
      });
    for (const pass of [shrink, (network: Network) => pruneNeurons(network, { amount: 0.1 })])
      expect(() => pass(wide(2 ** 31 - 1))).toThrow(
        'channels: the number of channels is 2147483647, the limit is 2097152',
      );
    expect(shrink(wide(200_000))).toEqual(wide(200_000));
  });

  test('a network that is none is refused as such', () => {
    const network = toNetwork(residual());
    const passes = [
      (given: never) => prune(given, { sparsity: 0.1 }),
      (given: never) => pruneNeurons(given, { amount: 1 }),
      (given: never) => shrink(given),
      (given: never) => quantize(given, { calibration: x }),
    ];
    const [key] = [...network.weights.keys()];
    const empty = new Map(network.weights).set(key!, { ...network.weights.get(key!)!, shape: [4, 0] });
    for (const pass of passes) {
      for (const wrong of [
        { ...network, weights: new Map() },
        { ...network, weights: empty },
        { ...network, outputs: ['no'] },
      ])
        expect(() => pass(wrong as never)).toThrow(WhittleError);
      expect(() => pass('network' as never)).toThrow('must be a model or a network, got "network"');
    }
    expect(() => prune(network as never, undefined as never)).toThrow(
      'prune: sparsity must be a share in [0, 1), or count given in its place, got undefined',
    );
    expect(() => pruneNeurons(network, undefined as never)).toThrow('pruneNeurons: amount must be');
    expect(() => quantize(network, undefined as never)).toThrow('quantize: calibration must be typical');
  });

  test('what cannot be is refused in a sentence', () => {
    const network = toNetwork(residual());
    expect(() => pruneNeurons(network, { layer: 'nothing', amount: 1 })).toThrow(ValueError);
    expect(() => pruneNeurons(network, { layer: 'nothing', amount: 1 })).toThrow('layer must be one of dense, ');
    expect(() => pruneNeurons(network, { layer: 'residual', amount: 1 })).toThrow(
      'layer must be one that makes neurons of its own, got "residual (add)',
    );
    expect(() => pruneNeurons(network, { amount: 9 })).toThrow(
      'a share below 1 that leaves some of the 9 neurons of the network, or a number below them, got 9',
    );
    expect(pruneNeurons(network, { amount: 0 })).toEqual(network);
    const single = new Sequential([new Dense(1, { inputShape: [6] }), new Activation('relu'), new Dense(1)]);
    expect(() => pruneNeurons(single, { amount: 1 })).toThrow(ValueError);
    expect(() => shrink(7 as never)).toThrow('shrink: the subject must be a model or a network, got 7');
  });
});
