import { describe, expect, test } from 'vitest';
import {
  Activation,
  Adam,
  Dense,
  Dropout,
  digest,
  Flatten,
  FormatError,
  Layer,
  type Lowering,
  l1l2,
  loadModel,
  type Model,
  prune,
  Random,
  Residual,
  RMSprop,
  Sequential,
  SGD,
  saveModel,
} from '../../src/index.ts';
import { decodeSafetensors } from '../../src/io/index.ts';

const random = new Random(0);
const [x, y] = [random.normal([40, 6]), random.normal([40, 2])];

function model(optimizer = new Adam({ learningRate: 0.01, amsgrad: true, clipNorm: 1 })): Sequential {
  const made = new Sequential(
    [
      new Dense(8, {
        inputShape: [6],
        activation: { name: 'leakyRelu', alpha: 0.1 },
        kernelRegularizer: 'l1_l2',
        activityRegularizer: 'l2',
      }),
      new Dropout(0.3),
      new Dense(5, { useBias: false, biasRegularizer: 'l1' }),
      new Activation('gelu'),
      new Flatten(),
      new Dense(2),
    ],
    { seed: 4 },
  );
  made.compile({ optimizer, loss: 'huber', metrics: ['mae'] });
  return made;
}

describe('model files', () => {
  test.each([
    ['Adam', () => new Adam({ learningRate: 0.01, amsgrad: true, clipNorm: 1 })],
    ['SGD', () => new SGD({ learningRate: 0.02, momentum: 0.9, nesterov: true })],
    ['RMSprop', () => new RMSprop({ momentum: 0.5 })],
  ])('ten epochs, a file and ten epochs are twenty epochs to the bit, with %s', (_name, optimizer) => {
    const [whole, half] = [model(optimizer() as Adam), model(optimizer() as Adam)];
    const options = { batchSize: 7 };
    whole.fit(x, y, { ...options, epochs: 20 });
    half.fit(x, y, { ...options, epochs: 10 });
    const loaded = loadModel(saveModel(half));
    expect(digest(loaded)).toBe(digest(half));
    const again = loadModel(saveModel(loaded));
    loaded.fit(x, y, { ...options, initialEpoch: 10, epochs: 20 });
    expect(digest(loaded)).toBe(digest(whole));
    again.fit(x, y, { ...options, epochs: 10 });
    expect(digest(again)).toBe(digest(whole));
    expect(loaded.evaluate(x, y)).toEqual(whole.evaluate(x, y));
  });

  test('what a frozen container holds comes back frozen, though a file has no containers', () => {
    const made = new Sequential(
      [new Dense(6, { inputShape: [6] }), new Residual([new Dense(4), new Dense(6)]), new Dense(2)],
      { seed: 1 },
    );
    made.layer('residual').trainable = false;
    made.compile({ optimizer: 'adam', loss: 'mse' });
    made.fit(x, y, { epochs: 2 });
    const loaded = loadModel(saveModel(made));
    expect(loaded.trainable.map(({ name }) => name)).toEqual(made.trainable.map(({ name }) => name));
    expect(loaded.trainable.length).toBe(4);
    for (const each of [made, loaded]) each.fit(x, y, { epochs: 2 });
    expect(digest(loaded)).toBe(digest(made));
  });

  test('masks, frozen layers and names come back', () => {
    const pruned = prune(model(), { sparsity: 0.5 });
    pruned.layer('dense_1').trainable = false;
    const loaded = loadModel(saveModel(pruned));
    expect(loaded.layers.map(({ name }) => name)).toEqual(pruned.layers.map(({ name }) => name));
    expect(loaded.layer('dense_1').trainable).toBe(false);
    const before = loaded.getWeights().map(({ data }) => Array.from(data, (v) => v !== 0));
    loaded.fit(x, y, { epochs: 2 });
    const zeros = (loaded.layer('dense') as Dense).kernel.data.filter((v) => v === 0).length;
    expect(zeros).toBeGreaterThan(0);
    expect(zeros).toBe(before[0]!.filter((alive) => !alive).length);
  });

  test('weights alone make a smaller file that still predicts the same', () => {
    const made = model();
    made.fit(x, y, { epochs: 1 });
    const [whole, weights] = [saveModel(made), saveModel(made, { weightsOnly: true })];
    expect(weights.length).toBeLessThan(whole.length / 2);
    expect(loadModel(weights).predict(x).data).toEqual(made.predict(x).data);
  });

  test('float64 models come back as float64', () => {
    const made = new Sequential([new Dense(2, { inputShape: [3] })], { dtype: 'float64', seed: 2 });
    const loaded = loadModel(saveModel(made));
    expect(loaded.dtype).toBe('float64');
    expect(digest(loaded)).toBe(digest(made));
  });

  test('a model that is not to repeat its steps does not after loading either', () => {
    for (const replay of [true, false]) {
      const made = model();
      made.compile({ optimizer: 'adam', loss: 'mse', replay });
      const loaded = loadModel(saveModel(made));
      expect(loaded.replay).toBe(replay);
      for (let i = 0; i < 4; i++) loaded.trainOnBatch(x, y);
      expect(loaded.replayStatus.replayed).toBe(replay ? 2 : 0);
    }
  });

  test('a layer of the user that is made of operations comes back with its penalties, frozen, and its moments', () => {
    // Two products, none of them under the name of the layer, and weights under names of their own
    class Pair extends Layer {
      override readonly type = 'pair';
      override readonly replayable = true;
      override lower(at: Lowering, [input]: readonly [string]): string {
        const weight = (role: string): string =>
          at.weight(this.name, role, [6, 6], { initializer: 'ones', regularizer: l1l2({ l1: 0.25 }) });
        const product = (role: string, from: string): string =>
          at.node('dense', at.take(role), [from], { activation: { name: 'tanh' } }, { kernel: weight(role) });
        return product('second', product('first', input));
      }
      override clone(): Pair {
        return new Pair({ name: this.name });
      }
    }
    for (const frozen of [false, true]) {
      const made = new Sequential([new Dense(6, { inputShape: [6] }), new Pair(), new Dense(2)], { seed: 2 });
      made.layer('pair').trainable = !frozen;
      made.compile({ optimizer: 'adam', loss: 'mse' });
      made.fit(x, y, { epochs: 2 });
      const loaded = loadModel(saveModel(made));
      expect(loaded.trainable.length).toBe(frozen ? 4 : 6);
      expect(loaded.evaluate(x, y)).toEqual(made.evaluate(x, y));
      for (const each of [made, loaded]) each.fit(x, y, { epochs: 2 });
      const values = (model: Model): number[][] => model.getWeights().map(({ data }) => [...data]);
      expect(values(loaded)).toEqual(values(made));
    }
  });

  test('weights alone are the model without what compile gave', () => {
    const made = new Sequential(
      [
        new Dense(4, { inputShape: [6], kernelRegularizer: 'l2', activityRegularizer: 'l1', biasInitializer: 'ones' }),
        new Dropout(0.5, { training: true }),
        new Dense(2),
      ],
      { seed: 7 },
    );
    made.layer(0).trainable = false;
    const never = saveModel(made);
    made.compile({ optimizer: 'adam', loss: 'mse', metrics: ['mae'], replay: false });
    expect(saveModel(made, { weightsOnly: true })).toEqual(never);
    made.fit(x, y, { epochs: 2 });
    const masked = prune(made, { sparsity: 0.5 });
    masked.steps = made.steps;
    for (const model of [made, masked]) {
      const loaded = loadModel(saveModel(model, { weightsOnly: true }));
      expect([loaded.isCompiled, loaded.seed, loaded.steps]).toEqual([false, 7, 4]);
      expect(loaded.layers.map(({ trainable }) => trainable)).toEqual(model.layers.map(({ trainable }) => trainable));
      expect((loaded.layer(0) as Dense).options).toMatchObject({
        activityRegularizer: { l1: 0.01 },
        biasInitializer: 'ones',
      });
      expect((loaded.layer(1) as Dropout).options.training).toBe(true);
      expect(loaded.weights.map(({ mask }) => mask?.data)).toEqual(model.weights.map(({ mask }) => mask?.data));
      // Dropout by seed and steps, penalties, masks and frozen weights alike: so is the training that begins anew.
      for (const each of [model, loaded]) {
        each.compile({ optimizer: 'sgd', loss: 'mse' });
        each.fit(x, y, { epochs: 2 });
      }
      expect(digest(loaded)).toBe(digest(model));
    }
  });

  test('options that are left at their defaults are not written', () => {
    const made = new Sequential([new Dense(3, { inputShape: [6] }), new Dropout(0.1), new Dense(2)], { seed: 1 });
    made.compile({ optimizer: new SGD(), loss: 'mse' });
    expect(JSON.parse(decodeSafetensors(saveModel(made)).metadata.get('training')!)).toEqual({
      seed: 1,
      steps: 0,
      epochs: 0,
      layers: {},
      optimizer: { name: 'SGD', learningRate: 0.01, momentum: 0, nesterov: false, scalars: { iterations: 0 } },
      loss: { name: 'mse' },
      metrics: [],
    });
  });

  test('names such as __proto__ in the training record are refused and pollute nothing', () => {
    const text = new TextDecoder('latin1').decode(saveModel(model()));
    const bytes = Uint8Array.from(text.replace('\\"metrics\\"', '\\"__prot\\"'), (c) => c.charCodeAt(0));
    expect(() => loadModel(bytes)).toThrow(FormatError);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});
