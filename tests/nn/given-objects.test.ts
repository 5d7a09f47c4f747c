import { expect, test } from 'vitest';
import { MinMaxScaler } from '../../src/data/index.ts';
import {
  Activation,
  Adam,
  Dense,
  Dropout,
  digest,
  Flatten,
  fromData,
  ones,
  piecewiseConstant,
  Sequential,
  SGD,
} from '../../src/index.ts';

test('what a caller does to objects that were given changes nothing that was made of them', () => {
  const inputShape = [3];
  const dense: Record<string, unknown> = { activation: 'relu', inputShape, name: 'first', biasInitializer: 'ones' };
  const other: Record<string, unknown> = { name: 'other', inputShape };
  const made = [
    new Dense(2, dense),
    new Dropout(0.5, other),
    new Activation('tanh', other),
    new Flatten(other),
  ] as const;
  inputShape[0] = 5;
  for (const options of [dense, other]) {
    for (const field of Object.keys(options)) delete options[field];
    Object.assign(options, { useBias: false, training: true, name: 'late' });
  }
  for (const layer of [...made, ...made.map((layer) => layer.clone())]) {
    expect(layer.inputShape).toEqual([3]);
    expect(layer.name).toBe(layer instanceof Dense ? 'first' : 'other');
  }
  const [layer] = made;
  const model = new Sequential([layer]);
  expect([layer.activation.name, [...layer.bias!.data], model.inputShape]).toEqual(['relu', [1, 1], [3]]);
  expect(made[1].options.training ?? false).toBe(false);

  const layers = [new Dense(1, { inputShape: [1] }), new Dense(1)];
  const two = new Sequential(layers);
  layers.pop();
  expect(two.layers).toHaveLength(2);
  const shape = [2];
  const built = new Sequential([new Dense(1)]);
  built.build(shape);
  shape[0] = 7;
  expect(built.inputShape).toEqual([2]);

  const metrics: ('mse' | 'mae')[] = ['mse'];
  built.compile({ optimizer: 'sgd', loss: 'mse', metrics });
  metrics.push('mae');
  expect(built.metrics.map(({ name }) => name)).toEqual(['mse']);

  const clip: { clipValue?: number } = { clipValue: 0.5 };
  const optimizer = new SGD({ learningRate: 1, ...clip });
  const shared = { learningRate: 0.1, clipValue: 0.5, beta1: 0.5 };
  const adam = new Adam(shared);
  shared.clipValue = 9;
  shared.beta1 = 0.9;
  expect(adam.config()).toMatchObject({ clipValue: 0.5, beta1: 0.5 });
  clip.clipValue = 9;
  expect(optimizer.config()).toMatchObject({ clipValue: 0.5 });

  const boundaries = [2];
  const rates = [1, 0.1];
  const schedule = piecewiseConstant(boundaries, rates);
  boundaries[0] = 0;
  rates[0] = 9;
  expect([schedule(0), schedule(2)]).toEqual([1, 0.1]);

  const featureRange: [number, number] = [0, 1];
  const scaler = new MinMaxScaler({ featureRange });
  const x = fromData(Float32Array.of(0, 2), [2, 1]);
  scaler.fit(x);
  featureRange[1] = 10;
  expect([...scaler.transform(x).data]).toEqual([0, 1]);
  expect(scaler.toJSON().featureRange).toEqual([0, 1]);

  const sizes = [2, 1];
  const t = fromData(Float32Array.of(1, 2), sizes);
  sizes[0] = 9;
  expect(t.shape).toEqual([2, 1]);
  const before = digest(model);
  ones([2]).storage.array.fill(3);
  expect(digest(model)).toBe(before);
});
