import { describe, expect, test } from 'vitest';
import {
  Activation,
  ActivityRegularization,
  Dense,
  Dropout,
  digest,
  Flatten,
  fromNetwork,
  input,
  Layer,
  Model,
  type Network,
  ones,
  predictNetwork,
  prune,
  quantize,
  Random,
  Sequential,
  type Tensor,
  toNetwork,
} from '../../src/index.ts';

const layers = (): (Activation | Dense | Dropout | Flatten)[] => [
  new Flatten({ name: 'flat', inputShape: [2, 3] }),
  new Dense(4, { name: 'first', activation: { name: 'leakyRelu', alpha: 0.3 }, biasInitializer: 'ones' }),
  new Dropout(0.3),
  new Dense(4, { useBias: false }),
  new Activation({ name: 'elu', alpha: 0.7 }, { name: 'bent' }),
  new Dense(2, { activation: 'softmax' }),
];

describe('toNetwork and fromNetwork', () => {
  test.each(['float32', 'float64'] as const)('lose nothing that a network tells, %s', (dtype) => {
    const model = prune(new Sequential(layers(), { seed: 3, dtype }), { sparsity: 0.4 });
    const network = toNetwork(model);
    const back = fromNetwork(network, { seed: 3, dtype });
    expect(toNetwork(back)).toEqual(network);
    expect(digest(back)).toBe(digest(model));
    expect([back.seed, back.dtype, back.inputShape, back.summary()]).toEqual([3, dtype, [2, 3], model.summary()]);
    expect(back.weights.map(({ mask }) => mask?.toArray())).toEqual(model.weights.map(({ mask }) => mask?.toArray()));
    expect(network.inputs).toEqual([{ name: 'input', shape: [2, 3], dtype }]);
    expect(network.outputs).toEqual(['dense_1']);
    expect(network.nodes).toMatchObject([
      { op: 'flatten', name: 'flat', inputs: ['input'] },
      { op: 'dense', name: 'first', inputs: ['flat'], attrs: { activation: { name: 'leakyRelu', alpha: 0.3 } } },
      { op: 'dropout', name: 'dropout', inputs: ['first'], attrs: { rate: 0.3, training: false } },
      { op: 'dense', name: 'dense', inputs: ['dropout'], attrs: { activation: { name: 'linear' } } },
      { op: 'activation', name: 'bent', inputs: ['dense'], attrs: { activation: { name: 'elu', alpha: 0.7 } } },
      { op: 'dense', name: 'dense_1', inputs: ['bent'], attrs: { activation: { name: 'softmax' } } },
    ]);
    expect(Array.from(network.weights, ([key, { shape }]) => [key, shape])).toEqual([
      ['first/kernel', [6, 4]],
      ['first/bias', [4]],
      ['dense/kernel', [4, 4]],
      ['dense_1/kernel', [4, 2]],
      ['dense_1/bias', [2]],
    ]);
    for (const [key, { encoding, mask }] of network.weights) {
      expect(mask === null).toBe(!key.endsWith('kernel'));
      if (mask !== null) expect(Array.from(encoding.values, (w) => Number(w !== 0))).toEqual([...mask]);
    }
    expect(back.layers[2]).toMatchObject({ rate: 0.3 });
  });

  test('copy: what is written into one does not change the other', () => {
    const model = prune(new Sequential(layers(), { seed: 3 }), { sparsity: 0.4 });
    const before = toNetwork(model);
    const network = toNetwork(model);
    const back = fromNetwork(network);
    for (const { encoding, mask } of network.weights.values()) {
      encoding.values.fill(1);
      mask?.fill(1);
    }
    expect(toNetwork(model)).toEqual(before);
    expect(toNetwork(back)).toEqual(before);
    for (const { value } of model.weights) value.storage.array.fill(7);
    expect(toNetwork(back)).toEqual(before);
  });

  test('layers may be made with other options, in the order of the network', () => {
    const model = new Sequential(layers(), { seed: 3 });
    const asked: [string, number][] = [];
    const back = fromNetwork(toNetwork(model), {}, (layer, i) => {
      asked.push([layer.name, i]);
      const own = layers()[i]!.clone();
      own.name = layer.name;
      return own instanceof Dropout ? new Dropout(0.9, { name: layer.name }) : own;
    });
    expect(asked).toEqual(model.layers.map(({ name }, i) => [name, i]));
    expect(digest(back)).toBe(digest(model));
    expect(back.layer('dropout')).toMatchObject({ rate: 0.9 });
  });

  test('leave out what no output is made of', () => {
    const model = new Sequential([new Dense(4, { inputShape: [3] }), new Dense(2), new Dense(5)], { seed: 2 });
    const whole = toNetwork(model);
    const part = { ...whole, outputs: ['dense_1'] };
    const made = fromNetwork(part);
    expect(made.layers.map(({ name }) => name)).toEqual(['dense', 'dense_1']);
    const given = new Random(1).normal([3, 3]);
    expect([...made.predict(given).data]).toEqual([...predictNetwork(part as Network, given).data]);
  });

  test('have the type of the network, and refuse several', () => {
    const wide = toNetwork(new Sequential([new Dense(2, { inputShape: [3] })], { seed: 2, dtype: 'float64' }));
    expect([fromNetwork(wide).dtype, fromNetwork(wide, { dtype: 'float32' }).dtype]).toEqual(['float64', 'float32']);
    expect(digest(fromNetwork(wide))).toBe(
      digest(new Sequential([new Dense(2, { inputShape: [3] })], { seed: 2, dtype: 'float64' })),
    );
    const [a, b] = [input([3]), input([3])];
    const two = toNetwork(new Model([a, b], [new Dense(2).apply(a), new Flatten().apply(b)]));
    for (const dtype of ['float64', 'int32'] as const) {
      const mixed = { ...two, inputs: [two.inputs[0]!, { ...two.inputs[1]!, dtype }] };
      const nodes = dtype === 'int32' ? two.nodes.slice(0, 1) : two.nodes;
      const outputs = dtype === 'int32' ? two.outputs.slice(0, 1) : two.outputs;
      expect(() => fromNetwork({ ...mixed, nodes, outputs })).toThrow(
        dtype === 'int32'
          ? `fromNetwork: no embedding reads the int32 input ${two.inputs[1]!.name}`
          : 'fromNetwork: a model computes with floats of one type, not float32 and float64',
      );
    }
  });

  test('keep penalties that only look like an option of the layer before them', () => {
    const model = new Sequential([
      new Activation('relu', { name: 'act', inputShape: [2] }),
      new ActivityRegularization('l1', { name: 'act/activity' }),
      new Dense(2, { name: 'd' }),
    ]);
    expect(fromNetwork(toNetwork(model)).layers.map(({ name }) => name)).toEqual(['act', 'act/activity', 'd']);
    const only = new Sequential([new ActivityRegularization('l1', { name: 'input/activity', inputShape: [2] })]);
    expect(fromNetwork(toNetwork(only)).layers).toHaveLength(1);
  });

  test('name the layer that they cannot take', () => {
    class Mine extends Layer {
      override readonly type = 'own';
      override build(shape: readonly number[]): readonly number[] {
        return shape;
      }
      override call(x: Tensor): Tensor {
        return x;
      }
      override clone(): Mine {
        return new Mine();
      }
    }
    const model = new Sequential([new Dense(2, { inputShape: [3] }), new Mine({ name: 'mine' })]);
    expect(() => toNetwork(model)).toThrow('toNetwork: layer mine of type own is code, which no network holds');
    const plain = new Sequential([new Flatten({ inputShape: [3] }), new Dense(2, { name: 'small' })]);
    const network = quantize(plain, { calibration: ones([4, 3]) });
    expect(() => fromNetwork(network)).toThrow(
      'fromNetwork: small/kernel is quantized and cannot be trained: run the network with compileNetwork(), or train dequantize(network)',
    );
  });
});
