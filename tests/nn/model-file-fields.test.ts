import { describe, expect, test } from 'vitest';
import {
  Activation,
  Adam,
  Dense,
  type DenseOptions,
  Dropout,
  digest,
  Flatten,
  FormatError,
  type Layer,
  l1l2,
  loadModel,
  Sequential,
  saveModel,
  type Tensor,
} from '../../src/index.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/io/index.ts';
import { list, noise, of } from './tools.ts';

const draw = noise(81);
const x = of(list(12, draw), [6, 2], 'float32');

const reloaded = (model: Sequential): Sequential => loadModel(saveModel(model));

/** The file of a model with its training record changed. */
function changed(model: Sequential, change: (record: Record<string, unknown>) => object): Uint8Array {
  const { tensors, metadata } = decodeSafetensors(saveModel(model));
  const record = JSON.parse(metadata.get('training')!) as Record<string, unknown>;
  const entries = { ...Object.fromEntries(metadata), training: JSON.stringify(change(record)) };
  return encodeSafetensors(tensors, entries);
}

function compiled(...layers: Layer[]): Sequential {
  const model = new Sequential(layers.length === 0 ? [new Dense(1, { inputShape: [2] })] : layers, { seed: 5 });
  model.compile({ optimizer: new Adam({ learningRate: 0.1 }), loss: 'mse', metrics: ['mae', 'mse', 'rmse'] });
  return model;
}

describe('a model file keeps', () => {
  test('seed, steps and layers of a model that is not compiled', () => {
    const model = new Sequential([new Dense(3, { inputShape: [2], biasInitializer: 'ones' }), new Dropout(0.5)], {
      seed: 5,
    });
    model.steps = 7;
    model.layer(0).trainable = false;
    const loaded = reloaded(model);
    expect([loaded.isCompiled, loaded.seed, loaded.steps, digest(loaded)]).toEqual([false, 5, 7, digest(model)]);
    expect(loaded.layers.map(({ trainable }) => trainable)).toEqual([false, true]);
    expect((loaded.layers[0] as Dense).options.biasInitializer).toBe('ones');
  });

  test('which layers are trained, of every kind', () => {
    for (const frozen of [0, 1, 2, 3]) {
      const model = compiled(new Flatten({ inputShape: [2] }), new Dense(1), new Activation('tanh'), new Dropout(0.1));
      model.layer(frozen).trainable = false;
      expect(reloaded(model).layers.map(({ trainable }) => trainable)).toEqual([0, 1, 2, 3].map((i) => i !== frozen));
    }
  });

  test('whether Dropout drops outside training', () => {
    for (const options of [{}, { training: false }, { training: true }]) {
      const [layer] = reloaded(compiled(new Dropout(0.5, { ...options, inputShape: [2] }))).layers;
      expect((layer as Dropout).options.training ?? false).toBe(options.training === true);
    }
  });

  test.each<[string, DenseOptions]>([
    ['kernelInitializer', { kernelInitializer: 'ones' }],
    ['biasInitializer', { biasInitializer: 'ones' }],
    ['kernelRegularizer', { kernelRegularizer: l1l2({ l1: 0.5, l2: 0 }) }],
    ['biasRegularizer', { biasRegularizer: l1l2({ l1: 0, l2: 0.25 }) }],
    ['activityRegularizer', { activityRegularizer: l1l2({ l1: 0.5, l2: 0.25 }) }],
  ])('%s alone, beside the options of the network', (_name, options) => {
    const model = compiled(new Dense(2, { name: 'mine', inputShape: [2], activation: 'tanh', ...options }));
    const [layer] = reloaded(model).layers as [Dense];
    expect(layer.options).toMatchObject(options);
    expect([layer.name, layer.inputShape, layer.activation, layer.units]).toEqual(['mine', [2], { name: 'tanh' }, 2]);
  });

  test('every metric and the moments of every parameter, more than ten of them and frozen ones', () => {
    const layers = Array.from({ length: 8 }, (_, i) => new Dense(2, i === 0 ? { inputShape: [2] } : {}));
    const [model, targets] = [compiled(...layers), of(list(12, draw), [6, 2], 'float32')];
    model.fit(x, targets, { epochs: 2 });
    model.layer(3).trainable = false;
    model.fit(x, targets, { epochs: 2 });
    const loaded = reloaded(model);
    const moments = ({ optimizer, weights }: Sequential): number[][] =>
      optimizer
        .state(weights.map(({ value }) => value))
        .slots.flatMap((slots) => Object.values<Tensor>(slots).map(({ data }) => [...data]));
    expect(moments(loaded)).toEqual(moments(model));
    expect(loaded.metrics.map(({ name }) => name)).toEqual(['mae', 'mse', 'rmse']);
    expect(loaded.fit(x, targets)).toEqual(model.fit(x, targets));
    expect(digest(loaded)).toBe(digest(model));
  });

  test('the type of a model, with weights, without any, and where weights are all that is kept', () => {
    for (const dtype of ['float32', 'float64'] as const) {
      const dense = new Sequential([new Dense(1, { inputShape: [2] })], { dtype, seed: 4 });
      const bare = new Sequential([new Flatten({ inputShape: [2, 2] })], { dtype, seed: 4 });
      for (const model of [dense, bare]) {
        const { seed, dtype: type } = reloaded(model);
        expect([seed, type]).toEqual([4, dtype]);
      }
      const light = loadModel(saveModel(dense, { weightsOnly: true }));
      expect([light.seed, light.dtype, light.isCompiled, digest(light)]).toEqual([4, dtype, false, digest(dense)]);
    }
  });
});

describe('what is read', () => {
  test('of `replay` is what the file says, and true where it says nothing', () => {
    for (const [said, replay] of [
      [{}, true],
      [{ replay: true }, true],
      [{ replay: false }, false],
    ] as const)
      expect(loadModel(changed(compiled(), (record) => ({ ...record, ...said }))).replay).toBe(replay);
  });

  test('of loss and metrics gives way to what is given', () => {
    const bytes = saveModel(compiled());
    const names = ({ loss, metrics }: Sequential): string[] => [loss.name, ...metrics.map(({ name }) => name)];
    expect(names(loadModel(bytes))).toEqual(['mse', 'mae', 'mse', 'rmse']);
    expect(names(loadModel(bytes, { loss: 'mae' }))).toEqual(['mae', 'mae', 'mse', 'rmse']);
    expect(names(loadModel(bytes, { metrics: ['r2'] }))).toEqual(['mse', 'r2']);
    expect(names(loadModel(bytes, { loss: 'huber', metrics: [] }))).toEqual(['huber']);
  });

  test('is refused in words with the facts', () => {
    const model = compiled(new Dense(3, { inputShape: [2] }), new Dense(1));
    const load = (change: (record: Record<string, unknown>) => object) => () => loadModel(changed(model, change));
    const cases: [() => unknown, string][] = [
      [load((r) => ({ ...r, layers: [] })), 'layers: must be 2 objects'],
      [load((r) => ({ ...r, layers: [{}, {}, {}] })), 'layers: must be 2 objects'],
      [load((r) => ({ ...r, layers: { other: {} } })), 'layers.other: belongs to no layer'],
      [load((r) => ({ ...r, layers: { dense: 1 } })), 'layers.dense: must be an object'],
      [load((r) => ({ ...r, dtype: 'float16' })), 'dtype: is not that of the weights'],
      [load((r) => ({ ...r, dtype: 'float64' })), 'dtype: is not that of the weights'],
      [load((r) => ({ ...r, metrics: [1] })), 'metrics[0]: must be an object'],
    ];
    const { tensors, metadata } = decodeSafetensors(saveModel(model));
    const empty = encodeSafetensors(tensors, { ...Object.fromEntries(metadata), training: '' });
    expect(() => loadModel(empty)).toThrow('training: ');
    for (const [use, message] of cases) {
      expect(use).toThrow(FormatError);
      expect(use).toThrow(message);
    }
  });
});

test('weights of both types in one file are refused', () => {
  const { tensors, metadata } = decodeSafetensors(
    saveModel(new Sequential([new Dense(2, { name: 'a', inputShape: [2] }), new Dense(1, { name: 'b' })])),
  );
  for (const [name, { shape, data }] of tensors) {
    if (name.startsWith('b')) tensors.set(name, { dtype: 'F64', shape, data: Float64Array.from(data as Float32Array) });
  }
  expect([...tensors.values()].map(({ dtype }) => dtype).sort()).toEqual(['F32', 'F32', 'F64', 'F64']);
  expect(() => loadModel(encodeSafetensors(tensors, Object.fromEntries(metadata)))).toThrow(
    'node "b" reads float32, its kernel must be float32, got float64',
  );
});

test('moments find their weights by name, whatever the layers are called', () => {
  // Names that are numbers, and one that is the beginning of another
  for (const names of [
    ['1', '0'],
    ['a', 'a/kernel'],
    ['__proto__', 'constructor'],
  ]) {
    const make = (): Sequential => {
      const model = new Sequential([
        new Dense(3, { name: names[0]!, inputShape: [2] }),
        new Dense(2, { name: names[1]! }),
      ]);
      model.compile({ optimizer: new Adam({ learningRate: 0.1 }), loss: 'mse' });
      model.layer(1).trainable = false;
      return model;
    };
    const y = of(list(12, noise(3)), [6, 2], 'float32');
    const model = make();
    model.fit(x, y, { epochs: 2 });
    const loaded = reloaded(model);
    expect(loaded.optimizer.state(loaded.weights)).toEqual(model.optimizer.state(model.weights));
    for (const each of [model, loaded]) each.fit(x, y, { epochs: 2 });
    expect(digest(loaded)).toBe(digest(model));
    expect(loaded.layers.map(({ trainable }) => trainable)).toEqual([true, false]);
  }
});
