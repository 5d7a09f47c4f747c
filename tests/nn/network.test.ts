import { describe, expect, test } from 'vitest';
import {
  Activation,
  Dense,
  Dropout,
  digest,
  Flatten,
  fromNetwork,
  Layer,
  type NetworkLayer,
  ones,
  prune,
  quantize,
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
    const { model } = prune(new Sequential(layers(), { seed: 3, dtype }), { sparsity: 0.4, latency: false });
    const network = toNetwork(model);
    const back = fromNetwork(network, { seed: 3, dtype });
    expect(toNetwork(back)).toEqual(network);
    expect(digest(back)).toBe(digest(model));
    expect([back.seed, back.dtype, back.inputShape, back.summary()]).toEqual([3, dtype, [2, 3], model.summary()]);
    expect(back.weights.map(({ value }) => value.mask?.toArray())).toEqual(
      model.weights.map(({ value }) => value.mask?.toArray()),
    );
    expect(network.layers).toMatchObject([
      { type: 'flatten', name: 'flat' },
      { type: 'dense', name: 'first', inputs: 6, units: 4, activation: { name: 'leakyRelu', alpha: 0.3 } },
      { type: 'dropout', name: 'dropout', rate: 0.3 },
      { type: 'dense', name: 'dense', inputs: 4, units: 4, activation: { name: 'linear' }, bias: null },
      { type: 'activation', name: 'bent', activation: { name: 'elu', alpha: 0.7 } },
      { type: 'dense', name: 'dense_1', inputs: 4, units: 2, activation: { name: 'softmax' } },
    ]);
    const dense = network.layers.filter((layer) => layer.type === 'dense');
    for (const { weights, mask } of dense) expect([...weights].map((w) => Number(w !== 0))).toEqual([...mask!]);
    expect(back.layers[2]).toMatchObject({ rate: 0.3 });
  });

  test('copy: what is written into one does not change the other', () => {
    const { model } = prune(new Sequential(layers(), { seed: 3 }), { sparsity: 0.4, latency: false });
    const before = toNetwork(model);
    const network = toNetwork(model);
    const back = fromNetwork(network);
    const wipe = (layer: NetworkLayer): void => {
      if (layer.type !== 'dense') return;
      for (const array of [layer.weights, layer.bias, layer.mask]) array?.fill(1);
    };
    network.layers.forEach(wipe);
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
    expect(() => toNetwork(model)).toThrow('toNetwork: layer mine of type own cannot be stored');
    const plain = new Sequential([new Flatten({ inputShape: [3] }), new Dense(2, { name: 'small' })]);
    const { network } = quantize(plain, { calibration: ones([4, 3]) });
    expect(() => fromNetwork(network)).toThrow(
      'fromNetwork: layer small is quantized and cannot be trained; run it with compileNetwork()',
    );
  });
});
